"""Postfix' smtp-sink: takes mail and keeps it, or refuses, drops and delays it as it is told.

It speaks neither STARTTLS nor AUTH and delays by whole seconds only; use `postfix.py` for those.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.servers.instance import SEARCH_PATH, Instance, make_folder
from tests.servers.ports import free_port

# smtp-sink insists on giving up root; this user exists on every Debian.
_USER = "nobody"
_BACKLOG = "100"


class SmtpSink:
    """One running smtp-sink; `port` is where it listens."""

    def __init__(self, *options: str) -> None:
        """`options` as in smtp-sink(1), such as `"-r", "RCPT", "-b", "451 4.7.1 Greylisted"`."""
        self.port = free_port()
        folder = make_folder("sink")
        self._kept = folder / "mails"
        self._kept.mkdir()
        shutil.chown(self._kept, user=_USER)
        self._instance = Instance(folder, log="stderr")
        self._options = options

    def start(self) -> None:
        """Start it; about 20 ms."""
        command = shutil.which("smtp-sink", path=SEARCH_PATH)
        assert command is not None, "smtp-sink is not installed (Debian package postfix)"
        kept = ["-d", str(self._kept / "mail.")]
        where = f"127.0.0.1:{self.port}"
        line = [command, "-u", _USER, *kept, *self._options, where, _BACKLOG]
        self._instance.start(line, port=self.port)

    @property
    def kept(self) -> Path:
        """The folder where each mail is a file; one that is being sent has its file already."""
        return self._kept

    def mails(self) -> list[bytes]:
        """What it took, oldest first: the message under a few `X-` lines about its envelope.

        Once the client has its reply a mail is whole; one still being sent may be there in part.
        """
        files = sorted(self._kept.iterdir(), key=_age)
        return [file.read_bytes() for file in files]

    def kill(self) -> None:
        """End it at once."""
        self._instance.kill()

    def remove(self) -> None:
        """Stop it and delete its folder."""
        self._instance.remove()


def _age(file: Path) -> tuple[int, str]:
    return file.stat().st_mtime_ns, file.name
