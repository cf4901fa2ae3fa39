"""What waits since long ago because a connector rests, or the road of one team through it is closed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import exists, select

from maild.model.delivery import Delivery, Outcome
from maild.store.attempts import with_attempts
from maild.store.database import Tx
from maild.store.schema import attempts, claimable, deliveries, events

DELAYED: Final = "delivery.delayed"  # once for each delivery, and then its team is told
_AT_ONCE: Final = 1_000


def kept_waiting(
    tx: Tx, *, resting: Collection[str], edge: datetime, now: datetime
) -> tuple[Delivery, ...]:
    """Deliveries of documents, not told of yet, that were due before `edge` and have to wait still.

    Those of connectors in `resting`, and those that were put off by themselves, uncharged.
    """
    column = deliveries.c
    at_rest = column.via.in_(resting) & (column.not_before <= edge)
    put_off = (column.not_before > now) & exists().where(
        attempts.c.delivery == column.id,
        attempts.c.outcome == Outcome.PAUSED.value,
        attempts.c.started_at <= edge,
    )
    told = exists().where(
        events.c.document == column.document,
        events.c.delivery == column.id,
        events.c.event == DELAYED,
    )
    query = (
        select(deliveries)
        .where(claimable, column.document.is_not(None), ~told, at_rest | put_off)
        # In the order of the index of what waits, or SQLite reads every delivery there ever was.
        .order_by(column.via, column.priority, column.not_before, column.id)
        .limit(_AT_ONCE)
    )
    return with_attempts(tx, tx.execute(query).all())
