"""Looking through a team's documents by date, page by page, and what an office has processed of them.

Every question is for one team and for directions that the asker may see; who may is decided in
`maild.partners`. Pages go on behind a key, so that the last costs what the first does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, and_, func, or_, select, tuple_, update

from maild.model.browsing import MOST_COUNTED, Activity, Place, Sums, Wish
from maild.model.document import Direction, Document, Kind
from maild.model.money import Amount
from maild.store.database import Tx
from maild.store.documents import with_files
from maild.store.schema import documents, processed, processed_until
from maild.store.statements import contains, insert_if_absent

MOST_SUMMED: Final = 20_000
MOST_NUMBERS: Final = 20_000
_CREDITS: Final = frozenset({Kind.CREDIT_NOTE.value, Kind.PURCHASE_CREDIT_NOTE.value})
_C: Final = documents.c


def page(
    tx: Tx, team: str, *, wish: Wish, partner: str | None, behind: Place | None, limit: int
) -> tuple[tuple[Document, ...], Place | None]:
    """Documents of a wish, the latest date first, and where the list goes on if it does."""
    query = _wished(select(documents), team, wish, partner=partner)
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
    query = _wished(select(_C.id), team, wish, partner=partner).limit(limit)
    return {str(one) for one in tx.execute(query).scalars()}


def sums(tx: Tx, team: str, *, wish: Wish, partner: str | None) -> Sums:
    """What the documents of a wish add up to."""
    asked = select(_C.kind, _C.total, _C.currency)
    rows = tx.execute(_wished(asked, team, wish, partner=partner).limit(MOST_SUMMED + 1)).all()
    if len(rows) > MOST_SUMMED:
        return Sums(MOST_SUMMED, (), more=True)
    found: dict[str, Decimal] = {}
    for kind, total, currency in rows:
        if total is not None:
            sign = -1 if kind in _CREDITS else 1
            found[currency] = found.get(currency, Decimal(0)) + sign * Decimal(total)
    return Sums(len(rows), tuple(Amount(value, name) for name, value in sorted(found.items())))


def numbers(tx: Tx, team: str, *, days: tuple[date, date]) -> tuple[tuple[str, str], ...]:
    """The (kind, number) of what a team issued in a stretch of days, for the gaps between them."""
    mine = (_C.team == team) & _C.dated_on.between(*days)
    query = select(_C.kind, _C.number).where(
        mine, _C.direction == Direction.SALES.value, _C.number.is_not(None)
    )
    return tuple((row.kind, row.number) for row in tx.execute(query.limit(MOST_NUMBERS)))


def activity(
    tx: Tx,
    team: str,
    *,
    directions: Collection[Direction],
    partner: str | None,
    now: datetime,
    days: int = 30,
) -> Activity:
    """What came for a team lately; `new` is counted up to MOST_COUNTED."""
    seen = _seen(team, directions)
    last = tx.execute(select(func.max(_C.accepted_at)).where(seen)).scalar()
    first = (now - timedelta(days=days - 1)).date()
    day = func.substr(_C.accepted_at, 1, 10, type_=String)
    since = datetime.combine(first, datetime.min.time(), now.tzinfo)
    counted = select(day, func.count()).where(seen, _C.accepted_at >= since).group_by(day)
    by_day: Counter[str] = Counter({row[0]: row[1] for row in tx.execute(counted)})
    bars = tuple(by_day[str(first + timedelta(days=n))] for n in range(days))
    new = 0
    if partner is not None:
        some = select(_C.id).where(seen, is_new(team, partner)).limit(MOST_COUNTED).subquery()
        new = tx.execute(select(func.count()).select_from(some)).scalar_one()
    return Activity(last, int(new), bars)


def is_new(team: str, partner: str) -> ColumnElement[bool]:
    """A condition: nobody of this office has processed the document yet."""
    until = select(processed_until.c.until).where(
        processed_until.c.partner == partner, processed_until.c.team == team
    )
    marked = select(processed.c.document).where(
        processed.c.partner == partner, processed.c.document == _C.id
    )
    return and_(or_(~until.exists(), _C.accepted_at > until.scalar_subquery()), ~marked.exists())


def new_among(tx: Tx, team: str, *, partner: str, ids: Sequence[str]) -> frozenset[str]:
    """Which of these documents of a team an office has not processed."""
    query = select(_C.id).where(_C.team == team, _C.id.in_(ids), is_new(team, partner))
    return frozenset(tx.execute(query).scalars())


def process(tx: Tx, team: str, *, partner: str, ids: Sequence[str], by: str, now: datetime) -> int:
    """Mark documents of a team as processed by an office; how many were not before."""
    mine = select(_C.id).where(_C.team == team, _C.id.in_(ids))
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


def _wished(query: Select[Any], team: str, wish: Wish, *, partner: str | None) -> Select[Any]:
    query = query.where(_seen(team, wish.directions), _C.dated_on.between(*wish.days))
    if wish.kinds:
        query = query.where(_C.kind.in_([one.value for one in wish.kinds]))
    if wish.text:
        found = (contains(_C.number_folded, wish.text), contains(_C.party_folded, wish.text))
        query = query.where(or_(*found))
    if wish.only_new and partner is not None:
        query = query.where(is_new(team, partner))
    return query


def _seen(team: str, directions: Collection[Direction]) -> ColumnElement[bool]:
    """Of this team, of these directions; what is of neither is its owner's alone."""
    among = [one.value for one in directions]
    return and_(_C.team == team, _C.direction.in_(among), _C.kind != Kind.EXPORT.value)
