"""When to try again, and when to give up. Pure: the clock and chance are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from maild.errors import Cause, Deferred, Unavailable
from maild.model.delivery import Delivery

BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before this was never set

# 5, 10, 20, 40 ... minutes up to 4 hours (mail.md 6.4; RFC 5321 section 4.5.4.1 asks for pauses of
# at least 30 minutes after the first tries, and to give up after 4 to 5 days).
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 20, 40, 80, 160, 240))
LONGEST_PAUSE = PAUSES[-1]  # no server may ask for more, see connectors/smtp_replies.py
DEADLINE = timedelta(days=5)
# What failed together would come back together; a tenth to either side spreads them.
JITTER = 0.1

# A connector that is out: half a minute first, doubled up to four hours. One that a person has to see
# to is asked less often from the start: servers lock out whoever comes back with a wrong password.
FIRST_REST: Mapping[Cause, timedelta] = {
    "network": timedelta(seconds=30),
    "tls": timedelta(seconds=30),
    "login": timedelta(minutes=5),
    "policy": timedelta(minutes=5),
    "consent": timedelta(minutes=5),
}
LONGEST_REST = timedelta(hours=4)

# When the team is told that something is late (RFC 5321 section 4.5.4.1 leaves it to us; Postfix has
# delay_warning_time, Sendmail Timeout.queuewarn of 4 hours).
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
    if started_at >= ends_at(delivery, started_at=started_at, deadline=deadline):
        return GaveUp(fault.reply)
    pause = pauses[min(delivery.tries, len(pauses) - 1)]
    pause *= rng.uniform(1 - JITTER, 1 + JITTER)
    return Later(now + max(pause, fault.retry_after or timedelta(0)))


def longest_wait(pauses: tuple[timedelta, ...]) -> timedelta:
    """What no delivery waits longer than for its next try, unless the clock was wrong."""
    return max(*pauses, LONGEST_PAUSE) * (1 + JITTER)


def rest(times: int, fault: Unavailable, *, rng: Random) -> timedelta:
    """How long a connector rests that was out `times` times in a row (1 is the first)."""
    pause = min(FIRST_REST[fault.cause] * (1 << min(times - 1, 10)), LONGEST_REST)
    return max(pause * rng.uniform(1 - JITTER, 1 + JITTER), fault.retry_after or timedelta(0))


def is_late(delivery: Delivery, *, started_at: datetime, after: timedelta) -> bool:
    """Whether this try began so long after the first try of all."""
    return started_at - first_try(delivery, started_at=started_at) >= after


def ends_at(delivery: Delivery, *, started_at: datetime, deadline: timedelta) -> datetime:
    """From when on a try is the last; a deadline that an unset clock wrote is none."""
    if delivery.deadline_at is not None and delivery.deadline_at >= BUILT:
        return delivery.deadline_at
    return first_try(delivery, started_at=started_at) + deadline


def first_try(delivery: Delivery, *, started_at: datetime) -> datetime:
    """When a delivery was tried first, by a clock that can be believed; else this try's start.

    A try from before the delivery was there, or from after this one, was written while the clock
    stood wrong (mail.md 6.4: 1970 at boot, or set back). It says nothing of how long was waited.
    """
    made_at = delivery.created_at if delivery.created_at <= started_at else BUILT
    credible = [one for one in _starts(delivery) if max(made_at, BUILT) <= one <= started_at]
    return min(credible, default=started_at)


def _starts(delivery: Delivery) -> list[datetime]:
    return [one.started_at for one in delivery.attempts]
