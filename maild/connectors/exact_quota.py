"""How much may still be asked of Exact Online: calls a minute and a day, errors an hour. Pure.

One `Quota` is kept per registration and division, whatever team, connector or process asks
(exact_online.md A3). The clocks of maild and of Exact may differ by a minute, so nothing here hangs
on whole minutes of ours, and resets are taken as spans from the server's own time.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

# Exact counts calendar minutes. No more than a minute's calls in any 65 seconds of ours is less than
# that in each of theirs, however the minutes lie and however late a call arrives.
MINUTE: Final = timedelta(seconds=65)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
SKEW: Final = timedelta(minutes=2)  # after midnight, until it is midnight there too
# More than 10 errors an hour at one page block the registration for an hour, then longer (A3).
# Several calls may be under way when the last one counts.
MOST_ERRORS: Final = 6
_NEARLY: Final = 30  # calls of a minute, used or left, from which it may be the minute that is full
ERRORS: Final = frozenset({400, 401, 403, 404, 500})


@dataclass(frozen=True, slots=True)
class Limits:
    """What Exact allows one registration in one division."""

    a_minute: int = 60
    a_day: int = 5000


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now: until when (aware UTC), and why. `short` waits are over within a minute or so."""

    until: datetime
    reason: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """What was asked lately. Moments are seconds since 1970, so that it can be kept as JSON."""

    calls: tuple[float, ...] = ()  # the last ones, within `MINUTE`
    full_until: float = 0.0  # the minute is used up, says the server
    day: str = ""
    today: int = 0
    errors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  # by page
    shut_until: float = 0.0
    shut_reason: str = ""
    # By call, how often it shut the road since it was last answered well: others are answered well
    # while one is blocked.
    shuts: Mapping[str, int] = field(default_factory=dict)
    tight_until: float = 0.0  # little is left of the minute, said the server
    bare: int = 0  # refusals for their number, in a row, that did not say until when

    def kept(self) -> dict[str, Any]:
        """As it is stored; `read` is the opposite."""
        return asdict(self)


def read(kept: Mapping[str, Any] | None) -> Quota:
    """A quota as it was stored; a fresh one where there is none."""
    if kept is None:
        return Quota()
    pages = {page: tuple(moments) for page, moments in kept["errors"].items()}
    known = {name: kept[name] for name in Quota.__dataclass_fields__ if name in kept}
    return Quota(**known | {"calls": tuple(kept["calls"]), "errors": pages})


@dataclass(frozen=True, slots=True)
class Left:
    """The calls that are left, and when there are more again; None where none were used."""

    minute: int
    minute_at: datetime | None
    day: int
    day_at: datetime | None


def registration(site: str, client_id: str) -> str:
    """What Exact counts by, beside the division: its site and the registration there."""
    return f"exact.{urlsplit(site).hostname}.{client_id}"


def midnight(now: datetime) -> datetime:
    """When a new day has begun there."""
    return datetime.combine(now.date() + DAY, datetime.min.time(), tzinfo=UTC) + SKEW


def left(quota: Quota, *, limits: Limits, now: datetime) -> Left:
    """What is left now; nothing of the minute while the server says that it is full."""
    at = now.timestamp()
    calls = _within(quota.calls, at, MINUTE)
    today = quota.today if quota.day == f"{now:%Y-%m-%d}" else 0
    full = 0 < quota.full_until - at <= MINUTE.total_seconds()
    frees = quota.full_until if full else calls[0] + MINUTE.total_seconds() if calls else None
    return Left(
        0 if full else max(limits.a_minute - len(calls), 0),
        _moment(frees) if frees else None,
        max(limits.a_day - today, 0),
        midnight(now) if today else None,
    )


def take(quota: Quota, page: str, *, limits: Limits, now: datetime) -> tuple[Quota, Wait | None]:
    """Count one call to a page such as "crm/Accounts", or say how long it has to wait and why."""
    at, day = now.timestamp(), f"{now:%Y-%m-%d}"
    quota = replace(
        quota,
        calls=_within(quota.calls, at, MINUTE),
        today=quota.today if quota.day == day else 0,
        day=day,
        errors={one: lately for one in quota.errors if (lately := _lately(quota, one, at))},
    )
    wait = (
        _shut(quota, at)
        or _used_up(quota, limits=limits, now=now)
        or _too_many_errors(quota, page)
        or _full(quota, limits=limits, at=at)
    )
    if wait is None:
        quota = replace(quota, calls=(*quota.calls, at), today=quota.today + 1)
    return quota, wait


def answered(
    quota: Quota,
    page: str,
    *,
    status: int,
    headers: Mapping[str, str],
    now: datetime,
    writes: bool = False,
) -> Quota:
    """Learn from one answer: what its headers say is left, and whether it counts as an error.

    `headers` are read by their lower-case names.
    """
    at, call = now.timestamp(), call_of(page, writes=writes)
    if status in ERRORS:
        errors = {**quota.errors, page: (*_lately(quota, page, at), at)}
        quota = replace(quota, errors=errors)
    elif status < 300:
        shuts = {one: times for one, times in quota.shuts.items() if one != call}
        quota = replace(quota, bare=0, shuts=shuts)
    quota = _told(quota, headers, now=now)
    if status == 429:
        return _refused(quota, call, headers=headers, now=now)
    return quota


