"""What becomes of a delivery after one try: each fault turned into the row it leaves.

Pure: nothing is written or sent here. The table is mail.md 6.4 and house.md 2.10.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from maild.errors import (
    Deferred,
    DocumentError,
    Doubtful,
    ProfileMismatch,
    Refused,
    RoadClosed,
    Unavailable,
)
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.outbox import retry
from maild.store.deliveries import Settled
from maild.store.faults import StoreUnavailable

# How long a delivery waits when our own disk or database would not take it.
OWN_TROUBLE = timedelta(minutes=1)
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM})


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient one lane is. `hold_uncertain`: a person decides about what may have arrived."""

    pauses: tuple[timedelta, ...] = retry.PAUSES
    deadline: timedelta = retry.DEADLINE
    doubt_pause: timedelta = timedelta(minutes=15)
    hold_uncertain: bool = False
    delay_notice: timedelta = retry.LATE


@dataclass(frozen=True, slots=True)
class Try:
    """One try that ended: the delivery as claimed, when it began and ended (aware UTC)."""

    delivery: Delivery
    started_at: datetime
    now: datetime


def handed_over(one: Try, reply: str) -> Settled:
    """The next server took it."""
    return Settled(State.HANDED_OVER, Outcome.HANDED_OVER, one.now, reply=reply)


def after(one: Try, fault: BaseException, *, policy: Policy, rng: Random) -> Settled | None:
    """What a fault makes of a delivery; None for a bug of ours, which `from_bug` settles."""
    match fault:
        case Unavailable():
            return _uncharged(one, Outcome.PAUSED, fault.reply, pause=timedelta(0))
        case RoadClosed(retry_after=timedelta() as pause):
            waiting = _uncharged(one, Outcome.PAUSED, fault.reply, pause=pause)
            return replace(
                waiting, reason=fault.reply
            )  # its connector does not rest, so it says why
        case Deferred():
            return _deferred(one, fault, policy=policy, rng=rng)
        case Doubtful():
            return doubtful(one, fault.reply, policy=policy)
        case Refused():
            return _failed(one, Outcome.REFUSED, fault.reply)
        case ProfileMismatch():
            return _held(one, HoldCode.PROFILE, fault.reason)
        case DocumentError():
            return _held(one, HoldCode.PROFILE, str(fault))
        case StoreUnavailable():
            return _uncharged(one, Outcome.LOST, str(fault), pause=OWN_TROUBLE)
        case OSError() if fault.errno in _FULL:
            return _uncharged(one, Outcome.LOST, str(fault), pause=OWN_TROUBLE)
        case _:
            return None


def from_bug(one: Try, fault: BaseException, *, incident: str) -> Settled:
    """A fault of ours: kept, shown, not tried again by itself; the log has the traceback."""
    reason = f"a fault of maild itself ({type(fault).__name__}); incident {incident} is in the log"
    return _held(one, HoldCode.BUG, reason)


def called_off(one: Try, *, crossed: bool, policy: Policy) -> Settled:
    """Maild is being stopped: before the point of no return nothing happened, after it anything."""
    if crossed:
        return doubtful(one, "maild was stopped before the reply came", policy=policy)
    return _uncharged(one, Outcome.LOST, "maild was stopped", pause=timedelta(0))


def doubtful(one: Try, reply: str, *, policy: Policy) -> Settled:
    """It may have arrived: again later with the same bytes, or held where the connector says so."""
    reason = f"it may have arrived: {reply}"
    if policy.hold_uncertain:
        return Settled(
            State.HELD,
            Outcome.UNCERTAIN,
            one.now,
            reply=reply,
            reason=reason,
            hold_code=HoldCode.UNCERTAIN,
        )
    return Settled(
        State.UNCERTAIN,
        Outcome.UNCERTAIN,
        one.now,
        reply=reply,
        reason=reason,
        not_before=one.now + policy.doubt_pause,
    )


def _deferred(one: Try, fault: Deferred, *, policy: Policy, rng: Random) -> Settled:
    following = retry.next_try(
        one.delivery,
        fault,
        started_at=one.started_at,
        now=one.now,
        pauses=policy.pauses,
        deadline=policy.deadline,
        rng=rng,
    )
    if isinstance(following, retry.GaveUp):
        return _failed(one, Outcome.DEFERRED, following.reply, why="given up after its deadline")
    return Settled(
        State.QUEUED, Outcome.DEFERRED, one.now, reply=fault.reply, not_before=following.at
    )


def _failed(one: Try, outcome: Outcome, reply: str, *, why: str = "refused") -> Settled:
    return Settled(State.FAILED, outcome, one.now, reply=reply, reason=f"{why}: {reply}")


def _held(one: Try, code: HoldCode, reason: str) -> Settled:
    return Settled(State.HELD, Outcome.HELD, one.now, reply=reason, reason=reason, hold_code=code)


def _uncharged(one: Try, outcome: Outcome, reply: str, *, pause: timedelta) -> Settled:
    # Without a pause it keeps its place in the queue: the connector's own rest holds it back.
    not_before = one.now + pause if pause else None
    return Settled(
        State.QUEUED, outcome, one.now, reply=reply, not_before=not_before, charged=False
    )
