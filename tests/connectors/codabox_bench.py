"""A CodaBox on loopback, a store, and what a test asks of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from maild.config.http_map import HttpMatch, HttpPart, HttpPoll, HttpSend
from maild.connectors.codabox import CodaboxConnector
from maild.connectors.codabox_api import Api, Login
from maild.connectors.codabox_keys import Keys
from maild.errors import MaildError
from maild.model.delivery import Consignment, Parcel, State
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Fault
from maild.store import deliveries
from maild.store.database import Database, Tx
from maild.store.order import Order
from maild.store.tokens import SealedTokens
from tests.connectors.conftest import Crossing
from tests.connectors.goods import a_relay_parcel, goods
from tests.store.builders import a_delivery, stored_document

NUMBER = "BE0123456749"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NAME = "voici"
# As an operator would write it, with the stand-in's own path and parts.
SEND = HttpSend(
    path="invoices/sales/",
    parts=(HttpPart(name="file", content="ubl"), HttpPart(name="pdf", content="pdf")),
    success=(201,),
    id="/id",
    state="/state",
    rejected=("rejected",),
    error="/detail",
    duplicate=(HttpMatch(status=409, at="/code", contains="duplicate"),),
)

POLL = HttpPoll(
    path="invoices/sales/{id}/",
    state="/state",
    done=("delivered",),
    failed=("rejected",),
    error="/reason",
)


@dataclass
class CodaboxBench:
    """CodaBox, with one team connected to it."""

    box: CodaBox
    db: Database
    folder: Path
    send: HttpSend = SEND

    @property
    def keys(self) -> Keys:
        store = SealedTokens(self.db, secret_file=self.folder / "secret", now=lambda: NOW)
        return Keys(NAME, store=store, now=lambda: NOW)

    @property
    def connector(self) -> CodaboxConnector:
        return CodaboxConnector(
            NAME,
            Api(self.box.url, self.box.world.software),
            send=self.send,
            poll=POLL,
            keys=self.keys,
            order=Order(self.db),
            teams=lambda: ["acme"],
        )

    async def connect(self) -> None:
        """The team has a login."""
        company = self.box.world.company(NUMBER)
        await self.keys.keep("acme", Login(company.username, company.password))

    def parcel(self, number: str) -> Parcel:
        return a_relay_parcel(goods(number), address=NUMBER)

    def there(self) -> list[str]:
        return self.box.world.numbers(NUMBER)

    async def cut(self, parcel: Parcel, *, step: int) -> bool:
        """Every fault at every call: step n is one pair of both."""
        faults = [one for one in Fault if one is not Fault.SLOW]
        if step > len(faults):
            return False
        self.box.world.faults[len(self.box.world.calls) + 1] = faults[step - 1]
        with contextlib.suppress(MaildError):
            await self.connector.deliver(parcel, point_of_no_return=Crossing())
        return True

    async def go_away(self) -> None:
        self.box.stop()

    async def stored(self, one: Consignment, *, state: State = State.QUEUED) -> str:
        """A delivery of a document by this connector, in a state; its id."""
        return await self.db.write(partial(_store, one=one, state=state))


def _store(tx: Tx, *, one: Consignment, state: State) -> str:
    kept = stored_document(
        tx,
        id=one.document.id,
        number=one.document.number,
        issued_on=one.document.issued_on,
        kind=one.document.kind,
        content_sha256=sha256(one.reference.encode()).hexdigest(),
    )
    waiting = a_delivery(kept, id=f"v-{one.reference}", via=NAME, address=NUMBER, state=state)
    assert deliveries.add(tx, waiting)
    return waiting.id


def dated(number: str, day: str, **changes: Any) -> Consignment:
    """An invoice of that day."""
    return goods(number, issued_on=date.fromisoformat(day), **changes)
