"""Free ports of loopback, and waiting until a server answers on one. Nothing here starts a server."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0  # seconds; servers start in milliseconds, a machine under load may not
PAUSE = 0.02

# Asking for port 0 twice may give one port twice once the first socket is closed; the kernel hands
# them out by chance, so a set of those already given is enough within one process.
_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on and that was not given before."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


def answers(port: int) -> bool:
    """Whether something accepts connections on this port of loopback."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False


def wait_for_port(
    port: int, process: subprocess.Popen[bytes], *, explain: Callable[[], str]
) -> None:
    """Return when the port answers; AssertionError with `explain()` if the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while not answers(port):
        ended = process.poll()
        if ended is not None:
            raise AssertionError(f"{process.args!r} ended with {ended}\n{explain()}")
        if time.monotonic() > deadline:
            raise AssertionError(f"nothing answers on port {port} after {PATIENCE} s\n{explain()}")
        time.sleep(PAUSE)


def wait_until_silent(port: int) -> None:
    """Return when nothing answers on the port; AssertionError when something still does."""
    deadline = time.monotonic() + PATIENCE
    while answers(port):
        assert time.monotonic() < deadline, f"port {port} still answers after {PATIENCE} s"
        time.sleep(PAUSE)
