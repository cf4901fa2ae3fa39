"""One throw-away server: its own folder, its own process group, its logs, its end.

It does not know what server it is; `postfix.py`, `dovecot.py` and `smtp_sink.py` do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.servers.ports import wait_for_port, wait_until_silent

# Debian keeps servers where an ordinary user's PATH does not look.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
LAST_LINES = 40


def require(*commands: str) -> None:
    """Skip the test, saying why, where these servers cannot run; in CI that is a failure."""
    missing = [command for command in commands if shutil.which(command, path=SEARCH_PATH) is None]
    if missing:
        cannot(f"not installed: {', '.join(missing)} (make test installs them as root)")
    if os.geteuid() != 0:
        cannot("Postfix and Dovecot start as root only, since they change to users of their own")


def cannot(reason: str) -> None:
    """Skip the test with this reason; in CI, where every server must be there, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def make_folder(name: str) -> Path:
    """A folder of its own that servers can walk through once they have dropped root.

    pytest's temporary folders are 0700 all the way up, which shuts these users out.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"maild-{name}-", dir="/tmp"))
    folder.chmod(0o711)
    return folder


class Instance:
    """A server process in a folder, started in a session of its own."""

    def __init__(self, folder: Path, *, log: str) -> None:
        self.folder = folder
        self._log = folder / log
        self._errors = folder / "stderr"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    @property
    def pid(self) -> int:
        """The pid of the server, which is also its process group."""
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self, command: Sequence[str], *, port: int, config: Path | None = None) -> None:
        """Start `command` and return when `port` answers; AssertionError with the log otherwise."""
        self._port = port
        environment = {"PATH": SEARCH_PATH, "LANG": "C.UTF-8"}
        if config is not None:
            environment["MAIL_CONFIG"] = str(config)
        with self._errors.open("ab") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=environment,
                start_new_session=True,
            )
        try:
            wait_for_port(port, self._process, explain=self.explain)
        except AssertionError:
            self.kill()
            raise

    def explain(self) -> str:
        """What the server said: its standard error and the end of its log."""
        log = self._log.read_text("utf-8", "replace").splitlines() if self._log.exists() else []
        errors = self._errors.read_text("utf-8", "replace")
        return "\n".join([errors, *log[-LAST_LINES:]])

    def log(self) -> str:
        """The whole log so far."""
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def terminate(self) -> None:
        """Ask the server to end, then end what is left of its process group."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=5)
        self.kill()

    def kill(self) -> None:
        """End the whole process group at once, as a power cut would."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(timeout=10)
        self._process = None
        # The children die of the same signal, but each in its own time.
        wait_until_silent(self._port)

    def remove(self) -> None:
        """End the server if it runs, and delete its folder."""
        self.terminate()
        shutil.rmtree(self.folder, ignore_errors=True)
