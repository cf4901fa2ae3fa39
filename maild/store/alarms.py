"""Alarms that stand: opened once, told, closed when the trouble is gone.

What is trouble is looked for in `maild.watch`; two of its questions to the outbox are asked here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import exists, func, insert, or_, select, update

from maild.model.alarm import Alarm
from maild.model.delivery import HoldCode, Outcome, State
from maild.store.database import Tx
from maild.store.schema import alarms as table
from maild.store.schema import attempts, deliveries

_OPEN: Final = table.c.closed_at.is_(None)
_SHOWN: Final = (table.c.key, table.c.reason, table.c.opened_at, table.c.told_at, table.c.told_by)
_OPEN_STATES: Final = (State.QUEUED, State.SENDING, State.UNCERTAIN)
# Faults of ours: the other codes are what somebody wanted, or are told to the team.
_OURS: Final = (HoldCode.BUG.value, HoldCode.LOSSES.value)


def standing(tx: Tx) -> tuple[Alarm, ...]:
    """Every alarm that stands, oldest first."""
    found = tx.execute(select(*_SHOWN).where(_OPEN).order_by(table.c.id))
    return tuple(Alarm(*row) for row in found)


def reconcile(
    tx: Tx, found: Mapping[str, str], *, kinds: Collection[str], now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Make the alarms of these kinds those that were found: the keys opened, and those closed.

    `found` has a reason for each key. One that stands keeps its time and learns its newest reason.
    """
    known = {one.key: one for one in standing(tx) if one.key.partition(":")[0] in kinds}
    for key, reason in found.items():
        if key not in known:
            tx.execute(insert(table).values(key=key, reason=reason, opened_at=now))
        elif known[key].reason != reason:
            tx.execute(update(table).where(_OPEN, table.c.key == key).values(reason=reason))
    gone = tuple(key for key in known if key not in found)
    if gone:
        tx.execute(update(table).where(_OPEN, table.c.key.in_(gone)).values(closed_at=now))
    return tuple(key for key in found if key not in known), gone


def untold(tx: Tx, *, before: datetime) -> tuple[Alarm, ...]:
    """Alarms that nobody was told of, or not since `before`."""
    due = or_(table.c.told_at.is_(None), table.c.told_at <= before)
    found = tx.execute(select(*_SHOWN).where(_OPEN, due).order_by(table.c.id))
    return tuple(Alarm(*row) for row in found)


def mark_told(tx: Tx, keys: Collection[str], *, by: str, now: datetime) -> None:
    """Note that a person was told of these, and on which road."""
    mine = table.c.key.in_(list(keys))
    tx.execute(update(table).where(_OPEN, mine).values(told_at=now, told_by=by))


def held_by_faults(tx: Tx) -> tuple[Any, ...]:
    """Deliveries that are held by a fault of ours, by team. Rows of team, n, newest."""
    query = (
        select(
            deliveries.c.team, func.count().label("n"), func.max(deliveries.c.id).label("newest")
        )
        .where(deliveries.c.state == State.HELD.value, deliveries.c.hold_code.in_(_OURS))
        .group_by(deliveries.c.team)
    )
    return tuple(tx.execute(query))


def waits_for(tx: Tx, via: str) -> bool:
    """Whether any delivery waits for a connector, or is being tried there."""
    open_ = deliveries.c.state.in_([one.value for one in _OPEN_STATES])
    query = select(deliveries.c.id).where(open_, deliveries.c.via == via).limit(1)
    return tx.execute(query).first() is not None


def stuck(tx: Tx, *, before: datetime) -> tuple[Any, ...]:
    """Deliveries that wait since `before`, by connector. Rows of via, n, oldest.

    A connector that rests moves their time along at each try, so that time alone does not show it:
    one that a resting connector kept back before then is stuck too.
    """
    kept_back = exists().where(
        attempts.c.delivery == deliveries.c.id,
        attempts.c.outcome == Outcome.PAUSED.value,
        attempts.c.started_at <= before,
    )
    query = (
        select(deliveries.c.via, func.count().label("n"), func.min(deliveries.c.id).label("oldest"))
        .where(deliveries.c.state == State.QUEUED.value)
        .where(or_(deliveries.c.not_before <= before, kept_back))
        .group_by(deliveries.c.via)
    )
    return tuple(tx.execute(query))
