"""What was handed to a relay and has no end over there yet, and the end when it is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from maild.model.delivery import Outcome, State
from maild.store import documents, returns
from maild.store.database import Tx
from maild.store.schema import attempts, deliveries

# What is not decided after so long is asked about no more.
LONGEST: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that the other side took, and what it said then."""

    id: str
    team: str
    document: str | None
    recipient: str | None
    address: str
    reply: str


def undecided(tx: Tx, via: str, *, now: datetime, limit: int = 500) -> tuple[Taken, ...]:
    """What a connector handed over and nobody told the end of, oldest first."""
    query = (
        select(
            deliveries.c.id,
            deliveries.c.team,
            deliveries.c.document,
            deliveries.c.recipient,
            deliveries.c.address,
            attempts.c.reply,
        )
        .join(attempts, attempts.c.delivery == deliveries.c.id)
        .where(deliveries.c.via == via, deliveries.c.state == State.HANDED_OVER.value)
        .where(attempts.c.outcome == Outcome.HANDED_OVER.value)
        .where(attempts.c.ended_at > now - LONGEST)
        .order_by(deliveries.c.id)
        .limit(limit)
    )
    return tuple(Taken(*row) for row in tx.execute(query))


def end(tx: Tx, taken: Taken, *, good: bool, words: str, now: datetime) -> bool:
    """Write how it ended; False when that was known."""
    state = State.CONFIRMED if good else State.BOUNCED
    if returns.move(tx, taken.id, state, reason=words) is None:
        return False
    documents.add_event(
        tx,
        at=now,
        event=f"delivery.{state.value}",
        team=taken.team,
        document=taken.document,
        delivery=taken.id,
        detail=words,
    )
    return True
