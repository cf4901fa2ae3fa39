"""An outbox over a real store, with a real connector to a strict sink, and a clock that stands still."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.intake.notices import tell
from maild.model.delivery import Delivery, Parcel, State
from maild.model.team import Team
from maild.outbox.compose import Composed
from maild.outbox.dispatch import Outbox, OutboxOptions
from maild.ports import Connector
from maild.rules.book import RuleBook
from maild.simulators.mailsink import LOOPBACK, MailSink
from maild.store import connectors, deliveries, marks
from maild.store.blobs import BlobStore
from maild.store.connectors import Rest
from maild.store.database import Database
from tests.builders_rules import a_recipient
from tests.outbox.running import Running
from tests.store.builders import NOW, a_delivery, stored_document

PEOPLE = ("baas@acme.example",)


def an_acme(**changes: Any) -> Team:
    """The team that the deliveries of `tests.store.builders` belong to."""
    return Team(
        slug="acme",
        name="Acme BV",
        vat=("BE0123456749",),
        language="nl",
        addresses=("acme@post.example",),
        sender="Acme BV <facturen@acme.example>",
        recipients=(a_recipient("accountant"),),
        people=PEOPLE,
        **changes,
    )


@dataclass
class Clock:
    """The time as the outbox sees it."""

    at: datetime = field(default=NOW)

    def __call__(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        """The same as seconds of a clock that never jumps; tests of rates move it ahead only."""
        return self.at.timestamp()


@dataclass
class Rig:
    """The store, the sink and what builds an outbox on them."""

    db: Database
    blobs: BlobStore
    sink: MailSink
    clock: Clock
    book: RuleBook

    def connector(self, name: str = "relay", port: int | None = None) -> SmtpConnector:
        options = SmtpOptions(name=name, host=LOOPBACK, port=port or self.sink.port, tls="none")
        return SmtpConnector(options)

    async def compose(self, delivery: Delivery) -> Composed:
        """A mail that says when it was composed, so that a second composing would be seen."""
        if delivery.message:
            message = await self.blobs.read(delivery.message)
        else:
            said = delivery.letter.text if delivery.letter else "the invoice"
            text = f"Message-ID: {delivery.message_id}\r\nDate: {self.clock.at}\r\n\r\n{said}\r\n"
            message = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
        parcel = Parcel(delivery.id, "facturen@acme.example", delivery.address, message)
        return Composed(parcel, await self.blobs.stage(message))

    async def add(self, **changes: Any) -> Delivery:
        """A delivery of a document that is due."""

        def write(tx: Any) -> Delivery:
            delivery = a_delivery(stored_document(tx), **changes)
            assert deliveries.add(tx, delivery)
            return delivery

        return await self.db.write(write)

    async def get(self, delivery: Delivery) -> Delivery:
        return await self.db.read(partial(deliveries.get, id=delivery.id))

    async def step(self, span: timedelta) -> None:
        """Let time pass, and let the outbox notice."""
        self.clock.at += span
        await self.db.write(partial(marks.put, name="step", value={}, now=self.clock.at))

    async def becomes(self, delivery: Delivery, state: State) -> Delivery:
        """The delivery, once it is in that state."""
        found = await self.when(delivery, lambda one: one.state is state)
        assert found.state is state
        return found

    async def when(self, delivery: Delivery, condition: Callable[[Delivery], bool]) -> Delivery:
        """The delivery, once the condition holds; AssertionError when it never does."""
        seen = self.db.changes
        while not condition(found := await self.get(delivery)):
            assert await self.db.wait_for_change(10, since=seen), f"still {found}"
            seen = self.db.changes
        return found

    @contextlib.asynccontextmanager
    async def running(
        self,
        *,
        connectors: Mapping[str, Connector] | None = None,
        compose: Any = None,
        tell: Any = tell,
        **options: Any,
    ) -> AsyncIterator[Running]:
        """An outbox at work; at the end of the block it is drained."""
        ways = connectors or {"relay": self.connector()}
        outbox = Outbox(
            db=self.db,
            compose=compose or self.compose,
            connectors=ways,
            options=OutboxOptions(**options),
            book=lambda: self.book,
            tell=tell,
            now=self.clock,
            ticks=self.clock.ticks,
        )
        work = Running(outbox)
        try:
            yield work
        finally:
            await work.drain()
            for one in ways.values():
                await one.close()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """Everything around an outbox, on a store of its own."""
    db = await Database.open(tmp_path / "maild.db")
    sink = MailSink()
    await sink.start()
    yield Rig(db, BlobStore(tmp_path / "blobs", db), sink, Clock(), RuleBook([an_acme()]))
    await sink.stop()
    await db.close()


async def out(rig: Rig, *, times: int = 1, via: str = "relay") -> Rest:
    """How a connector rests, once it was out so often in a row."""
    while (rest := (await rig.db.read(connectors.rests)).get(via)) is None or rest.times < times:
        assert await rig.db.wait_for_change(10), rest
    assert rest.times == times
    return rest


def utc(*moment: int) -> datetime:
    """An aware instant."""
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type, misc]  # year, month, day ...
