"""Requests to sign in: asked for, tried, used once. No secret of a mailed one is stored at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update

from maild.store.database import Tx
from maild.store.schema import sign_ins as table


@dataclass(frozen=True, slots=True)
class SignIn:
    """One request. `browser` is the hash of the asking browser's nonce, `token` of a console link."""

    id: str
    email: str
    browser: str | None
    token: str | None
    place: str
    created_at: datetime
    expires_at: datetime
    wrong_codes: int = 0
    used_at: datetime | None = None
    delivery: str | None = None


_FIELDS = tuple(SignIn.__dataclass_fields__)


def add(tx: Tx, one: SignIn) -> None:
    """Keep a request."""
    tx.execute(insert(table).values({name: getattr(one, name) for name in _FIELDS}))


def get(tx: Tx, id_: str) -> SignIn | None:
    """A request by id."""
    return _one(tx.execute(select(table).where(table.c.id == id_)).first())


def of_delivery(tx: Tx, delivery: str) -> SignIn | None:
    """The request whose mail this delivery carries."""
    return _one(tx.execute(select(table).where(table.c.delivery == delivery)).first())


def use(tx: Tx, id_: str, *, most_wrong: int, now: datetime) -> bool:
    """Use a request up; False when it was used, is too old, or met too many wrong codes."""
    good = (
        (table.c.id == id_)
        & (table.c.used_at.is_(None))
        & (table.c.expires_at > now)
        & (table.c.wrong_codes < most_wrong)
    )
    return tx.execute(update(table).where(good).values(used_at=now)).rowcount == 1


def count_wrong(tx: Tx, id_: str) -> None:
    """Note that a wrong code was given."""
    mine = update(table).where(table.c.id == id_)
    tx.execute(mine.values(wrong_codes=table.c.wrong_codes + 1))


def asked_since(tx: Tx, *, email: str, place: str, since: datetime) -> tuple[int, int]:
    """How often was asked since then: for this address, and from this place."""
    count = select(func.count()).select_from(table).where(table.c.created_at > since)
    mine = tx.execute(count.where(table.c.email == email)).scalar_one()
    near = tx.execute(count.where(table.c.place == place)).scalar_one()
    return int(mine), int(near)


def forget(tx: Tx, *, before: datetime) -> None:
    """Drop older requests."""
    tx.execute(delete(table).where(table.c.created_at < before))


def _one(row: Row[Any] | None) -> SignIn | None:
    return None if row is None else SignIn(*(getattr(row, name) for name in _FIELDS))
