"""Browsers in which somebody was signed in before, so that he can be told of another one.

Nobody gets in by them: they are no factor.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select, update

from maild.store.database import Tx
from maild.store.schema import devices as table
from maild.store.statements import insert_if_absent


def is_another(tx: Tx, person: str, *, mark: str) -> bool:
    """Whether somebody who was signed in before never was in the browser of this mark."""
    mine = table.c.person == person
    known = exists().where(mine & (table.c.mark == mark))
    return bool(tx.execute(select(exists().where(mine) & ~known)).scalar_one())


def seen(tx: Tx, person: str, *, mark: str, now: datetime) -> None:
    """Know a browser of a person."""
    row = {"person": person, "mark": mark, "seen_at": now}
    if not insert_if_absent(tx, table, row=row, unique=["person", "mark"]):
        mine = (table.c.person == person) & (table.c.mark == mark)
        tx.execute(update(table).where(mine).values(seen_at=now))


def forget(tx: Tx, *, before: datetime) -> None:
    """Drop those that were not used since then."""
    tx.execute(delete(table).where(table.c.seen_at < before))
