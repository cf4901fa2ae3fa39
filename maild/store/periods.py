"""The documents of a team that are dated in a stretch of days, for packages of a period.

Lookups only; which of them belong in a package is decided in `maild.exports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import and_, func, or_, select

from maild.model.delivery import HoldCode, Outcome, State
from maild.model.document import Direction, Kind
from maild.store.database import Tx
from maild.store.schema import attempts, deliveries, documents, events
from maild.store.statements import unindexed

# SQLite takes 32,766 values in one statement, PostgreSQL 65,535.
AT_ONCE: Final = 500
# Of a document with such a delivery it is not known whether it is what it looks like.
DOUBTED: Final = (
    HoldCode.UNKNOWN_SENDER.value,
    HoldCode.UNTRUSTED.value,
    HoldCode.UNOPENED.value,
    HoldCode.ENCRYPTED.value,
    HoldCode.FIGURES.value,
    HoldCode.NEW_ACCOUNT.value,
)
_LET_THROUGH: Final = ("review.confirmed", "delivery.released", "document.settled")
_WAITED: Final = ("document.held", "document.same_number")


@dataclass(frozen=True, slots=True)
class Listed:
    """A document in short. `issued_on` is None where it has no date of its own."""

    id: str
    kind: Kind
    direction: Direction | None
    number: str | None
    issued_on: date | None
    party: str | None
    accepted_at: datetime
    review: str | None


def listed(
    tx: Tx,
    team: str,
    *,
    days: tuple[date, date],
    moments: tuple[datetime, datetime],
    accepted_by: datetime,
) -> tuple[Listed, ...]:
    """The team's documents dated from the first to the last of `days`, accepted by that instant.

    One without a date counts by the moment at which it came: from the first of `moments` to before
    the second. Packages themselves are left out.
    """
    column = documents.c
    came = and_(column.accepted_at >= moments[0], column.accepted_at < moments[1])
    query = (
        select(
            column.id,
            column.kind,
            column.direction,
            column.number,
            column.issued_on,
            column.party_name,
            column.party_vat,
            column.accepted_at,
            column.review,
        )
        .where(column.team == team, column.kind != Kind.EXPORT.value)
        .where(column.accepted_at <= accepted_by)
        .where(or_(column.issued_on.between(*days), and_(column.issued_on.is_(None), came)))
    )
    return tuple(
        Listed(
            row.id,
            Kind(row.kind),
            row.direction and Direction(row.direction),
            row.number,
            row.issued_on,
            row.party_name or row.party_vat,
            row.accepted_at,
            row.review,
        )
        for row in tx.execute(query)
    )


def late(
    tx: Tx, team: str, *, after: datetime, by: datetime
) -> tuple[tuple[date | None, datetime], ...]:
    """The dates of documents that came, or were let through, after one instant and by another.

    Each with the moment at which it came, which counts where it has no date.
    """
    column, event = documents.c, events.c
    through = select(event.document).where(
        event.event.in_(_LET_THROUGH), event.team == team, event.at > after, event.at <= by
    )
    query = (
        select(column.issued_on, column.accepted_at)
        .where(column.team == team, column.kind != Kind.EXPORT.value, column.accepted_at <= by)
        .where(or_(column.accepted_at > after, column.id.in_(through)))
    )
    return tuple((row.issued_on, row.accepted_at) for row in tx.execute(query))


def doubted(tx: Tx, ids: Sequence[str]) -> set[str]:
    """Which of these documents wait for a person, since nobody knows who sent them or what they are."""
    held = deliveries.c.state == State.HELD.value
    query = select(deliveries.c.document).where(held, deliveries.c.hold_code.in_(DOUBTED))
    return {
        str(found)
        for some in _some(ids)
        for found in tx.execute(query.where(deliveries.c.document.in_(some))).scalars()
    }


def let_through(tx: Tx, ids: Sequence[str]) -> dict[str, datetime]:
    """When a person (or a known sender) let those of them through that had waited."""
    event = events.c
    waited = select(event.document).where(event.event.in_(_WAITED))
    query = (
        select(event.document, func.min(event.at).label("first_at"))
        .where(event.event.in_(_LET_THROUGH))
        .group_by(event.document)
    )
    return {
        row.document: row.first_at
        for some in _some(ids)
        for row in tx.execute(
            query.where(
                event.document.in_(some), event.document.in_(waited.where(event.document.in_(some)))
            )
        )
    }


def handed_over(tx: Tx, ids: Sequence[str], *, by: datetime) -> set[str]:
    """Which of these documents a next server had taken by that instant, whatever came back since."""
    query = (
        select(deliveries.c.document)
        .join(attempts, attempts.c.delivery == deliveries.c.id)
        .where(attempts.c.outcome == Outcome.HANDED_OVER.value, attempts.c.ended_at <= by)
    )
    return {
        str(found)
        for some in _some(ids)
        for found in tx.execute(query.where(deliveries.c.document.in_(some))).scalars()
    }


def known_numbers(
    tx: Tx, team: str, numbers: Sequence[str], *, accepted_by: datetime
) -> set[tuple[str, str]]:
    """Which of these numbers the team has a document with: (kind, number)."""
    column = documents.c
    query = select(column.kind, column.number).where(
        column.team == team, unindexed(column.accepted_at) <= accepted_by
    )
    return {
        (row.kind, row.number)
        for some in _some(numbers)
        # By the index, which holds the folded number.
        for row in tx.execute(query.where(column.number_folded.in_([n.casefold() for n in some])))
    }


def _some(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[at : at + AT_ONCE] for at in range(0, len(ids), AT_ONCE)]
