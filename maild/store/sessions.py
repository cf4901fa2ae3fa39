"""Signed-in browsers: rows, so that each can be seen and ended on this side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from maild.model.access import Factor, Session
from maild.store.database import Tx
from maild.store.schema import sessions as table

_FIELDS = tuple(Session.__dataclass_fields__)


def add(tx: Tx, one: Session, *, token: str) -> None:
    """Keep a session; `token` is the SHA-256 of what the browser holds."""
    row = {name: getattr(one, name) for name in _FIELDS}
    tx.execute(insert(table).values(row | {"token": token, "factor": one.factor.value}))


def find(tx: Tx, token: str) -> Session | None:
    """The session of a browser by the SHA-256 of what it holds, whether over or not."""
    row = tx.execute(select(table).where(table.c.token == token)).first()
    return None if row is None else _session(row)


def seen(tx: Tx, id_: str, *, now: datetime) -> None:
    """Note that a session was used."""
    tx.execute(update(table).where(table.c.id == id_).values(seen_at=now))


def of_person(tx: Tx, person: str, *, now: datetime) -> tuple[Session, ...]:
    """The sessions of a person that are not over by their end, the last used first."""
    mine = (table.c.person == person) & (table.c.expires_at > now)
    rows = tx.execute(select(table).where(mine).order_by(table.c.seen_at.desc()))
    return tuple(_session(row) for row in rows)


def end(tx: Tx, id_: str, *, person: str) -> bool:
    """End a session of this person; False when he has none of that id."""
    mine = (table.c.id == id_) & (table.c.person == person)
    return tx.execute(delete(table).where(mine)).rowcount == 1


def end_all(tx: Tx, person: str) -> None:
    """End every session of a person."""
    tx.execute(delete(table).where(table.c.person == person))


def forget(tx: Tx, *, before: datetime) -> None:
    """Drop those whose end has passed."""
    tx.execute(delete(table).where(table.c.expires_at < before))


def _session(row: Row[Any]) -> Session:
    values: dict[str, Any] = {name: getattr(row, name) for name in _FIELDS}
    return Session(**(values | {"factor": Factor(row.factor)}))
