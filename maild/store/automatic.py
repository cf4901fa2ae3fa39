"""Automatic exports of partners: switched on, ended with all that was still to come. Rows are never deleted."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, insert, select, update

from maild.errors import NotFound
from maild.model.access import LinkState, Right
from maild.model.automatic import ENDED_BY, Automatic, Often
from maild.model.delivery import State
from maild.model.document import Kind
from maild.model.run import OPEN, RunState
from maild.model.said import Said
from maild.store import deliveries, runs
from maild.store.database import Tx
from maild.store.schema import automatic as table
from maild.store.schema import deliveries as sent
from maild.store.schema import links, partners

_FIELDS: Final = frozenset(Automatic.__dataclass_fields__) - {"office"}
_STILL_TO_GO: Final = (State.QUEUED.value, State.HELD.value)
_MOST_RUNS: Final = 100


def add(tx: Tx, one: Automatic) -> None:
    """Keep a new one."""
    row = {name: getattr(one, name) for name in _FIELDS}
    kinds = ",".join(sorted(kind.value for kind in one.kinds))
    tx.execute(insert(table).values(row | {"kinds": kinds, "often": one.often.value}))


def get(tx: Tx, id_: str) -> Automatic:
    """One by id. Raises NotFound."""
    row = tx.execute(_all().where(table.c.id == id_)).first()
    if row is None:
        raise NotFound(f"there is no automatic export {id_}")
    return _automatic(row)


def of_team(tx: Tx, team: str) -> tuple[Automatic, ...]:
    """What is switched on for a team, the oldest first."""
    query = _all().where(table.c.team == team, table.c.ended_at.is_(None))
    return tuple(_automatic(row) for row in tx.execute(query.order_by(table.c.id)))


def names(tx: Tx, team: str) -> frozenset[str]:
    """The names that were ever given in a team: packages that were made are known by them."""
    return frozenset(tx.execute(select(table.c.name).where(table.c.team == team)).scalars())


def in_force(tx: Tx) -> tuple[Automatic, ...]:
    """Everything that is switched on and that a link still allows, less the kinds that it does not."""
    query = _all().add_columns(links.c.rights).where(table.c.ended_at.is_(None))
    tied = (links.c.team == table.c.team) & (links.c.partner == table.c.partner)
    query = query.join(links, tied).where(links.c.state == LinkState.ACTIVE.value)
    found = []
    for row in tx.execute(query.order_by(table.c.id)):
        rights = row.rights.split(",")
        one = _automatic(row)
        kinds = frozenset(kind for kind in one.kinds if _shows(rights, kind))
        if Right.AUTO in rights and kinds:
            found.append(replace(one, kinds=kinds))
    return tuple(found)


def end(tx: Tx, one: Automatic, *, by: str, now: datetime) -> int:
    """Switch one off, with what of it was still to come; how many deliveries were called off."""
    mine = (table.c.id == one.id) & table.c.ended_at.is_(None)
    tx.execute(update(table).where(mine).values(ended_at=now, ended_by=by))
    return call_off(tx, one, by=by, now=now)


def end_of_partner(tx: Tx, team: str, partner: str, *, by: str, now: datetime) -> None:
    """Switch off everything of an office for a team: its link has ended."""
    for one in of_team(tx, team):
        if one.partner == partner:
            end(tx, one, by=by, now=now)


def call_off(tx: Tx, one: Automatic, *, by: str, now: datetime) -> int:
    """Let nothing go that was still to come of one; how many deliveries that were."""
    reason = Said("automatic_ended", f"{ENDED_BY}{by}", by=by)
    for run in runs.of_schedule(tx, f"{one.team}/{one.name}", limit=_MOST_RUNS):
        if run.state in OPEN:
            runs.settle(tx, run, state=RunState.SKIPPED, result=reason, now=now)
    query = select(sent.c.id).where(
        sent.c.team == one.team, sent.c.state.in_(_STILL_TO_GO), sent.c.recipient == one.name
    )
    ids: Collection[str] = tx.execute(query).scalars().all()
    for id_ in ids:
        deliveries.cancel(tx, id_, now=now, reason=reason)
    return len(ids)


def _all() -> Select[Any]:
    return select(table, partners.c.name.label("office")).join(
        partners, partners.c.id == table.c.partner
    )


def _shows(rights: Collection[str], kind: Kind) -> bool:
    return kind.direction is not None and kind.direction.value in rights


def _automatic(row: Row[Any]) -> Automatic:
    values = {name: getattr(row, name) for name in _FIELDS}
    kinds = frozenset(Kind(one) for one in row.kinds.split(","))
    return Automatic(**values | {"office": row.office, "kinds": kinds, "often": Often(row.often)})
