"""Who did what, append-only: each row's hash covers the row before, so that nothing is taken out unseen.

Source: portal_security.md section 4.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Row, func, insert, select

from maild.store.database import Tx
from maild.store.schema import trail as table

START: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody did: `actor` to `object`, for `team` where it concerns one."""

    actor: str
    action: str
    object: str
    team: str | None = None
    place: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A step as it stands in the trail."""

    n: int
    at: datetime
    step: Step
    hash: str


def add(tx: Tx, step: Step, *, now: datetime) -> None:
    """Append a step."""
    last = tx.execute(select(table.c.n, table.c.hash).order_by(table.c.n.desc()).limit(1)).first()
    n, before = (last.n + 1, last.hash) if last else (1, START)
    tx.execute(
        insert(table).values(
            n=n,
            at=now,
            actor=step.actor,
            team=step.team,
            action=step.action,
            object=step.object,
            place=step.place,
            detail=step.detail,
            hash=_hash(before, step, n=n, at=now),
        )
    )


def of_team(tx: Tx, team: str, *, limit: int = 100, before: int | None = None) -> tuple[Kept, ...]:
    """What was done that concerns a team, the newest first; `before` is the `n` to go on from."""
    query = select(table).where(table.c.team == team).order_by(table.c.n.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.n < before)
    return tuple(_kept(row) for row in tx.execute(query))


def count(tx: Tx, object_: str, *, action: str, since: datetime) -> int:
    """How often something was done to (or by) an object since an instant."""
    column = table.c
    mine = (column.object == object_) & (column.at >= since) & (column.action == action)
    return int(tx.execute(select(func.count()).where(mine)).scalar_one())


def page(tx: Tx, *, limit: int, before: int | None = None) -> tuple[Kept, ...]:
    """What anybody did, the newest first; `before` is the `n` to go on from."""
    query = select(table).order_by(table.c.n.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.n < before)
    return tuple(_kept(row) for row in tx.execute(query))


def broken(tx: Tx) -> int | None:
    """The first row whose hash is not what its content says; None when all are right."""
    expected = START
    for n, one in enumerate(_all(tx), 1):
        expected = _hash(expected, one.step, n=n, at=one.at)
        if one.n != n or one.hash != expected:
            return n
    return None


def _all(tx: Tx) -> Iterator[Kept]:
    for row in tx.execute(select(table).order_by(table.c.n)):
        yield _kept(row)


def _hash(before: str, step: Step, *, n: int, at: datetime) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    words = [n, moment, step.actor, step.action, step.object, step.team, step.place, step.detail]
    return hashlib.sha256((before + json.dumps(words, ensure_ascii=True)).encode()).hexdigest()


def _kept(row: Row[Any]) -> Kept:
    step = Step(row.actor, row.action, row.object, row.team, row.place, row.detail)
    return Kept(row.n, row.at, step, row.hash)
