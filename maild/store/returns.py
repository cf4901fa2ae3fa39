"""What came back about deliveries, the state that it leaves, and addresses that complained.

What a report means is decided by the caller; nothing is read or sent here.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, bindparam, delete, exists, select, update

from maild.model.delivery import MOVES, Delivery, HoldCode, Outcome, State
from maild.model.returned import Action, Return, Sort
from maild.store import marks
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import attempts, deliveries, documents, events, returns, stopped
from maild.store.statements import insert_if_absent

_KEY: Final = "return key"
_FIELDS: Final = tuple(Return.__dataclass_fields__)
_STOPPED: Final = Prepared(
    select(stopped.c.reason).where(
        stopped.c.team == bindparam("team"), stopped.c.address == bindparam("address")
    )
)


def return_key(tx: Tx, *, now: datetime) -> bytes:
    """The secret that signs return paths, made at the first call; it is in the store and its backups."""
    known = marks.get(tx, _KEY)
    if known is None:
        known = {"key": secrets.token_hex(32)}
        marks.put(tx, _KEY, known, now=now)
    return bytes.fromhex(known["key"])


def add(tx: Tx, delivery: str, one: Return) -> bool:
    """Write what a report meant for a delivery; False when that report was written before."""
    row = {name: getattr(one, name) for name in _FIELDS} | {"delivery": delivery}
    row |= {"sort": one.sort.value, "action": one.action.value}
    return insert_if_absent(tx, returns, row=row, unique=["delivery", "original"])


def of_deliveries(tx: Tx, ids: Sequence[str]) -> dict[str, tuple[Return, ...]]:
    """What came back about each of these deliveries, oldest first."""
    found: dict[str, list[Return]] = {one: [] for one in ids}
    query = select(returns).where(returns.c.delivery.in_(ids)).order_by(returns.c.at, returns.c.id)
    for row in tx.execute(query) if ids else ():
        values = {name: getattr(row, name) for name in _FIELDS}
        values |= {"sort": Sort(row.sort), "action": Action(row.action)}
        found[row.delivery].append(Return(**values))
    return {id_: tuple(each) for id_, each in found.items()}


def move(tx: Tx, delivery: str, state: State, *, reason: str) -> State | None:
    """Let a report change the state of a delivery that no lane holds; the state it had, or None.

    None: it is not in a state that a report may change.
    """
    olds = [old.value for old, news in MOVES.items() if state in news]
    free = (deliveries.c.id == delivery) & deliveries.c.owner.is_(None)
    row = tx.execute(select(deliveries.c.state).where(free, deliveries.c.state.in_(olds))).first()
    if row is None:
        return None
    values = {"state": state.value, "reason": reason, "hold_code": None}
    tx.execute(update(deliveries).where(free).values(values))
    return State(row.state)


def is_held_by_a_lane(tx: Tx, delivery: str) -> bool:
    """Whether a lane works on it at this moment: its own result is about to be written."""
    query = select(deliveries.c.owner).where(deliveries.c.id == delivery)
    return tx.execute(query).scalar() is not None


def sent_as(tx: Tx, names: Collection[str]) -> str | None:
    """The delivery that a provider called by one of these names when it took it."""
    query = select(attempts.c.delivery).where(attempts.c.sent_as.in_(list(names))).limit(1)
    found = tx.execute(query).scalar()
    return None if found is None else str(found)


def numbered(
    tx: Tx, team: str, *, profile: str, since: datetime, limit: int = 200
) -> tuple[tuple[str, str], ...]:
    """Deliveries of a team to inboxes of a profile since then, newest first: (id, document number)."""
    query = (
        select(deliveries.c.id, documents.c.number)
        .join(documents, documents.c.id == deliveries.c.document)
        .where(deliveries.c.team == team, deliveries.c.profile == profile)
        .where(deliveries.c.created_at >= since, documents.c.number.is_not(None))
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return tuple((str(row.id), str(row.number)) for row in tx.execute(query))


def without_receipt(
    tx: Tx, profiles: Collection[str], *, before: datetime, after: datetime, event: str
) -> tuple[Any, ...]:
    """Deliveries handed over to inboxes of these profiles in that time that nobody answered.

    Those for which `event` was written before are left out. Rows of id, team, document, address.
    """
    answered = exists().where(
        returns.c.delivery == deliveries.c.id,
        returns.c.action.in_([Action.ACCEPTED.value, Action.FAILED.value]),
    )
    told = exists().where(events.c.delivery == deliveries.c.id, events.c.event == event)
    handed = and_(
        attempts.c.delivery == deliveries.c.id,
        attempts.c.outcome == Outcome.HANDED_OVER.value,
        attempts.c.ended_at < before,
        attempts.c.ended_at >= after,
    )
    query = (
        select(deliveries.c.id, deliveries.c.team, deliveries.c.document, deliveries.c.address)
        .where(deliveries.c.state.in_([State.HANDED_OVER.value, State.CONFIRMED.value]))
        .where(deliveries.c.profile.in_(list(profiles)))
        .where(exists().where(handed), ~answered, ~told)
        .order_by(deliveries.c.id)
    )
    return tuple(tx.execute(query))


def stop(tx: Tx, team: str, address: str, *, now: datetime, reason: str) -> int:
    """Let nothing more go to an address that complained; how many that waited are held."""
    row = {"team": team, "address": address.lower(), "at": now, "reason": reason}
    insert_if_absent(tx, stopped, row=row, unique=["team", "address"])
    waits = (
        (deliveries.c.team == team)
        & (deliveries.c.state == State.QUEUED.value)
        & (deliveries.c.address.collate("NOCASE") == address)
    )
    values = {"state": State.HELD.value, "hold_code": HoldCode.STOPPED.value, "reason": reason}
    return tx.execute(update(deliveries).where(waits).values(values)).rowcount


def lift(tx: Tx, team: str, address: str) -> bool:
    """Let mail go to an address again; False when it was not stopped."""
    mine = (stopped.c.team == team) & (stopped.c.address == address.lower())
    return tx.execute(delete(stopped).where(mine)).rowcount > 0


def stopped_addresses(tx: Tx) -> tuple[Any, ...]:
    """Every stopped address: rows of team, address, at and reason."""
    return tuple(tx.execute(select(stopped).order_by(stopped.c.team, stopped.c.address)))


def held_if_stopped(tx: Tx, one: Delivery) -> Delivery:
    """A delivery as it is, or held where its address is stopped."""
    if one.state is not State.QUEUED:
        return one
    stop = _STOPPED.first(tx, {"team": one.team, "address": one.address.lower()})
    if stop is None:
        return one
    return replace(one, state=State.HELD, hold_code=HoldCode.STOPPED, reason=stop.reason)
