"""A demo in which a fortnight went by, with its daemon, its world outside, and its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest

from maild.app import App
from maild.daemon import Daemon
from maild.demo.clock import NAME, SharedClock
from maild.demo.configuration import write
from maild.demo.console import Console
from maild.demo.faults import Switchboard
from maild.demo.filling import fill
from maild.demo.moving import Mover, is_busy
from maild.demo.outbox import SentMails
from maild.demo.outside import Outside
from maild.rules.windows import parse
from maild.simulators.mailsink import MailSink
from tests.servers.ports import free_port

URL = "http://127.0.0.1:8090"
PATIENCE = 120  # seconds; on a machine that has much to do the wait is long, and nothing is wrong


@dataclass
class Lived:
    """A demo in which a fortnight went by, and its daemon."""

    app: App
    console: Console
    outside: Outside
    client: httpx2.AsyncClient

    async def post(self, path: str, **form: str) -> str:
        """What the first page says after a button was pressed."""
        answer = await self.client.post(path, data=form, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def fate(self, number: str) -> dict[str, str]:
        """The states of a document's deliveries, by their recipients."""
        [found] = await self.app.records.list(number=number)
        return {one["recipient"]: one["state"] for one in found["deliveries"]}

    async def until(self, number: str, **states: str) -> None:
        """Wait until the deliveries stand so."""
        async with asyncio.timeout(PATIENCE):
            while await self.fate(number) != states:
                await asyncio.sleep(0.1)

    async def until_rest(self, *connectors: str) -> None:
        """Wait until these connectors were tried and rest."""
        async with asyncio.timeout(PATIENCE):
            while not self._resting(await self.app.actions.status()) >= set(connectors):
                await asyncio.sleep(0.1)

    @staticmethod
    def _resting(status: dict[str, Any]) -> set[str]:
        return {one["connector"].partition(",")[0] for one in status["paused"]}


@pytest.fixture
async def lived(tmp_path: Path) -> AsyncIterator[Lived]:
    clock = SharedClock(tmp_path / NAME)
    sink = MailSink(folder=tmp_path / "outbox", keep=False)
    async with Outside(sink, clock.now).open() as outside:
        config = write(tmp_path, outside.around(web=free_port()))
        await fill(config, outside, until=clock.now(), past=14)
        outside.now = clock.now
        async with App.opened(config, as_daemon=True, now=clock.now) as app:
            daemon = Daemon(app)
            running = asyncio.create_task(daemon.run(started=0.0))
            async with asyncio.timeout(PATIENCE):
                while not await _is_still(app, outside):
                    await asyncio.sleep(0.05)
            door = (await app.actions.status())["smtpd"]["listen"][0]
            sent, mover = SentMails((tmp_path / "outbox",)), Mover(app, clock, outside)
            console = Console(app, mover, Switchboard(outside), sent, smtp=door, pages=URL)
            async with httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=console.site(URL)),
                base_url=URL,
                headers={"sec-fetch-site": "same-origin"},
            ) as client:
                yield Lived(app, console, outside, client)
            daemon.stop.set()
            await running
        assert outside.exact.offences == []
        assert outside.codabox.world.offences == []


async def _is_still(app: App, outside: Outside) -> bool:
    """Whether the daemon is there, and what was owed at its start came in, was told, and left."""
    if (await app.actions.status())["state"] != "ready":
        return False
    ready = outside.codabox.world.companies.values()
    fetched = all(one.done == len(one.entries) for one in ready)
    told = all(_is_told(one, now=app.now()) for one in await app.agenda.list())
    return fetched and told and not await app.db.read(partial(is_busy, now=app.now()))


def _is_told(shown: dict[str, Any], *, now: datetime) -> bool:
    """Whether a digest is not due; a letter of it that leaves later is no answer to anything."""
    if not shown["schedule"].endswith("/digest"):
        return True
    until = datetime.fromisoformat(shown["last"]["ended_at"])
    return parse(shown["when"]).not_before(until, ZoneInfo(shown["zone"])) > now
