"""Arrivals, documents and deliveries with sensible defaults; nothing here asserts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import text

from maild.model.delivery import Delivery, Outcome, Purpose, State, Trace
from maild.model.document import Arrival, Counterparty, Direction, Document, File, Kind, Role
from maild.model.money import Amount
from maild.model.team import Attach
from maild.store import deliveries, documents
from maild.store.database import Tx

NOW = datetime(2026, 3, 27, 12, 0, 0, 123456, tzinfo=UTC)
LEASE = timedelta(minutes=5)
_numbers = count(1)


def an_arrival(**changes: Any) -> Arrival:
    """A mail that came in by SMTP."""
    arrival = Arrival(
        id=f"a-{next(_numbers):06}",
        team="acme",
        door="smtp",
        received_at=NOW,
        sender="shop@acme.example",
        recipient="acme@post.example",
        subject="Factuur 2026-001",
        message_id="<1@acme.example>",
        peer="127.0.0.1",
        size=1234,
        original="0" * 64,
    )
    return replace(arrival, **changes)


def a_document(**changes: Any) -> Document:
    """An invoice with its UBL, no two alike."""
    number = next(_numbers)
    document = Document(
        id=f"d-{number:06}",
        team="acme",
        kind=Kind.INVOICE,
        number=f"2026-{number:03}",
        issued_on=date(2026, 3, 26),
        counterparty=Counterparty("Café Élan NV", "BE0123456749"),
        total=Amount(Decimal("121.00"), "EUR"),
        files=(a_file(),),
        arrival="",
        accepted_at=NOW,
        content_sha256=f"{number:064}",
        direction=Direction.SALES,
        language="nl",
        tags=frozenset({"invoice", "urgent"}),
        sender="shop@acme.example",
    )
    return replace(document, **changes)


def a_file(role: Role = Role.UBL, **changes: Any) -> File:
    """A UBL file."""
    return replace(File(role, "invoice.xml", "application/xml", 1000, "1" * 64), **changes)


def a_delivery(document: Document | None = None, **changes: Any) -> Delivery:
    """A delivery to the accountant that is due, no two alike."""
    number = next(_numbers)
    delivery = Delivery(
        id=f"v-{number:06}",
        team="acme",
        purpose=Purpose.DOCUMENT if document else Purpose.NOTICE,
        document=document.id if document else None,
        recipient="accountant",
        address="an@kantoor.example",
        via="relay",
        profile="mailbox",
        attach=(Attach.PDF, Attach.UBL),
        state=State.QUEUED,
        not_before=NOW,
        created_at=NOW,
        message_id=f"<v-{number}@acme.example>",
    )
    return replace(delivery, **changes)


def stored_document(tx: Tx, *, key: str | None = None, **changes: Any) -> Document:
    """A document that is in the store, with an arrival of its own."""
    arrival = an_arrival()
    document = a_document(arrival=arrival.id, **changes)
    documents.add_arrival(tx, arrival)
    trace = (Trace("to the accountant", hit=True, reason="kind is invoice"),)
    documents.add_document(tx, document, trace=trace, warnings=("odd",), same_number_key=key)
    return document


def stored_delivery(tx: Tx, document: Document | None = None, **changes: Any) -> Delivery:
    """A delivery that is in the store."""
    delivery = a_delivery(document, **changes)
    assert deliveries.add(tx, delivery)
    return delivery


def claimed(tx: Tx, *, owner: str = "me", now: datetime = NOW) -> Delivery:
    """The next due delivery, leased."""
    (found,) = deliveries.claim(tx, now=now, owner=owner, lease_until=now + LEASE, limit=1)
    return found


def handed_over(**changes: Any) -> deliveries.Settled:
    """The good end of an attempt."""
    end = deliveries.Settled(State.HANDED_OVER, Outcome.HANDED_OVER, NOW, reply="250 2.0.0 ok")
    return replace(end, **changes)


def drop_new_columns(tx: Tx) -> None:
    """Take out what later versions added to tables of version 0022, to bring them up to date anew."""
    for table in ("runs", "deliveries"):
        tx.execute(text(f"ALTER TABLE {table} DROP COLUMN told"))
