"""Looking through a team's documents by date, page by page, and what an office has processed of them.

Every question is for one team and for directions that the asker may see; who may is decided in
`maild.partners`. Pages go on behind a key, so that the last costs what the first does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)

from maild.model.browsing import Place, Sums, Wish
from maild.model.document import Direction, Document, Kind
from maild.model.money import CENT, Amount
from maild.store import searching
from maild.store.database import Tx
from maild.store.documents import with_files
from maild.store.schema import documents, processed, processed_until
from maild.store.schema_tallies import dated_sums
from maild.store.statements import contains, insert_if_absent, unindexed
from maild.store.tallying import ODD, THOUSANDTHS

# Of what is searched for or new; of a whole period there is no such bound.
MOST_SUMMED: Final = 2_000
_CREDITS: Final = frozenset({Kind.CREDIT_NOTE.value, Kind.PURCHASE_CREDIT_NOTE.value})
_C: Final = documents.c


def page(
    tx: Tx, team: str, *, wish: Wish, partner: str | None, behind: Place | None, limit: int
) -> tuple[tuple[Document, ...], Place | None]:
    """Documents of a wish, the latest date first, and where the list goes on if it does."""
    query = _wished(tx, select(documents), team, wish, partner=partner)
    if behind is not None:
        query = query.where(tuple_(_C.dated_on, _C.id) < (behind.dated_on, behind.id))
    query = query.order_by(_C.dated_on.desc(), _C.id.desc()).limit(limit + 1)
    rows = tx.execute(query).all()
    more = None
    if len(rows) > limit:
        rows = rows[:limit]
        more = Place(rows[-1].dated_on, rows[-1].id)
    return with_files(tx, rows), more


def ids(tx: Tx, team: str, *, wish: Wish, partner: str | None, limit: int) -> set[str]:
    """The documents of a wish, at most so many."""
    query = _wished(tx, select(_C.id), team, wish, partner=partner).limit(limit)
    return {str(one) for one in tx.execute(query).scalars()}


def sums(tx: Tx, team: str, *, wish: Wish, partner: str | None) -> Sums:
    """What the documents of a wish add up to: of a period as it is kept, else added up."""
    if not wish.text and not wish.only_new:
        kept = _in_amounts(tx.execute(_kept(team, wish)).all())
        if kept is not None:
            return kept
    asked = _wished(tx, select(_C.kind, _C.total, _C.currency), team, wish, partner=partner)
    asked = asked.limit(MOST_SUMMED + 1)
    rows = tx.execute(_grouped(asked)).all()
    if sum(row.n for row in rows) > MOST_SUMMED:
        return Sums(MOST_SUMMED, (), more=True)
    return _in_amounts(rows) or _one_by_one(tx.execute(asked).all())


def _grouped(asked: Select[Any]) -> Select[Any]:
    """The documents of a question as rows of `dated_sums`: the database adds up ten times faster."""
    some = asked.subquery()
    thousandths: ColumnElement[int] = literal_column(THOUSANDTHS.format(row=""))
    odd: ColumnElement[int] = literal_column(ODD.format(row=""))
    return select(
        some.c.kind,
        some.c.currency,
        func.count().label("n"),
        func.sum(thousandths).label("thousandths"),
        func.sum(odd).label("odd"),
    ).group_by(some.c.kind, some.c.currency)


def _one_by_one(rows: Sequence[Any]) -> Sums:
    """The same where a total is odd."""
    found: dict[str, Decimal] = {}
    for kind, total, currency in rows:
        if total is not None:
            sign = -1 if kind in _CREDITS else 1
            found[currency] = found.get(currency, Decimal(0)) + sign * Decimal(total)
    return Sums(len(rows), tuple(Amount(value, name) for name, value in sorted(found.items())))


def is_new(team: str, partner: str) -> ColumnElement[bool]:
    """A condition: nobody of this office has processed the document yet."""
    until = _until(team, partner)
    later = or_(~until.exists(), _C.accepted_at > until.scalar_subquery())
    return and_(later, ~_marked(partner).exists())


def new_among(tx: Tx, team: str, *, partner: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of these documents of a team an office has not processed."""
    mine = (unindexed(_C.team) == team) & _C.id.in_(ids)
    query = select(_C.id).where(mine, is_new(team, partner))
    return frozenset(tx.execute(query).scalars())


