"""Links between teams and partners: asked, accepted, ended. Rows are never deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from maild.errors import NotFound
from maild.model.access import Link, LinkState, Right
from maild.store.database import Tx
from maild.store.schema import links as table

OPEN = (LinkState.INVITED, LinkState.ASKED, LinkState.ACTIVE)


def add(tx: Tx, link: Link) -> None:
    """Keep a new link."""
    row = {name: getattr(link, name) for name in Link.__dataclass_fields__}
    tx.execute(insert(table).values(row | {"rights": _text(link.rights), "state": link.state}))


def get(tx: Tx, id_: str) -> Link:
    """A link by id. Raises NotFound."""
    row = tx.execute(select(table).where(table.c.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no link {id_}")
    return _link(row)


def of_team(tx: Tx, team: str) -> tuple[Link, ...]:
    """Every link that a team has or had, the newest first."""
    rows = tx.execute(select(table).where(table.c.team == team).order_by(table.c.id.desc()))
    return tuple(_link(row) for row in rows)


def of_partner(tx: Tx, partner: str, *, states: Iterable[LinkState] = OPEN) -> tuple[Link, ...]:
    """The links of an office in these states, by team."""
    mine = (table.c.partner == partner) & table.c.state.in_(list(states))
    return tuple(_link(row) for row in tx.execute(select(table).where(mine).order_by(table.c.team)))


def invitations(tx: Tx, email: str, *, now: datetime) -> tuple[Link, ...]:
    """What teams offer to whoever reads this mailbox, and nobody has answered."""
    mine = (table.c.email == email.lower()) & (table.c.state == LinkState.INVITED)
    rows = tx.execute(select(table).where(mine, table.c.expires_at > now).order_by(table.c.id))
    return tuple(_link(row) for row in rows)


def is_invited(tx: Tx, email: str) -> bool:
    """Whether a team ever invited this address and nobody has answered yet."""
    mine = (table.c.email == email.lower()) & (table.c.state == LinkState.INVITED)
    return tx.execute(select(table.c.id).where(mine).limit(1)).first() is not None


def move(tx: Tx, link: Link, new: Link) -> Link:
    """Write what became of a link, unless it became something else meanwhile. Raises NotFound."""
    mine = (table.c.id == link.id) & (table.c.state == link.state)
    values = {
        "partner": new.partner,
        "rights": _text(new.rights),
        "state": new.state,
        "decided_at": new.decided_at,
        "ended_at": new.ended_at,
        "ended_by": new.ended_by,
    }
    if tx.execute(update(table).where(mine).values(values)).rowcount != 1:
        raise NotFound(f"the link {link.id} is {link.state} no more", hint="look at it again")
    return replace(new)


def _text(rights: Iterable[Right]) -> str:
    return ",".join(sorted(rights))


def _link(row: Row[Any]) -> Link:
    return Link(
        id=row.id,
        team=row.team,
        partner=row.partner,
        email=row.email,
        rights=frozenset(Right(one) for one in row.rights.split(",") if one),
        state=LinkState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
        expires_at=row.expires_at,
        decided_at=row.decided_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )
