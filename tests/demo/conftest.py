"""A demo in which a fortnight went by, with its daemon, its world outside, and its pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from maild.app import App
from maild.daemon import Daemon
from maild.demo.clock import NAME, SharedClock
from maild.demo.configuration import write
from maild.demo.console import Console
from maild.demo.faults import Switchboard
from maild.demo.filling import fill
from maild.demo.moving import Mover
from maild.demo.outbox import SentMails
from maild.demo.outside import Outside
from maild.simulators.mailsink import MailSink
from tests.servers.ports import free_port

URL = "http://127.0.0.1:8090"


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
        async with asyncio.timeout(20):
            while await self.fate(number) != states:
                await asyncio.sleep(0.1)


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
            while (await app.actions.status())["state"] != "ready":
                await asyncio.sleep(0.05)
            while not await _has_fetched(app):
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


async def _has_fetched(app: App) -> bool:
    """Whether what lay ready at CodaBox came in, and left."""
    found = await app.records.list(team="northsea", limit=2)
    fetched = all(one["kind"] == "purchase_invoice" for one in found)
    return fetched and all(d["state"] == "handed_over" for one in found for d in one["deliveries"])
