"""The protocol of a delivery under way: claim, begin, point of no return, settle, take back.

`claim_no` rises at each claim and every later write names it, together with a lease that is still
held: a lane that woke too late changes nothing. What a person may do is in `hand`.
"""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, func, insert, select, tuple_, update

from maild.errors import MaildError
from maild.model.delivery import Attempt, Delivery, HoldCode, Outcome, State, moved
from maild.store import connectors, rows
from maild.store.database import Tx
from maild.store.schema import attempts, claimable, deliveries

# Dying this often over one delivery is no chance: its document may kill the process (house.md 2.8).
LOSSES: Final = 3


class Superseded(MaildError):
    """A lane woke too late: its lease was taken back, and what it wanted to write is void."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How one attempt ended, and what becomes of the delivery.

    `not_before` says when it goes again; None leaves it. `charged` counts the attempt.
    """

    state: State
    outcome: Outcome
    now: datetime
    reply: str | None = None
    not_before: datetime | None = None
    reason: str | None = None
    hold_code: HoldCode | None = None
    charged: bool = True


class _Line(NamedTuple):
    """The deliveries of one connector and one priority that wait; `first` is the earliest."""

    via: str
    priority: int
    first: datetime


def claim(
    tx: Tx,
    *,
    now: datetime,
    owner: str,
    lease_until: datetime,
    limit: int,
    busy: Collection[str] = (),
) -> tuple[Delivery, ...]:
    """Lease up to `limit` due deliveries to `owner`, the most urgent first (T2).

    Leaves out connectors that rest or are in `busy`. Nothing is charged yet.
    """
    shut = set(busy) | connectors.paused(tx, now).keys()
    due = [line for line in _lines(tx) if line.via not in shut and line.first <= now]
    found: list[tuple[int, datetime, str]] = []
    for line in due:
        query = (
            select(deliveries.c.not_before, deliveries.c.id)
            .where(claimable, deliveries.c.via == line.via)
            .where(deliveries.c.priority == line.priority, deliveries.c.not_before <= now)
            .order_by(deliveries.c.not_before, deliveries.c.id)
            .limit(limit)
            # Several machines share PostgreSQL one day; SQLAlchemy drops this clause on SQLite.
            .with_for_update(skip_locked=True)
        )
        found += [(-line.priority, row.not_before, row.id) for row in tx.execute(query)]
    chosen = [one for _, _, one in sorted(found)[:limit]]
    return _lease(tx, chosen, owner=owner, lease_until=lease_until)


def oldest_due(tx: Tx, now: datetime) -> datetime | None:
    """When the next delivery that waits may be claimed; None when none waits."""
    rests = connectors.paused(tx, now)
    awake = {via: until for via, (until, _) in rests.items()}
    moments = [max(line.first, awake.get(line.via, line.first)) for line in _lines(tx)]
    return min(moments, default=None)


def renew(tx: Tx, ids: Sequence[str], *, owner: str, lease_until: datetime) -> None:
    """Lengthen the leases that `owner` still holds."""
    held = deliveries.c.id.in_(ids) & (deliveries.c.owner == owner)
    tx.execute(update(deliveries).where(held).values(lease_until=lease_until))


def begin(tx: Tx, delivery: Delivery, *, message: str, now: datetime) -> Attempt:
    """Open the next attempt; `message` is the sha256 of the composed bytes (T3).

    Raises Superseded.
    """
    _write(tx, delivery, {State.SENDING}, message=message, losses=0)
    last = select(func.max(attempts.c.n)).where(attempts.c.delivery == delivery.id)
    attempt = Attempt((tx.execute(last).scalar() or 0) + 1, now, Outcome.OPEN)
    values = {"delivery": delivery.id, "n": attempt.n, "started_at": now, "outcome": "open"}
    tx.execute(insert(attempts), values)
    return attempt


def mark_uncertain(tx: Tx, delivery: Delivery) -> None:
    """Write that the other side may act from now on (T4, before the dot). Raises Superseded."""
    _write(tx, delivery, {State.SENDING}, state=State.UNCERTAIN.value)


def settle(tx: Tx, delivery: Delivery, settled: Settled) -> Delivery:
    """Close the attempt and give the lease back (T5); the delivery as it stands then.

    Raises Superseded, and ValueError for a move that MOVES does not know.
    """
    current = _current(tx, delivery)
    state = settled.state if settled.state is current.state else moved(current.state, settled.state)
    if state is State.SENDING:
        raise ValueError("a delivery is not settled as sending")
    _write(
        tx,
        delivery,
        {current.state},
        state=state.value,
        not_before=settled.not_before or current.not_before,
        reason=settled.reason,
        hold_code=settled.hold_code and settled.hold_code.value,
        tries=current.tries + settled.charged,
        owner=None,
        lease_until=None,
    )
    _close_attempt(tx, delivery.id, settled.outcome, now=settled.now, reply=settled.reply)
    return _get(tx, delivery.id)


