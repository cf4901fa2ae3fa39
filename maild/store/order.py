"""What went by a connector before a document, and what of its team has to go first.

For services that take each number once and want them by date. Deliveries are looked at by their
state only; what becomes of one is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Select, exists, func, select, update

from maild.model.delivery import Outcome, State
from maild.store.database import Database, Tx
from maild.store.schema import attempts, deliveries, documents

_WENT: Final = (State.HANDED_OVER, State.CONFIRMED)
_WAITS: Final = (State.QUEUED, State.SENDING, State.UNCERTAIN)
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many documents have to go first, and the oldest of them as (delivery, number, state)."""

    count: int
    shown: tuple[tuple[str, str, str], ...]


class Order:
    """The order of one store."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ahead(self, via: str, team: str, *, before: date, held: bool, besides: str) -> Ahead:
        """What of a team goes by a connector, is dated before a day, and has not gone yet.

        `held`: what waits for a person counts too. `besides` is the delivery that asks.
        """
        states = (*_WAITS, State.HELD) if held else _WAITS
        look = partial(_ahead, via=via, team=team, before=before, states=states, besides=besides)
        return await self._db.read(look)

    async def went(self, via: str, team: str, *, document: str, besides: str) -> str | None:
        """The delivery by which a document went by a connector before; None when it did not."""
        same = documents.c.id == document
        return await self._db.read(partial(_went, via=via, team=team, same=same, besides=besides))

    async def went_as(
        self, via: str, team: str, *, number: str, kinds: Collection[str], besides: str
    ) -> str | None:
        """The delivery by which another document with that number went by a connector before."""
        same = (documents.c.number == number) & documents.c.kind.in_(kinds)
        return await self._db.read(partial(_went, via=via, team=team, same=same, besides=besides))


def wake(tx: Tx, via: str, team: str, *, now: datetime) -> int:
    """Let what waits for a closed road of a team go now; how many. What waits for its hour waits on."""
    rested = exists().where(
        attempts.c.delivery == deliveries.c.id, attempts.c.outcome == Outcome.PAUSED.value
    )
    waiting = (
        (deliveries.c.via == via)
        & (deliveries.c.team == team)
        & (deliveries.c.state == State.QUEUED.value)
        & (deliveries.c.not_before > now)
        & rested
    )
    return tx.execute(update(deliveries).where(waiting).values(not_before=now)).rowcount


def _of(via: str, team: str, besides: str) -> Select[Any]:
    joined = deliveries.join(documents, deliveries.c.document == documents.c.id)
    return (
        select(deliveries.c.id, documents.c.number, deliveries.c.state)
        .select_from(joined)
        .where(deliveries.c.team == team, deliveries.c.via == via, deliveries.c.id != besides)
    )


def _ahead(
    tx: Tx, *, via: str, team: str, before: date, states: Collection[State], besides: str
) -> Ahead:
    waiting = _of(via, team, besides).where(
        deliveries.c.state.in_([one.value for one in states]), documents.c.issued_on < before
    )
    rows = tx.execute(waiting.order_by(documents.c.issued_on, deliveries.c.id).limit(_SHOWN)).all()
    count = tx.execute(select(func.count()).select_from(waiting.subquery())).scalar() if rows else 0
    return Ahead(int(count or 0), tuple((row.id, row.number or "", row.state) for row in rows))


def _went(tx: Tx, *, via: str, team: str, same: Any, besides: str) -> str | None:
    went = _of(via, team, besides).where(same, deliveries.c.state.in_([one.value for one in _WENT]))
    found = tx.execute(went.order_by(deliveries.c.id).limit(1)).first()
    return None if found is None else str(found.id)
