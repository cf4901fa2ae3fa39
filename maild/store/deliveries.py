"""The outbox table: what is to leave, and what left. One module for the callers.

The protocol of a delivery under way is in `leases` and `attempts`, what a person may do in `hand`,
connectors that rest in `connectors`; their functions are named here too, since callers think of one table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import func, select

from maild.model.delivery import Delivery, State
from maild.store import rows
from maild.store.attempts import (
    Settled,
    Superseded,
    begin,
    get,
    mark_uncertain,
    settle,
    with_attempts,
)
from maild.store.connectors import paused
from maild.store.database import Tx
from maild.store.hand import cancel, hold, release, release_restored, release_shadow, retry
from maild.store.leases import (
    bring_forward,
    claim,
    claim_one,
    due_at,
    lost_before,
    oldest_due,
    renew,
    take_back,
)
from maild.store.returns import held_if_stopped
from maild.store.schema import deliveries, tallies
from maild.store.statements import insert_if_absent

__all__ = [
    "Settled",
    "Superseded",
    "add",
    "begin",
    "bring_forward",
    "cancel",
    "claim",
    "claim_one",
    "counts",
    "due_at",
    "find",
    "get",
    "hold",
    "lost_before",
    "mark_uncertain",
    "of_document",
    "of_documents",
    "oldest_due",
    "paused",
    "release",
    "release_restored",
    "release_shadow",
    "renew",
    "retry",
    "settle",
    "take_back",
]

_ONCE = ("document", "via", "address", "purpose", "part", "generation")


def add(tx: Tx, delivery: Delivery) -> bool:
    """Write a delivery; False when the same thing goes to the same destination already.

    One to an address that complained is held, whoever adds it.
    """
    row = rows.of_delivery(held_if_stopped(tx, delivery))
    return insert_if_absent(tx, deliveries, row=row, unique=_ONCE)


def of_document(tx: Tx, document: str) -> tuple[Delivery, ...]:
    """Every delivery of a document, oldest first."""
    query = select(deliveries).where(deliveries.c.document == document).order_by(deliveries.c.id)
    return with_attempts(tx, tx.execute(query).all())


def of_documents(tx: Tx, ids: Sequence[str]) -> dict[str, tuple[Delivery, ...]]:
    """The same of several documents (a few hundred at most), each of which is named."""
    query = select(deliveries).where(deliveries.c.document.in_(ids)).order_by(deliveries.c.id)
    found: dict[str, list[Delivery]] = {one: [] for one in ids}
    for one in with_attempts(tx, tx.execute(query).all()):
        found[one.document or ""].append(one)
    return {id_: tuple(each) for id_, each in found.items()}


def find(
    tx: Tx,
    *,
    team: str | None = None,
    state: str | None = None,
    via: str | None = None,
    recipient: str | None = None,
    document: str | None = None,
    hold_code: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Delivery, ...]:
    """Deliveries that fit every filter given, newest first; `after` is the last id of the page before."""
    column = deliveries.c
    filters: list[tuple[str | None, Callable[[Any], Any]]] = [
        (team, column.team.__eq__),
        (state, column.state.__eq__),
        (via, column.via.__eq__),
        (recipient, column.recipient.__eq__),
        (document, column.document.__eq__),
        (hold_code, column.hold_code.__eq__),
        (after, column.id.__lt__),
    ]
    asked = [condition(value) for value, condition in filters if value is not None]
    query = select(deliveries).where(*asked).order_by(column.id.desc()).limit(limit)
    return with_attempts(tx, tx.execute(query).all())


def counts(tx: Tx, *, team: str | None = None) -> dict[str, int]:
    """How many deliveries are in each state; every state is named."""
    query = select(tallies.c.state, func.sum(tallies.c.n)).group_by(tallies.c.state)
    if team is not None:
        query = query.where(tallies.c.team == team)
    found = {str(row[0]): int(row[1]) for row in tx.execute(query)}
    return {state.value: found.get(state.value, 0) for state in State}
