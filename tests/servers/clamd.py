"""A real clamd that knows one signature, and answers on a port and on a socket."""

from __future__ import annotations

from pathlib import Path

from tests.servers.instance import Instance, make_folder
from tests.servers.ports import free_port

# What our only signature finds: harmless, and in no file but those of the tests.
VIRUS = b"maild-test: take this for a virus"
NAME = "Maild.Test.UNOFFICIAL"  # clamd marks names that are not of its own database


class Clamd(Instance):
    """A clamd; `address` and `socket` are where it answers."""

    def __init__(self, *, largest: str = "1M") -> None:
        """`largest` is its StreamMaxLength."""
        folder = make_folder("clamd")
        super().__init__(folder, log="clamd.log")
        self.port = free_port()
        self._largest = largest

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @property
    def socket(self) -> Path:
        return self.folder / "clamd.sock"

    def run(self) -> None:
        """Start it; it takes a second to load nothing."""
        database = self.folder / "db"
        database.mkdir()
        signature = f"Maild.Test:0:*:{VIRUS.hex()}\n"
        (database / "maild.ndb").write_text(signature)
        settings = {
            "Foreground": "yes",
            "DatabaseDirectory": database,
            "LogFile": self.folder / "clamd.log",
            "TCPSocket": self.port,
            "TCPAddr": "127.0.0.1",
            "LocalSocket": self.socket,
            "StreamMaxLength": self._largest,
            "MaxThreads": 2,
            "TemporaryDirectory": self.folder,
        }
        config = self.folder / "clamd.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        self.start(["clamd", "--config-file", str(config)], port=self.port)
