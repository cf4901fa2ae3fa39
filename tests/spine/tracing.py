"""A process under strace: its system calls in a file, or one of them made to fail or to kill.

This is how a test stops a daemon between two steps, or shows in which order they reach the disk.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spine.house import Daemon
from tests.spine.waiting import until

NEEDS_STRACE = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

# What `strace -f -y -o` writes: a call, or its beginning and, after other threads' calls, its end.
_CALL = re.compile(r"^(\d+) +(\w+)\((.*)$")
_RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>")
_UNFINISHED = " <unfinished ...>"


class DiedAlready(Exception):
    """The watched daemon did what it was to die of before anybody asked it for that."""


@contextlib.contextmanager
def traced(daemon: Daemon, *options: str, log: Path) -> Iterator[None]:
    """Watch a daemon while the block runs; what it calls goes into `log`."""
    command = ["strace", "-f", "-y", "-s", "64", "-o", str(log), "-p", str(daemon.process.pid)]
    told = log.with_suffix(".told")
    with (
        told.open("wb") as stderr,
        subprocess.Popen([*command, *options], stderr=stderr) as process,
    ):
        try:
            # Every thread is attached to before it says so; one line each.
            until(lambda: b"attached" in told.read_bytes() or process.poll() is not None)
            if process.poll() is not None:
                said = told.read_text()
                if "not permitted" in said:
                    pytest.skip(f"processes may not be traced here: {said.strip()}")
                if "attached" in said:
                    raise DiedAlready(said)
                raise AssertionError(said)
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


def calls(log: Path) -> list[tuple[str, str]]:
    """Every finished call in `log`, in the order in which they ended: its name, and with what."""
    found, begun = [], {}
    for line in log.read_text("utf-8", "replace").splitlines():
        if one := _CALL.match(line):
            thread, name, rest = one.groups()
            if rest.endswith(_UNFINISHED):
                begun[thread] = (name, rest.removesuffix(_UNFINISHED))
            else:
                found.append((name, rest))
        elif (end := _RESUMED.match(line)) and end[1] in begun:
            found.append(begun.pop(end[1]))
    return found