def take_back(
    tx: Tx, *, owner: str | None, now: datetime, doubt_pause: timedelta
) -> tuple[Delivery, ...]:
    """Take back leases: those that ran out, or with `owner` all that others hold.

    A daemon that starts and holds the state lock is alone, so whoever holds a lease is dead. What
    was being sent is queued again; what was being composed counts a loss; what had passed the
    point of no return stays uncertain and waits `doubt_pause`.
    """
    leased = deliveries.c.owner.is_not(None)
    gone = deliveries.c.lease_until < now if owner is None else deliveries.c.owner != owner
    found = tx.execute(select(deliveries).where(leased, gone).order_by(deliveries.c.id)).all()
    return tuple(_take_back(tx, row, now=now, doubt_pause=doubt_pause) for row in found)


def with_attempts(tx: Tx, found: Sequence[Any]) -> tuple[Delivery, ...]:
    """The deliveries of these rows, in their order, each with its attempts."""
    tried: dict[str, list[Attempt]] = {row.id: [] for row in found}
    if not tried:
        return ()
    query = select(attempts).where(attempts.c.delivery.in_(tried)).order_by(attempts.c.n)
    for row in tx.execute(query):
        tried[row.delivery].append(rows.to_attempt(row))
    return tuple(rows.to_delivery(row, attempts=tuple(tried[row.id])) for row in found)


def _lines(tx: Tx) -> list[_Line]:
    # Jumps from one (via, priority) to the next along the partial index, so that a long queue of a
    # connector that rests, or of next week's deliveries, costs nothing.
    columns = (deliveries.c.via, deliveries.c.priority, deliveries.c.not_before)
    found: list[_Line] = []
    while True:
        query = select(*columns).where(claimable).order_by(*columns).limit(1)
        if found:
            last = tuple_(found[-1].via, found[-1].priority)
            query = query.where(tuple_(deliveries.c.via, deliveries.c.priority) > last)
        row = tx.execute(query).first()
        if row is None:
            return found
        found.append(_Line(row.via, row.priority, row.not_before))


def _lease(tx: Tx, chosen: list[str], *, owner: str, lease_until: datetime) -> tuple[Delivery, ...]:
    if not chosen:
        return ()
    statement = (
        update(deliveries)
        .where(deliveries.c.id.in_(chosen))
        .values(
            state=State.SENDING.value,
            claim_no=deliveries.c.claim_no + 1,
            owner=owner,
            lease_until=lease_until,
        )
        .returning(deliveries)
    )
    leased = {row.id: row for row in tx.execute(statement)}
    return with_attempts(tx, [leased[one] for one in chosen])


def _is_mine(delivery: Delivery) -> ColumnElement[bool]:
    return (
        (deliveries.c.id == delivery.id)
        & (deliveries.c.claim_no == delivery.claim_no)
        & deliveries.c.owner.is_not(None)
    )


def _current(tx: Tx, delivery: Delivery) -> Delivery:
    row = tx.execute(select(deliveries).where(_is_mine(delivery))).first()
    if row is None:
        raise _superseded(delivery)
    return rows.to_delivery(row)


def _write(tx: Tx, delivery: Delivery, states: Collection[State], **values: Any) -> None:
    mine = _is_mine(delivery) & deliveries.c.state.in_([one.value for one in states])
    if tx.execute(update(deliveries).where(mine).values(values)).rowcount != 1:
        raise _superseded(delivery)


def _superseded(delivery: Delivery) -> Superseded:
    return Superseded(f"claim {delivery.claim_no} of {delivery.id} is not held any more")


def _close_attempt(
    tx: Tx, id: str, outcome: Outcome, *, now: datetime, reply: str | None = None
) -> bool:
    """Close the open attempt; False when none is open."""
    is_open = (attempts.c.delivery == id) & (attempts.c.outcome == Outcome.OPEN.value)
    values = {"outcome": outcome.value, "ended_at": now, "reply": reply}
    return tx.execute(update(attempts).where(is_open).values(values)).rowcount > 0


def _take_back(tx: Tx, row: Any, *, now: datetime, doubt_pause: timedelta) -> Delivery:
    values: dict[str, Any] = {"owner": None, "lease_until": None}
    if row.state == State.UNCERTAIN.value:
        _close_attempt(tx, row.id, Outcome.UNCERTAIN, now=now)
        values["not_before"] = now + doubt_pause
        values["reason"] = "maild stopped before the reply came: it may have arrived"
    elif _close_attempt(tx, row.id, Outcome.LOST, now=now):
        values |= {"state": State.QUEUED.value, "not_before": now}
    elif row.losses + 1 < LOSSES:
        values |= {"state": State.QUEUED.value, "losses": row.losses + 1}
    else:
        values |= {"state": State.HELD.value, "losses": row.losses + 1}
        values["hold_code"] = HoldCode.LOSSES.value
        values["reason"] = f"maild stopped {row.losses + 1} times while it composed this"
    tx.execute(update(deliveries).where(deliveries.c.id == row.id).values(values))
    return _get(tx, row.id)


def _get(tx: Tx, id: str) -> Delivery:
    return with_attempts(tx, tx.execute(select(deliveries).where(deliveries.c.id == id)).all())[0]