def call_of(page: str, *, writes: bool) -> str:
    """What is blocked: reading a page, or writing to it."""
    return f"POST {page}" if writes else page


def shut(quota: Quota, call: str, *, reason: str, now: datetime, least: timedelta = HOUR) -> Quota:
    """Ask nothing more for an hour because of a call; twice as long each further time, up to a day.

    A block of Exact grows with each repetition, and a call during it may lengthen it (A3).
    """
    times = quota.shuts.get(call, 0)
    span = min(least * 2 ** min(times, 5), DAY)
    return replace(
        quota,
        shut_until=(now + span).timestamp(),
        shut_reason=reason,
        shuts={**quota.shuts, call: times + 1},
        bare=0,
    )


def _shut(quota: Quota, at: float) -> Wait | None:
    # A clock that was set back must not keep it shut for longer than it can be.
    if not 0 < quota.shut_until - at <= (DAY + SKEW).total_seconds():
        return None
    return Wait(_moment(quota.shut_until), quota.shut_reason)


def _used_up(quota: Quota, *, limits: Limits, now: datetime) -> Wait | None:
    # A minute's calls are kept back: those that Exact counts to another day than we do.
    if quota.today < max(limits.a_day - limits.a_minute, 1):
        return None
    reason = f"the {limits.a_day} calls that Exact Online allows a day are used"
    return Wait(midnight(now), reason)


def _too_many_errors(quota: Quota, page: str) -> Wait | None:
    errors = quota.errors.get(page, ())
    if len(errors) < MOST_ERRORS:
        return None
    return Wait(
        _moment(errors[-MOST_ERRORS]) + HOUR,
        f"Exact Online refused {len(errors)} calls to {page} within an hour; maild stops here, since"
        " after ten it blocks the registration",
    )


def _full(quota: Quota, *, limits: Limits, at: float) -> Wait | None:
    until = quota.full_until if quota.full_until - at <= MINUTE.total_seconds() else 0.0
    if len(quota.calls) >= limits.a_minute:
        until = max(until, quota.calls[-limits.a_minute] + MINUTE.total_seconds())
    if until <= at:
        return None
    reason = f"the {limits.a_minute} calls that Exact Online allows a minute are used"
    return Wait(_moment(until), reason, short=True)


def _told(quota: Quota, headers: Mapping[str, str], *, now: datetime) -> Quota:
    """Believe the server where it says that less is left than we counted."""
    limit, left = _number(headers, "x-ratelimit-limit"), _number(headers, "x-ratelimit-remaining")
    if limit is not None and left is not None:
        quota = replace(quota, today=max(quota.today, limit - left))
        if left <= 0 and (span := _reset(headers, "x-ratelimit-reset", now=now, most=DAY)):
            reason = f"the {limit} calls that Exact Online allows a day are used"
            quota = replace(quota, shut_until=(now + span + SKEW).timestamp(), shut_reason=reason)
    left = _number(headers, "x-ratelimit-minutely-remaining")
    if left is not None and left < _NEARLY:
        quota = replace(quota, tight_until=(now + MINUTE).timestamp())
    if left == 0:
        # By our own clock alone it could be over too early; the whole minute is long enough.
        span = MINUTE
        if _their_clock(headers, now) is not None:
            span = _reset(headers, "x-ratelimit-minutely-reset", now=now, most=MINUTE) or MINUTE
        quota = replace(quota, full_until=(now + span).timestamp())
    return quota


def _refused(quota: Quota, call: str, *, headers: Mapping[str, str], now: datetime) -> Quota:
    """After 429: at the minute's limit the minute's headers come alone, or maybe none at all.

    One without any may be a block too, which a call lengthens. It is taken for the minute's where
    that is nearly used, once, and for a block else.
    """
    if any(name.startswith("x-ratelimit-") for name in headers):
        return replace(quota, full_until=max(quota.full_until, now.timestamp() + 1))
    at = now.timestamp()
    near = len(_within(quota.calls, at, MINUTE)) >= _NEARLY or quota.tight_until > at
    if quota.bare or not near:
        reason = "Exact Online takes no more calls and does not say until when"
        return shut(quota, call, reason=reason, now=now)
    return replace(quota, bare=1, full_until=at + MINUTE.total_seconds())


def _reset(
    headers: Mapping[str, str], name: str, *, now: datetime, most: timedelta
) -> timedelta | None:
    """How long until a reset, which is given in milliseconds since 1970 by the server's clock."""
    reset = _number(headers, name)
    if reset is None:
        return None
    theirs = _their_clock(headers, now) or now
    span = timedelta(seconds=reset / 1000 - theirs.timestamp()) + timedelta(seconds=2)
    return min(max(span, timedelta(seconds=2)), most)


def _their_clock(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """What time it is there, where that is said; a moment far from ours is somebody else's."""
    with contextlib.suppress(ValueError):
        theirs = parsedate_to_datetime(headers.get("date", ""))
        if theirs.tzinfo is not None and abs(theirs - now) < timedelta(minutes=10):
            return theirs
    return None


def _number(headers: Mapping[str, str], name: str) -> int | None:
    said = headers.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 16 else None


def _lately(quota: Quota, page: str, at: float) -> tuple[float, ...]:
    return _within(quota.errors.get(page, ()), at, HOUR)


def _within(moments: tuple[float, ...], at: float, span: timedelta) -> tuple[float, ...]:
    return tuple(one for one in moments if abs(at - one) < span.total_seconds())


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