def process(tx: Tx, team: str, *, partner: str, ids: Sequence[str], by: str, now: datetime) -> int:
    """Mark documents of a team as processed by an office; how many were not before."""
    mine = select(_C.id).where(unindexed(_C.team) == team, _C.id.in_(ids))
    return sum(
        insert_if_absent(
            tx,
            processed,
            row={"partner": partner, "document": one, "by": by, "at": now},
            unique=["partner", "document"],
        )
        for one in tx.execute(mine).scalars().all()
    )


def process_all(tx: Tx, team: str, *, partner: str, by: str, now: datetime) -> None:
    """Mark everything that a team has so far as processed by an office."""
    row = {"partner": partner, "team": team, "until": now, "by": by}
    if not insert_if_absent(tx, processed_until, row=row, unique=["partner", "team"]):
        mine = (processed_until.c.partner == partner) & (processed_until.c.team == team)
        tx.execute(update(processed_until).where(mine).values(until=now, by=by))


def _until(team: str, partner: str) -> Select[datetime]:
    mine = (processed_until.c.partner == partner) & (processed_until.c.team == team)
    return select(processed_until.c.until).where(mine)


def _marked(partner: str) -> Select[str]:
    mine = (processed.c.partner == partner) & (processed.c.document == _C.id)
    return select(processed.c.document).where(mine)


def _kept(team: str, wish: Wish) -> Select[Any]:
    """What is kept of the dates of a wish."""
    kept = dated_sums.c
    among = [one.value for one in wish.directions]
    query = (
        select(kept.kind, kept.currency, kept.n, kept.thousandths, kept.odd)
        .where(kept.team == team, kept.dated_on.between(*wish.days), kept.direction.in_(among))
        .where(kept.kind != Kind.EXPORT.value, kept.n > 0)
    )
    if wish.kinds:
        query = query.where(kept.kind.in_([one.value for one in wish.kinds]))
    return query


def _in_amounts(rows: Sequence[Any]) -> Sums | None:
    """Rows of `dated_sums` together; None where a total is odd, which no row has in it."""
    count, found = 0, dict[str, int]()
    for row in rows:
        # An integer that grew too large becomes a float in SQLite: then it is not exact.
        if row.odd or not isinstance(row.thousandths, int):
            return None
        count += row.n
        if row.currency:
            sign = -1 if row.kind in _CREDITS else 1
            found[row.currency] = found.get(row.currency, 0) + sign * row.thousandths
    return Sums(count, tuple(Amount(_plain(n), name) for name, n in sorted(found.items())))


def _plain(thousandths: int) -> Decimal:
    """With two decimals, or three where there are."""
    step = Decimal("0.001") if thousandths % 10 else CENT
    return (Decimal(thousandths) / 1000).quantize(step)


def _wished(  # noqa: PLR0917 - as `page` and `sums`
    tx: Tx, query: Select[Any], team: str, wish: Wish, *, partner: str | None
) -> Select[Any]:
    few = searching.few(tx, wish.text) if wish.text else None
    if few is None:
        query = query.where(_seen(team, wish.directions), _C.dated_on.between(*wish.days))
    else:
        # By their ids: a period has more documents than the part of a word.
        query = query.where(_C.id.in_(few), unindexed(_C.dated_on).between(*wish.days))
        query = query.where(_seen(team, wish.directions, by_id=True))
    if wish.kinds:
        query = query.where(_C.kind.in_([one.value for one in wish.kinds]))
    if wish.text:
        found = (contains(_C.number_folded, wish.text), contains(_C.party_folded, wish.text))
        query = query.where(or_(*found))
    if wish.only_new and partner is not None:
        query = query.where(is_new(team, partner))
    return query


def _seen(
    team: str, directions: Collection[Direction], *, by_id: bool = False
) -> ColumnElement[bool]:
    """Of this team, of these directions; what is of neither is its owner's alone."""
    among = [one.value for one in directions]
    of = unindexed(_C.team) if by_id else _C.team
    return and_(of == team, _C.direction.in_(among), _C.kind != Kind.EXPORT.value)
