"""Mails that are kept and not read yet: add, take up, drop. What becomes of them is not known here."""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, select, update

from maild.store.database import Tx
from maild.store.schema import undecided as table

# Between two tries; doubles up to the longest.
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=1)

# A restart forgets the pause of what was tried less often: it was cut short, and is not to blame.
INNOCENT: Final = 2

_ADD: Final = insert(table)
_DROP: Final = delete(table).where(table.c.id == bindparam("the_id"))
_TAKEN: Final = update(table).where(table.c.id == bindparam("the_id"))


@dataclass(frozen=True, slots=True)
class Undecided:
    """A mail as it was handed in; `tries` counts how often somebody began to read it."""

    id: str
    team: str
    door: str
    received_at: datetime
    sender: str | None
    recipient: str | None
    tag: str | None
    peer: str | None
    original: str
    size: int
    tries: int = 0


_COLUMNS: Final = tuple(Undecided.__dataclass_fields__)


def add(tx: Tx, one: Undecided) -> None:
    """Write that it is to be read."""
    row = {name: getattr(one, name) for name in _COLUMNS}
    tx.execute(_ADD, row | {"not_before": one.received_at})


def take(tx: Tx, *, now: datetime, limit: int) -> tuple[Undecided, ...]:
    """What is due, oldest first, each with one more try; it is due again after a pause.

    The try is counted before it is made, so that what kills its reader is found out.
    """
    due = select(table).where(table.c.not_before <= now).order_by(table.c.id).limit(limit)
    found = [Undecided(*(getattr(row, name) for name in _COLUMNS)) for row in tx.execute(due)]
    if found:
        tx.execute(
            _TAKEN.values(tries=bindparam("n"), not_before=bindparam("then")),
            [{"the_id": one.id, "n": one.tries + 1, "then": now + _pause(one)} for one in found],
        )
    return tuple(found)


def revive(tx: Tx, *, now: datetime) -> int:
    """Make due what an earlier process left behind; how many wait in all."""
    innocent = table.c.tries <= INNOCENT
    tx.execute(update(table).where(innocent).values(not_before=now))
    return count(tx)


def drop(tx: Tx, id: str) -> None:
    """Forget one that was decided; one that is not there is no fault."""
    tx.execute(_DROP, {"the_id": id})


def next_due(tx: Tx) -> datetime | None:
    """When the next one is due."""
    found: datetime | None = tx.execute(select(func.min(table.c.not_before))).scalar()
    return found


def count(tx: Tx) -> int:
    """How many are not decided."""
    return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def _pause(one: Undecided) -> timedelta:
    return min(FIRST_PAUSE * (1 << min(one.tries, 10)), LONGEST_PAUSE)
