"""What an operator sees at one glance, over all teams: days, rows of what came in, rows of what leaves.

Lists go on behind a key; days are counted from indexes, in a time that grows with the days and not
with the store.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, String, func, select

from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.document import Document
from maild.model.overview import Brought, Coverage, Day, Incoming
from maild.store import deliveries, marks
from maild.store.attempts import with_attempts
from maild.store.database import Tx
from maild.store.documents import with_files
from maild.store.rows import to_trace
from maild.store.schema import arrival_documents, arrivals, attempts, documents, refusals, unruled
from maild.store.schema import deliveries as table
from maild.store.schema_tallies import came, fates, rulings
from maild.store.statements import unindexed

_D: Final = documents.c


def days(tx: Tx, teams: Collection[str], *, now: datetime, count: int) -> tuple[Day, ...]:
    """The last so many days of these teams, oldest first, today among them."""
    first = now.date() - timedelta(days=count - 1)
    since = datetime.combine(first, datetime.min.time(), now.tzinfo)
    mine = came.c.team.in_(list(teams)) & (came.c.day >= str(first))
    day = came.c.day
    counted = _counted(tx, select(day, func.sum(came.c.n)).where(mine).group_by(day))
    on = func.substr(refusals.c.at, 1, 10, type_=String)
    refused = select(on, func.count()).where(refusals.c.at >= since).group_by(on)
    turned_away = _counted(tx, refused)
    stand = _fates(tx, teams, since=str(first))
    found = []
    for n in range(count):
        each = first + timedelta(days=n)
        key = str(each)
        found.append(
            Day(
                each,
                came=counted.get(key, 0),
                delivered=stand[key, "delivered"],
                waiting=stand[key, "waiting"],
                failed=stand[key, "failed"],
                turned_away=turned_away.get(key, 0),
            )
        )
    return tuple(found)


def without_rule(
    tx: Tx, teams: Collection[str], *, since: datetime, limit: int
) -> tuple[Document, ...]:
    """Documents since then that no rule sent anywhere and nobody rejected, newest first."""
    sent = select(table.c.id).where(table.c.document == _D.id)
    query = (
        select(documents)
        .where(unindexed(_D.team).in_(list(teams)), _D.accepted_at >= since, ~sent.exists())
        .where(unruled)
        .order_by(_D.accepted_at.desc())
        .limit(limit)
    )
    return with_files(tx, tx.execute(query))


def coverage(tx: Tx, team: str, *, rules: Sequence[str], since: date) -> Coverage:
    """What the rules of a team took of the documents since that day (UTC)."""
    of = rulings.c
    query = (
        select(of.rule, of.kind, func.sum(of.n), func.max(of.day))
        .where(of.team == team, of.day >= str(since), of.n > 0)
        .group_by(of.rule, of.kind)
    )
    hits: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    last: dict[str, date] = {}
    for rule, kind, count, day in tx.execute(query):
        if rule:
            hits[rule] += count
            last[rule] = max(date.fromisoformat(day), last.get(rule, date.min))
        else:
            missed[kind] += count
    each = tuple((name, hits[name], last.get(name)) for name in rules)
    return Coverage(each, tuple(missed.most_common()))


def held(tx: Tx, *, limit: int) -> tuple[Delivery, ...]:
    """Deliveries that a person holds or has to decide about, newest first; none of a shadow mode."""
    waits = (table.c.state == State.HELD.value) & (table.c.hold_code != HoldCode.SHADOW.value)
    query = select(table).where(waits).order_by(table.c.id.desc()).limit(limit)
    return with_attempts(tx, tx.execute(query).all())


def leaving(
    tx: Tx, states: Iterable[State], *, team: str | None, after: str | None, limit: int
) -> tuple[Delivery, ...]:
    """Deliveries in any of these states, newest first, behind the id `after`."""
    # A state at a time: each comes from an index in the order that is asked for.
    each = [
        deliveries.find(tx, team=team, state=one.value, after=after, limit=limit) for one in states
    ]
    merged = heapq.merge(*each, key=lambda one: one.id, reverse=True)
    return tuple(one for _, one in zip(range(limit), merged, strict=False))


def last_taken(tx: Tx, *, among: int = 2_000) -> dict[str, datetime]:
    """When each connector last handed something over, among the newest deliveries that were."""
    newest = (
        select(table.c.id, table.c.via)
        .where(table.c.state == State.HANDED_OVER.value)
        .order_by(table.c.id.desc())
        .limit(among)
        .subquery()
    )
    query = (
        select(newest.c.via, func.max(attempts.c.ended_at))
        .join_from(newest, attempts, attempts.c.delivery == newest.c.id)
        .where(attempts.c.outcome == Outcome.HANDED_OVER.value)
        .group_by(newest.c.via)
    )
    # The maximum of a moment is a text to SQLAlchemy: it is sorted as it is stored.
    return {row[0]: _moment(row[1]) for row in tx.execute(query)}


def incoming(
    tx: Tx, *, after: str | None, limit: int, refused_only: bool = False
) -> tuple[Incoming, ...]:
    """What came in and what was refused, newest first, behind the key `after`."""
    found = _refused(tx, after=after, limit=limit)
    if not refused_only:
        found += _arrived(tx, after=after, limit=limit)
    return tuple(sorted(found, key=lambda one: one.key, reverse=True)[:limit])


def _moment(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _counted(tx: Tx, query: Select[str, int]) -> dict[str, int]:
    return {row[0]: int(row[1]) for row in tx.execute(query)}


def _fates(tx: Tx, teams: Collection[str], *, since: str) -> defaultdict[tuple[str, str], int]:
    of = fates.c
    query = (
        select(of.day, of.fate, func.sum(of.n))
        .where(of.team.in_(list(teams)), of.day >= since)
        .group_by(of.day, of.fate)
    )
    return defaultdict(int, {(row[0], row[1]): int(row[2]) for row in tx.execute(query)})


def _refused(tx: Tx, *, after: str | None, limit: int) -> list[Incoming]:
    found = marks.refusals(tx, after=after and f"r-{after}", limit=limit)
    return [
        Incoming(
            one.id,
            one.team,
            one.at,
            "",
            one.sender,
            one.recipient,
            one.subject,
            one.size,
            code=one.code,
            message=one.message,
            problems=tuple((each.code, each.where, each.message) for each in one.problems),
        )
        for one in found
    ]


def _arrived(tx: Tx, *, after: str | None, limit: int) -> list[Incoming]:
    query = select(arrivals).order_by(arrivals.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(arrivals.c.id < f"a-{after}")
    rows = tx.execute(query).all()
    brought = _brought(tx, [row.id for row in rows])
    return [
        Incoming(
            row.id,
            row.team,
            row.received_at,
            row.door,
            row.sender,
            row.recipient,
            row.subject,
            row.size,
            brought=tuple(brought[row.id]),
        )
        for row in rows
    ]


def _brought(tx: Tx, ids: Sequence[str]) -> defaultdict[str, list[Brought]]:
    query = (
        select(documents, arrival_documents.c.arrival.label("by"))
        .join_from(arrival_documents, documents, arrival_documents.c.document == _D.id)
        .where(arrival_documents.c.arrival.in_(ids))
        .order_by(_D.id)
    )
    rows = tx.execute(query).all() if ids else []
    found: defaultdict[str, list[Brought]] = defaultdict(list)
    for row, document in zip(rows, with_files(tx, rows), strict=True):
        rules = tuple(one.rule for one in to_trace(row.trace) if one.hit)
        found[row.by].append(Brought(document, rules, again=row.arrival != row.by))
    return found
