"""Who works on which delivery: claim, renew, take back.

`claim_no` rises at each claim. What the holder of a lease writes is in `attempts`, what a person
may do in `hand`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import bindparam, select, update

from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.store import attempts, connectors
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import claimable, deliveries

# Dying this often while this one delivery was composed, and no other, is no chance: its document may
# kill the process (house.md 2.8). A death over several charges none of them, since it does not say
# which; the next daemon composes those one by one, and then it does.
LOSSES: Final = 3
# Before it is composed again, for each time: whatever restarts maild must not run it into the same
# document at once, and the others get out meanwhile.
LOSS_PAUSE: Final = timedelta(seconds=30)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)

_column: Final = deliveries.c
_first: Final = (
    select(_column.via, _column.priority, _column.not_before)
    .where(claimable)
    .order_by(_column.via, _column.priority, _column.not_before)
    .limit(1)
)
_FIRST: Final = Prepared(_first)
# In two steps: SQLite seeks (via, priority) > (?, ?) by >= and reads all that are equal.
_NEXT_PRIORITY: Final = Prepared(
    _first.where(_column.via == bindparam("at"), _column.priority > bindparam("after"))
)
_NEXT_VIA: Final = Prepared(_first.where(_column.via > bindparam("at")))
_DUE: Final = Prepared(
    select(_column.not_before, _column.id)
    .where(claimable, _column.via == bindparam("via"), _column.priority == bindparam("priority"))
    .where(_column.not_before <= bindparam("now"))
    .order_by(_column.not_before, _column.id)
    .limit(bindparam("most"))
    # Several machines share PostgreSQL one day; SQLAlchemy drops this clause on SQLite.
    .with_for_update(skip_locked=True)
)
_LEASE: Final = Prepared(
    update(deliveries)
    .where(_column.id == bindparam("chosen"))
    .values(
        state=State.SENDING.value,
        claim_no=_column.claim_no + 1,
        owner=bindparam("holder"),
        lease_until=bindparam("until"),
    )
    .returning(deliveries)
)


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
    but: Collection[str] = (),
) -> tuple[Delivery, ...]:
    """Lease up to `limit` due deliveries to `owner`, the most urgent first (T2).

    Leaves out connectors that rest or are in `busy`, and the deliveries in `but`, which are few.
    Nothing is charged yet.
    """
    shut = set(busy) | connectors.paused(tx, now).keys()
    found: list[tuple[int, datetime, str]] = []
    for line in _lines(tx):
        if line.via in shut or line.first > now:
            continue
        asked = {"via": line.via, "priority": line.priority, "now": now, "most": limit + len(but)}
        due = _DUE.rows(tx, asked)
        found += [(-line.priority, row.not_before, row.id) for row in due if row.id not in but]
    chosen = [id for _, _, id in sorted(found)[:limit]]  # noqa: A001 - the word of the trade
    lease = {"holder": owner, "until": lease_until}
    leased = [row for one in chosen for row in _LEASE.rows(tx, lease | {"chosen": one})]
    return attempts.with_attempts(tx, leased)


def claim_one(
    tx: Tx,
    *,
    id: str,  # noqa: A002 - what callers name it by
    now: datetime,
    owner: str,
    lease_until: datetime,
) -> Delivery | None:
    """Lease this delivery; None when it is not due, or its connector rests."""
    if due_at(tx, ids=[id], now=now).get(id, ("", _NEVER))[1] > now:
        return None
    row = _LEASE.first(tx, {"chosen": id, "holder": owner, "until": lease_until})
    return None if row is None else attempts.with_attempts(tx, [row])[0]


def due_at(tx: Tx, *, ids: Collection[str], now: datetime) -> dict[str, tuple[str, datetime]]:
    """By which connector those of these that wait go, and when they may be claimed."""
    rests = connectors.paused(tx, now)
    query = select(_column.id, _column.via, _column.not_before).where(claimable)
    found = tx.execute(query.where(_column.id.in_(ids)).order_by(_column.not_before, _column.id))
    return {
        row.id: (row.via, max(row.not_before, rests.get(row.via, (row.not_before,))[0]))
        for row in found
    }


def lost_before(tx: Tx) -> tuple[str, ...]:
    """What waits and killed a daemon while it was composed alone, as far as is known."""
    found = tx.execute(select(_column.id).where(claimable, _column.losses > 0))
    return tuple(str(one) for one in found.scalars())


def oldest_due(tx: Tx, now: datetime) -> datetime | None:
    """When the next delivery that waits may be claimed; None when none waits."""
    rests = connectors.paused(tx, now)
    awake = {via: until for via, (until, _) in rests.items()}
    moments = [max(line.first, awake.get(line.via, line.first)) for line in _lines(tx)]
    return min(moments, default=None)


def renew(tx: Tx, ids: Sequence[str], *, owner: str, lease_until: datetime) -> None:
    """Lengthen the leases that `owner` still holds."""
    held = _column.id.in_(ids) & (_column.owner == owner)
    tx.execute(update(deliveries).where(held).values(lease_until=lease_until))


def bring_forward(tx: Tx, *, now: datetime, longest: timedelta) -> int:
    """Make due what waits for its next try for longer than any pause lasts; how many that were.

    Such times were written while the clock stood ahead. What was never composed waits for its own
    time, which a rule may have put far away.
    """
    waits = claimable & _column.message.is_not(None) & (_column.not_before > now + longest)
    return tx.execute(update(deliveries).where(waits).values(not_before=now)).rowcount


def take_back(
    tx: Tx,
    *,
    owner: str | None,
    now: datetime,
    doubt_pause: timedelta,
    loss_pause: timedelta = LOSS_PAUSE,
) -> tuple[Delivery, ...]:
    """Take back leases: those that ran out, or with `owner` all that others hold.

    A daemon that starts and holds the state lock is alone, so whoever holds a lease is dead. What
    was being sent is queued again; what was being composed, alone, counts a loss and rests
    `loss_pause` for each; what had passed the point of no return stays uncertain and waits
    `doubt_pause`.
    """
    gone = _column.lease_until < now if owner is None else _column.owner != owner
    query = select(deliveries).where(_column.owner.is_not(None), gone).order_by(_column.id)
    found = tx.execute(query).all()
    composed = [row.id for row in found if not _close_attempt(tx, row, now=now)]
    for row in found:
        if row.id in composed:
            rested = now + loss_pause * (row.losses + 1) if len(composed) == 1 else None
            values = _after_composing(row, rested=rested)
        else:
            values = _after_sending(row, now=now, doubt_pause=doubt_pause)
        values |= {"owner": None, "lease_until": None}
        tx.execute(update(deliveries).where(_column.id == row.id).values(values))
    return tuple(attempts.get(tx, row.id) for row in found)


def _lines(tx: Tx) -> list[_Line]:
    # Jumps from one (via, priority) to the next along the partial index, so that a long queue of a
    # connector that rests, or of next week's deliveries, costs nothing.
    found: list[_Line] = []
    row = _FIRST.first(tx, {})
    while row is not None:
        found.append(_Line(row.via, row.priority, row.not_before))
        at = {"at": row.via, "after": row.priority}
        row = _NEXT_PRIORITY.first(tx, at) or _NEXT_VIA.first(tx, at)
    return found


def _close_attempt(tx: Tx, row: Any, *, now: datetime) -> bool:
    """Close what a dead lane left open; False when it had opened nothing: it was composing."""
    uncertain = row.state == State.UNCERTAIN.value
    closed = attempts.close(tx, row.id, Outcome.UNCERTAIN if uncertain else Outcome.LOST, now=now)
    return closed or uncertain


def _after_sending(row: Any, *, now: datetime, doubt_pause: timedelta) -> dict[str, Any]:
    """What becomes of a delivery whose lane died with an attempt open."""
    if row.state == State.UNCERTAIN.value:
        reason = "maild stopped before the reply came: it may have arrived"
        return {"not_before": now + doubt_pause, "reason": reason}
    return {"state": State.QUEUED.value, "not_before": now}


def _after_composing(row: Any, *, rested: datetime | None) -> dict[str, Any]:
    """What becomes of a delivery whose lane died while it composed the message.

    `rested` is when it may be composed again, and None where nobody knows which of several it was.
    """
    if rested is None:
        return {"state": State.QUEUED.value}
    losses = row.losses + 1
    if losses < LOSSES:
        return {"state": State.QUEUED.value, "losses": losses, "not_before": rested}
    return {
        "state": State.HELD.value,
        "losses": losses,
        "hold_code": HoldCode.LOSSES.value,
        "reason": f"maild stopped {losses} times while it composed this",
    }
