"""The attempts of deliveries, and what the lane that holds a delivery writes about one.

Begin, point of no return, settle: each write names the claim and needs a lease that is still held,
so a lane that woke too late changes nothing. Claiming and taking back are in `leases`.
"""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from maild.errors import MaildError, NotFound
from maild.model.delivery import MOVES, Attempt, Delivery, HoldCode, Outcome, State
from maild.model.sent_as import sent_as
from maild.store import rows
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import attempts, deliveries

# Statements are built once: building one costs five times what running it does (bench/store.py).
_BY_ID: Final = Prepared(select(deliveries).where(deliveries.c.id == bindparam("which")))
_OF: Final = (
    select(attempts)
    .where(attempts.c.delivery.in_(bindparam("deliveries", expanding=True)))
    .order_by(attempts.c.delivery, attempts.c.n)
)
_OPEN: Final = Prepared(
    insert(attempts), columns=("delivery", "n", "started_at", "outcome", "reply", "ended_at")
)
_CLOSE: Final = Prepared(
    update(attempts)
    .where(attempts.c.delivery == bindparam("which"), attempts.c.outcome == Outcome.OPEN.value)
    .values(
        outcome=bindparam("now_is"),
        ended_at=bindparam("at"),
        reply=bindparam("said"),
        sent_as=bindparam("named"),
    )
)
_MINE: Final = (
    (deliveries.c.id == bindparam("which"))
    & (deliveries.c.claim_no == bindparam("claim"))
    & deliveries.c.owner.is_not(None)
)
_BEGIN: Final = Prepared(
    update(deliveries)
    .where(_MINE, deliveries.c.state == State.SENDING.value)
    .values(message=bindparam("composed"), losses=0)
)
_UNCERTAIN: Final = Prepared(
    update(deliveries)
    .where(_MINE, deliveries.c.state == State.SENDING.value)
    .values(state=State.UNCERTAIN.value)
)
_BEGIN_UNCERTAIN: Final = Prepared(
    update(deliveries)
    .where(_MINE, deliveries.c.state == State.SENDING.value)
    .values(state=State.UNCERTAIN.value, message=bindparam("composed"), losses=0)
)
_IS_OPEN: Final = Prepared(
    select(attempts.c.n).where(
        attempts.c.delivery == bindparam("which"), attempts.c.outcome == Outcome.OPEN.value
    )
)
_SETTLE: Final = Prepared(
    update(deliveries)
    .where(_MINE, deliveries.c.state.in_([bindparam("from_state"), bindparam("or_state")]))
    .values(
        state=bindparam("to_state"),
        not_before=func.coalesce(
            bindparam("again_at", type_=deliveries.c.not_before.type), deliveries.c.not_before
        ),
        reason=bindparam("why"),
        told=bindparam("told"),
        hold_code=bindparam("code"),
        tries=deliveries.c.tries + bindparam("charge"),
        owner=None,
        lease_until=None,
    )
)


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


def get(tx: Tx, id: str) -> Delivery:
    """The delivery of that id with its attempts. Raises NotFound."""
    found = _BY_ID.rows(tx, {"which": id})
    if not found:
        raise NotFound(f'there is no delivery "{id}"', hint="`maild queue list` shows them")
    return with_attempts(tx, found)[0]


def with_attempts(tx: Tx, found: Sequence[Any]) -> tuple[Delivery, ...]:
    """The deliveries of these rows, in their order, each with its attempts."""
    tried: dict[str, list[Attempt]] = {row.id: [] for row in found}
    # `begin` opens an attempt and names its message in one transaction: without one there is none.
    begun = [row.id for row in found if row.message is not None]
    for row in tx.execute(_OF, {"deliveries": begun}) if begun else ():
        tried[row.delivery].append(rows.to_attempt(row))
    return tuple(rows.to_delivery(row, attempts=tuple(tried[row.id])) for row in found)


def begin(tx: Tx, delivery: Delivery, *, message: str, now: datetime) -> Attempt:
    """Open the next attempt; `message` is the sha256 of the composed bytes (T3).

    `delivery` is as it was claimed. Raises Superseded.
    """
    return _open(tx, delivery, by=_BEGIN, message=message, now=now)


def begin_uncertain(tx: Tx, delivery: Delivery, *, message: str, now: datetime) -> Attempt:
    """`begin` and `mark_uncertain` in one (T3 and T4, before the dot). Raises Superseded."""
    return _open(tx, delivery, by=_BEGIN_UNCERTAIN, message=message, now=now)


def is_open(tx: Tx, id: str) -> bool:
    """Whether an attempt of that delivery is under way."""
    return _IS_OPEN.first(tx, {"which": id}) is not None


def next_number(delivery: Delivery) -> int:
    """The number of the attempt that follows those that `delivery` was claimed with."""
    return max((one.n for one in delivery.attempts), default=0) + 1


def mark_uncertain(tx: Tx, delivery: Delivery) -> None:
    """Write that the other side may act from now on (T4, before the dot). Raises Superseded."""
    mine = {"which": delivery.id, "claim": delivery.claim_no}
    if _UNCERTAIN.change(tx, mine) != 1:
        raise _superseded(delivery)


def settle(tx: Tx, delivery: Delivery, settled: Settled) -> None:
    """Close the attempt and give the lease back (T5).

    Raises Superseded, and ValueError for a move that MOVES does not know.
    """
    under_way = _under_way_to(settled.state)
    values = {
        "which": delivery.id,
        "claim": delivery.claim_no,
        "from_state": under_way[0],
        "or_state": under_way[-1],
        "to_state": settled.state.value,
        "again_at": settled.not_before,
        "why": settled.reason,
        "told": rows.told_of(settled.reason),
        "code": settled.hold_code and settled.hold_code.value,
        "charge": int(settled.charged),
    }
    if _SETTLE.change(tx, values) != 1:
        raise _superseded(delivery)
    close(tx, delivery.id, settled.outcome, now=settled.now, reply=settled.reply)


def close(tx: Tx, id: str, outcome: Outcome, *, now: datetime, reply: str | None = None) -> bool:
    """Close the open attempt of a delivery; False when none is open."""
    values = {"which": id, "now_is": outcome.value, "at": now, "said": reply}
    values["named"] = sent_as(reply)
    return _CLOSE.change(tx, values) > 0


def _open(tx: Tx, delivery: Delivery, *, by: Prepared, message: str, now: datetime) -> Attempt:
    mine = {"which": delivery.id, "claim": delivery.claim_no}
    if by.change(tx, mine | {"composed": message}) != 1:
        raise _superseded(delivery)
    attempt = Attempt(next_number(delivery), now, Outcome.OPEN)
    _OPEN.change(tx, rows.of_attempt(delivery.id, attempt))
    return attempt


def _under_way_to(state: State) -> list[str]:
    """The states of a delivery under way that may become `state`; uncertain may stay so."""
    if state in {State.CONFIRMED, State.BOUNCED}:
        raise ValueError(f"no delivery is settled as {state}; reports say so later")
    under_way = (State.SENDING, State.UNCERTAIN)
    found = [old.value for old in under_way if state in MOVES[old] or old is state]
    if state is State.SENDING or not found:
        raise ValueError(f"no delivery is settled as {state}")
    return found


def _superseded(delivery: Delivery) -> Superseded:
    return Superseded(f"claim {delivery.claim_no} of {delivery.id} is not held any more")
