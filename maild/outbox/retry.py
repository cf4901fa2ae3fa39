"""When to try again, and when to give up. Pure: the clock and chance are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from maild.errors import Deferred
from maild.model.delivery import Delivery

# 5, 10, 20, 40 ... minutes up to 4 hours (mail.md 6.4; RFC 5321 section 4.5.4.1 asks for pauses of
# at least 30 minutes after the first tries, and to give up after 4 to 5 days).
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 80, 160, 240))
DEADLINE = timedelta(days=5)
# Mails that failed together would come back together; a tenth to either side spreads them.
JITTER = 0.1

# A connector that is out: half a minute first, doubled up to a quarter of an hour.
FIRST_REST = timedelta(seconds=30)
LONGEST_REST = timedelta(minutes=15)

# When the team may want to know that something is late (Postfix: delay_warning_time).
LATE = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class Later:
    """Try again at this instant (aware UTC)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The deadline has passed; `reply` is the last thing the other side said."""

    reply: str


def next_try(
    delivery: Delivery,
    fault: Deferred,
    *,
    started_at: datetime,
    now: datetime,
    pauses: tuple[timedelta, ...] = PAUSES,
    deadline: timedelta = DEADLINE,
    rng: Random,
) -> Later | GaveUp:
    """What follows a try that was put off.

    `delivery` is as it was claimed; `started_at` is when this try began. Giving up needs a try that
    began after the deadline: a clock that jumps a week ahead never ends what was not tried since.
    """
    first = min((one.started_at for one in delivery.attempts), default=started_at)
    if started_at >= (delivery.deadline_at or first + deadline):
        return GaveUp(fault.reply)
    pause = pauses[min(delivery.tries, len(pauses) - 1)]
    pause *= rng.uniform(1 - JITTER, 1 + JITTER)
    return Later(now + max(pause, fault.retry_after or timedelta(0)))


def rest(times: int, fault: Deferred) -> timedelta:
    """How long a connector rests that was out `times` times in a row (1 is the first)."""
    pause = min(FIRST_REST * (1 << min(times - 1, 10)), LONGEST_REST)
    return max(pause, fault.retry_after or timedelta(0))


def is_late_now(delivery: Delivery, *, started_at: datetime) -> bool:
    """Whether this try is the first that began `LATE` after the first try of all."""
    starts = [one.started_at for one in delivery.attempts]
    if not starts:
        return False
    return max(starts) - min(starts) < LATE <= started_at - min(starts)
