"""How far maild got: marks, and what was refused at the door."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from maild.errors import Problem
from maild.store.blobs import in_use
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import marks as table
from maild.store.schema import refusals as refused
from maild.store.schema import small_blobs
from maild.store.statements import insert_if_absent


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that was refused for a known team; `original` is the sha256 of its bytes, if kept.

    `message` says all of its problems at once, in English.
    """

    id: str
    team: str
    at: datetime
    peer: str | None
    sender: str | None
    recipient: str | None
    subject: str | None
    code: str
    message: str
    size: int
    original: str | None
    problems: tuple[Problem, ...] = ()


_REFUSAL = tuple(name for name in Refusal.__dataclass_fields__ if name != "problems")
_VALUE: Final = Prepared(select(table.c.value).where(table.c.name == bindparam("which")))


def get(tx: Tx, name: str) -> dict[str, Any] | None:
    """The value of a mark; None when it was never put."""
    found = _VALUE.first(tx, {"which": name})
    return None if found is None else dict(json.loads(found.value))


def starting(tx: Tx, prefix: str) -> dict[str, dict[str, Any]]:
    """The marks whose names begin so, with their values, by name."""
    # As a range, since "_" and "%" in a name would mean more to LIKE.
    mine = (table.c.name >= prefix) & (table.c.name < f"{prefix}\U0010ffff")
    rows = tx.execute(select(table.c.name, table.c.value).where(mine).order_by(table.c.name))
    return {row.name: json.loads(row.value) for row in rows}


def put(tx: Tx, name: str, value: dict[str, Any], *, now: datetime) -> None:
    """Write a mark over what it was."""
    row = {"value": json.dumps(value), "at": now}
    if not insert_if_absent(tx, table, row=row | {"name": name}, unique=["name"]):
        tx.execute(update(table).where(table.c.name == name).values(row))


def drop(tx: Tx, name: str) -> None:
    """Forget a mark; one that is not there is no fault."""
    tx.execute(delete(table).where(table.c.name == name))


def add_refusal(tx: Tx, refusal: Refusal) -> None:
    """Keep what was refused; nobody has been told of it yet."""
    problems = json.dumps([[one.code, one.where, one.message] for one in refusal.problems])
    row = {name: getattr(refusal, name) for name in _REFUSAL}
    tx.execute(insert(refused), row | {"told": False, "problems": problems})


def refusals(
    tx: Tx, *, team: str | None = None, after: str | None = None, limit: int = 100
) -> tuple[Refusal, ...]:
    """What was refused, newest first; `after` is the last id of the page before."""
    query = select(refused).order_by(refused.c.id.desc()).limit(limit)
    if team is not None:
        query = query.where(refused.c.team == team)
    if after is not None:
        query = query.where(refused.c.id < after)
    return _refusals(tx.execute(query))


def untold_refusals(tx: Tx, team: str) -> tuple[Refusal, ...]:
    """What was refused for a team and not yet told to it, oldest first."""
    chosen = (refused.c.team == team) & refused.c.told.is_(False)
    return _refusals(tx.execute(select(refused).where(chosen).order_by(refused.c.id)))


def mark_told(tx: Tx, ids: Sequence[str]) -> None:
    """Note that the team knows of these refusals."""
    tx.execute(update(refused).where(refused.c.id.in_(ids)).values(told=True))


def refused_bytes(tx: Tx, team: str, peer: str | None, *, since: datetime) -> tuple[int, int]:
    """How many things from a peer were refused for a team since then, and their bytes together."""
    chosen = (refused.c.team == team) & refused.c.peer.is_not_distinct_from(peer)
    query = select(func.count(), func.coalesce(func.sum(refused.c.size), 0))
    count, size = tx.execute(query.where(chosen, refused.c.at >= since)).one()
    return int(count), int(size)


def forget_before(tx: Tx, *, before: datetime) -> int:
    """Delete older refusals and the small blobs that nothing else names; how many refusals.

    Large ones are files, which no transaction removes: `BlobStore.clear_orphans` finds them.
    """
    gone = tx.execute(delete(refused).where(refused.c.at < before).returning(refused.c.original))
    originals = [row.original for row in gone]
    named = {one for one in originals if one is not None}
    if named:
        tx.execute(delete(small_blobs).where(small_blobs.c.sha256.in_(named - in_use(tx, named))))
    return len(originals)


def _refusals(found: Any) -> tuple[Refusal, ...]:
    return tuple(
        Refusal(
            **{name: getattr(row, name) for name in _REFUSAL},
            problems=tuple(Problem(*one) for one in json.loads(row.problems or "[]")),
        )
        for row in found
    )
