"""What came in and went out for a team between two moments, counted.

Read now and then, beside the writer, so it needs no index of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from maild.model.delivery import Delivery, Outcome, State
from maild.model.ids import first_id
from maild.store.attempts import with_attempts
from maild.store.database import Tx
from maild.store.schema import attempts, deliveries, documents, refusals

# Deliveries that were made longer ago are not looked at: a million of them take a second.
OLDEST: Final = timedelta(days=31)
# The same for a page that is looked at often: what has waited longer has no deadline left.
LATELY: Final = timedelta(days=6)
MOST_FAILED: Final = 50


@dataclass(frozen=True, slots=True)
class Days:
    """What happened: documents by kind, how many left, which of them failed, what was refused."""

    came: tuple[tuple[str, int], ...]
    left: int
    failed: tuple[Delivery, ...]
    refused: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened."""
        return not (self.came or self.left or self.failed or self.refused)


def between(tx: Tx, team: str, *, since: datetime, until: datetime) -> Days:
    """What happened from `since` on and before `until`."""
    return Days(
        came=_came(tx, team, since=since, until=until),
        left=_left(tx, team, since=since, until=until),
        failed=_failed(tx, team, since=since, until=until),
        refused=_refused(tx, team, since=since, until=until),
    )


def counts(tx: Tx, team: str, *, since: datetime, until: datetime) -> tuple[int, int]:
    """How many documents came and how many deliveries left, for a page that is looked at often."""
    came = sum(count for _, count in _came(tx, team, since=since, until=until))
    return came, _left(tx, team, since=since, until=until, oldest=LATELY)


def _came(tx: Tx, team: str, *, since: datetime, until: datetime) -> tuple[tuple[str, int], ...]:
    column = documents.c
    query = (
        select(column.kind, func.count())
        .where(column.team == team, column.accepted_at >= since, column.accepted_at < until)
        .group_by(column.kind)
        .order_by(column.kind)
    )
    return tuple((str(kind), int(count)) for kind, count in tx.execute(query))


def _left(
    tx: Tx, team: str, *, since: datetime, until: datetime, oldest: timedelta = OLDEST
) -> int:
    query = (
        select(func.count(func.distinct(deliveries.c.id)))
        .join(attempts, attempts.c.delivery == deliveries.c.id)
        .where(deliveries.c.team == team, deliveries.c.document.is_not(None))
        # The index goes by team and id, and an id tells when it was made.
        .where(deliveries.c.id >= first_id("v", since - oldest))
        .where(attempts.c.outcome == Outcome.HANDED_OVER.value)
        .where(attempts.c.ended_at >= since, attempts.c.ended_at < until)
    )
    return int(tx.execute(query).scalar_one())


def _failed(tx: Tx, team: str, *, since: datetime, until: datetime) -> tuple[Delivery, ...]:
    """Those that stand as failed or came back, and were tried last in that time."""
    ended = select(func.max(attempts.c.ended_at)).where(attempts.c.delivery == deliveries.c.id)
    last = ended.scalar_subquery()
    query = (
        select(deliveries)
        .where(deliveries.c.state.in_([State.FAILED.value, State.BOUNCED.value]))
        .where(deliveries.c.team == team, deliveries.c.document.is_not(None))
        .where(last >= since, last < until)
        .order_by(deliveries.c.id)
        .limit(MOST_FAILED)
    )
    return with_attempts(tx, tx.execute(query).all())


def _refused(tx: Tx, team: str, *, since: datetime, until: datetime) -> int:
    query = select(func.count()).select_from(refusals).where(refusals.c.team == team)
    return int(tx.execute(query.where(refusals.c.at >= since, refusals.c.at < until)).scalar_one())
