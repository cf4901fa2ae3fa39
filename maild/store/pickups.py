"""Links to packages: made with the mail that carries them, counted, revoked. No link is stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from maild.errors import NotFound
from maild.model.pickup import Pickup
from maild.store.database import Tx
from maild.store.schema import pickups as table
from maild.store.statements import insert_if_absent

_C = table.c
_FIELDS = tuple(Pickup.__dataclass_fields__)


def add(tx: Tx, one: Pickup) -> None:
    """Keep a link, unless its delivery has one."""
    row = {name: getattr(one, name) for name in _FIELDS}
    insert_if_absent(tx, table, row=row, unique=["delivery"])


def of_delivery(tx: Tx, delivery: str) -> Pickup | None:
    """The link that this delivery carries."""
    return _one(tx.execute(select(table).where(_C.delivery == delivery)).first())


def of_document(tx: Tx, document: str) -> tuple[Pickup, ...]:
    """The links to a package, in the order in which they were made."""
    rows = tx.execute(select(table).where(_C.document == document).order_by(_C.id))
    return tuple(_pickup(row) for row in rows)


def find(tx: Tx, token: str) -> Pickup | None:
    """The link whose token has this SHA-256."""
    return _one(tx.execute(select(table).where(_C.token == token)).first())


def listed(tx: Tx, *, team: str | None, limit: int) -> tuple[Pickup, ...]:
    """The links of a team, or of all, the newest first."""
    query = select(table).order_by(_C.id.desc()).limit(limit)
    if team is not None:
        query = query.where(_C.team == team)
    return tuple(_pickup(row) for row in tx.execute(query))


def take(tx: Tx, id_: str, *, now: datetime) -> bool:
    """Count a download; False when the link gives nothing any more."""
    good = (_C.id == id_) & _C.revoked_at.is_(None) & (_C.expires_at > now) & (_C.taken < _C.most)
    return tx.execute(update(table).where(good).values(taken=_C.taken + 1)).rowcount == 1


def revoke(tx: Tx, id_: str, *, by: str, now: datetime) -> Pickup:
    """End a link at once; one that was revoked before stays as it is. Raises NotFound."""
    row = tx.execute(select(table).where(_C.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no link {id_}", hint="`maild pickup list` shows them")
    mine = (_C.id == id_) & _C.revoked_at.is_(None)
    tx.execute(update(table).where(mine).values(revoked_at=now, revoked_by=by))
    return _pickup(row)


def _one(row: Row[Any] | None) -> Pickup | None:
    return None if row is None else _pickup(row)


def _pickup(row: Row[Any]) -> Pickup:
    return Pickup(*(getattr(row, name) for name in _FIELDS))
