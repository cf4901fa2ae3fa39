"""A mail sink, a connector to it, parcels, and an account at a provider."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.model.delivery import Content, Parcel
from maild.simulators.mailsink import LOOPBACK, MailSink
from maild.store.database import Database
from tests.connectors.accounts import Bench
from tests.servers.identity import Identity

MESSAGE = b"Subject: invoice\r\n\r\n.a line with a dot\r\nand one without\r\n"


def a_parcel(message: Content = MESSAGE, **changes: Any) -> Parcel:
    """A parcel from the team to its accountant."""
    envelope = {
        "delivery": "v-1",
        "sender": "facturen@acme.example",
        "address": "an@kantoor.example",
    }
    return Parcel(message=message, **(envelope | changes))


class Crossing:
    """A point of no return that counts how often it was reached."""

    def __init__(self) -> None:
        self.reached = 0

    async def __call__(self) -> None:
        self.reached += 1


Connect = Callable[..., SmtpConnector]


@pytest.fixture
async def sink() -> AsyncIterator[MailSink]:
    """A strict server on loopback whose faults a test switches on."""
    server = MailSink()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Makes connectors and closes them at the end."""
    made: list[SmtpConnector] = []

    def make(port: int, **options: object) -> SmtpConnector:
        given = {"name": "relay", "host": LOOPBACK, "port": port, "tls": "none"} | options
        made.append(SmtpConnector(SmtpOptions(**given)))  # type: ignore[arg-type]  # read by keyword
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
async def bench(identity: Identity, tmp_path: Path) -> AsyncIterator[Bench]:
    """A provider, a store, and their clock."""
    db = await Database.open(tmp_path / "maild.db")
    yield Bench(identity, db, tmp_path)
    await db.close()


async def carry(connector: SmtpConnector, parcel: Parcel) -> str:
    """Deliver where nothing has to be written down before the dot."""
    return await connector.deliver(parcel, point_of_no_return=_nothing)


async def _nothing() -> None:
    return


Deliver = Callable[[SmtpConnector, Parcel], Awaitable[str]]
