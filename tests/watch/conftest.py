"""A store, roads that really lead somewhere, and a watchman whose clock a test sets."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.alarm_roads import Command
from maild.ports import AlarmRoad
from maild.store import alarms, marks
from maild.store.database import Database
from maild.watch.sources import Watched
from maild.watch.watchman import Watchman
from tests.store.builders import NOW

KEEPS = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty store."""
    database = await Database.open(tmp_path / "maild.db")
    yield database
    await database.close()


@dataclass
class Pager:
    """A command that keeps what it was told."""

    path: Path

    @property
    def road(self) -> Command:
        """The road that leads to it."""
        return Command((sys.executable, "-c", KEEPS, str(self.path)))

    @property
    def told(self) -> list[dict[str, Any]]:
        """Every call that came, as it was read."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def pager(tmp_path: Path) -> Pager:
    """Somebody who is reached by a command."""
    return Pager(tmp_path / "pager")


@dataclass
class Night:
    """A watchman, his store and his clock."""

    db: Database
    folder: Path
    moment: datetime = NOW
    watched: dict[str, Any] = field(default_factory=dict)

    def watchman(self, *roads: AlarmRoad) -> Watchman:
        """One with these roads."""
        watched: dict[str, Any] = {
            "data_dir": self.folder,
            "disk_free": 1,
            "stuck_after": timedelta(hours=1),
            "mailboxes": ("sales",),
            "accounts": ("office",),
        }
        return Watchman(
            self.db,
            roads,
            Watched(**(watched | self.watched)),
            timedelta(days=1),
            "post.example",
            lambda: self.moment,
        )

    async def mailbox(self, *, dead: bool) -> None:
        """What the mailbox "sales" says of itself."""
        value = {"dead": dead, "last_error": "the password is wrong"}
        await self.db.write(partial(marks.put, name="mailbox.sales", value=value, now=self.moment))

    async def keys(self) -> list[str]:
        """The alarms that stand."""
        return [one.key for one in await self.db.read(alarms.standing)]


@pytest.fixture
def night(db: Database, tmp_path: Path) -> Night:
    """Nothing is wrong yet."""
    return Night(db, tmp_path)


@dataclass
class Hook:
    """A webhook on loopback that answers with a status and keeps what was posted."""

    answer: int = 200
    posted: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        headers = {name.lower(): value for name, value in fields.items()}
        body = await reader.readexactly(int(headers["content-length"]))
        self.posted.append((headers, body))
        writer.write(f"HTTP/1.1 {self.answer} Said\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    """A webhook that works until a test says otherwise."""
    one = Hook()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/secret-topic"
    yield one
    server.close()
    await server.wait_closed()
