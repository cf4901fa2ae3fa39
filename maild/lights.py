"""How every way out stands: its light, until when it rests and why, what is left of its budget, its tokens.

Only looks. What it rests for is decided where it sends; what a person does about it is in `actions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from maild.app import App
from maild.connectors import exact_quota
from maild.connectors.exact_quota import Limits
from maild.connectors.oauth import IDLE, LOOK_EVERY
from maild.connectors.oauth_providers import account_at
from maild.model.rate import Rate
from maild.store import connectors, marks, overview, tokens
from maild.store.connectors import Rest
from maild.store.database import Tx

Mood = Literal["good", "wait", "wrong", ""]
State = Literal["good", "unused", "stopped", "rests", "trying"]
_BY_PERSON: Final = frozenset({"tls", "login", "policy", "consent"})
_ROAD: Final = ", division "
MOST_TOLD: Final = 20  # administrations of one registration, those with the least left first


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left of what may be asked. `of` is an administration at Exact, or empty."""

    what: Literal["second", "minute", "hour", "day", "tokens"]
    left: int
    most: int
    more_at: datetime | None = None  # when there is more again; None: nothing was used
    of: str = ""

    @property
    def percent(self) -> int:
        """How much is left, of a hundred."""
        return round(100 * self.left / self.most)


@dataclass(frozen=True, slots=True)
class Resting:
    """Why nothing goes, or went lately. `cause` "rate" and "quota" are over by themselves."""

    until: datetime
    reason: str
    cause: str
    times: int = 1  # in a row
    of: str = ""


@dataclass(frozen=True, slots=True)
class Light:
    """A connector. `looks` are the feeds it fetches: team, when it was asked, when it is asked again."""

    name: str
    kind: str
    mood: Mood
    state: State
    last: datetime | None
    rests: tuple[Resting, ...] = ()
    budgets: tuple[Budget, ...] = ()
    looks: tuple[tuple[str, datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Renewal:
    """A token: since when it is the one in use, until when it is good, and when it is renewed.

    It is renewed by the first use after `from_`; where nobody uses it, at `by` at the latest.
    """

    obtained_at: datetime
    expires_at: datetime
    from_: datetime
    by: datetime


async def lights(app: App) -> tuple[Light, ...]:
    """Every way out of the configuration, by kind and name."""
    now = app.now()
    return await app.db.read(lambda tx: tuple(_lights(tx, app, now)))


async def renewals(app: App) -> Mapping[str, Renewal]:
    """The tokens that are kept, by the name of their account; never the tokens themselves."""
    return await app.db.read(lambda tx: dict(_renewals(tx, app)))


def _lights(tx: Tx, app: App, now: datetime) -> Iterator[Light]:
    resting, were = connectors.paused(tx, now), connectors.rests(tx)
    last = overview.last_taken(tx)
    for kind, name, section in _ways(app):
        rests = tuple(_rests(name, resting, were))
        mood, state = _stands(rests, now, last=last.get(name))
        yield Light(
            name,
            kind,
            mood,
            state,
            last.get(name),
            tuple(one for one in rests if one.until > now or state == "trying"),
            tuple(_budgets(tx, app, name, section=section, now=now)),
            tuple(_looks(tx, name)) if kind == "codabox" else (),
        )


def _ways(app: App) -> Iterator[tuple[str, str, Any]]:
    ways = app.settings.connector
    for kind in type(ways).model_fields:
        for name, section in getattr(ways, kind).items():
            yield kind, name, section


def _rests(
    name: str, resting: Mapping[str, tuple[datetime, str]], were: Mapping[str, Rest]
) -> Iterator[Resting]:
    """What rests of a connector: all of it, or an administration behind it."""
    for via in sorted(resting.keys() | were.keys()):
        if via != name and not via.startswith(name + _ROAD):
            continue
        known = were.get(via)
        until, reason = resting.get(via) or (known.until, known.reason) if known else resting[via]
        cause = known.cause if known else "rate"
        of = via.removeprefix(name).removeprefix(_ROAD)
        yield Resting(until, reason, cause, known.times if known else 1, of)


def _stands(
    rests: tuple[Resting, ...], now: datetime, *, last: datetime | None
) -> tuple[Mood, State]:
    whole = [one for one in rests if not one.of]
    under_way = [one for one in rests if one.until > now]
    if any(one.cause in _BY_PERSON for one in under_way):
        return "wrong", "stopped"
    if under_way:
        return "wait", "rests"
    if whole:
        # Its rest is over, and nobody knows whether it takes anything before something is sent.
        return "wait", "trying"
    return ("good", "good") if last else ("", "unused")


def _budgets(tx: Tx, app: App, name: str, *, section: Any, now: datetime) -> Iterator[Budget]:
    rate: Rate | None = getattr(section, "rate", None)
    if rate is not None:
        ended = connectors.ended_since(tx, name, since=now - rate.within, most=rate.most)
        more_at = ended[-1] + rate.within if ended else None
        span: Any = {"s": "second", "m": "minute", "h": "hour", "d": "day"}[rate.span]
        yield Budget(span, max(rate.most - len(ended), 0), rate.most, more_at)
    if name not in app.settings.connector.exact:
        return
    account = app.settings.account[section.account]
    limits = Limits(a_minute=section.calls_a_minute, a_day=section.calls_a_day)
    prefix = f"counts.{exact_quota.registration(account.site, account.client_id)}."
    found = [
        (exact_quota.left(exact_quota.read(kept), limits=limits, now=now), mark)
        for mark, kept in marks.starting(tx, prefix).items()
    ]
    for left, mark in sorted(found, key=lambda one: (one[0].day, one[1]))[:MOST_TOLD]:
        of = mark.removeprefix(prefix)
        yield Budget("minute", left.minute, limits.a_minute, left.minute_at, of)
        yield Budget("day", left.day, limits.a_day, left.day_at, of)
    yield from _token_calls(tx, app, section.account, now=now)


def _token_calls(tx: Tx, app: App, name: str, *, now: datetime) -> Iterator[Budget]:
    most = account_at(name=name, **dict(app.settings.account[name])).calls_a_day
    if most is None:
        return
    kept = marks.get(tx, f"counts.tokens.{name}")
    used = kept["calls"] if kept and kept["day"] == f"{now:%Y-%m-%d}" else 0
    yield Budget("tokens", max(most - used, 0), most, exact_quota.midnight(now) if used else None)


def _looks(tx: Tx, name: str) -> Iterator[tuple[str, datetime, datetime]]:
    prefix = f"codabox.feed.{name}."
    for mark, kept in marks.starting(tx, prefix).items():
        at = datetime.fromisoformat(kept["at"])
        yield mark.removeprefix(prefix), at, at + timedelta(seconds=kept["delay"])


def _renewals(tx: Tx, app: App) -> Iterator[tuple[str, Renewal]]:
    for name, one in tokens.standings(tx).items():
        section = app.settings.account.get(name)
        if section is None or one.trouble or one.obtained_at is None or one.expires_at is None:
            continue
        margin = account_at(name=name, **dict(section)).margin
        latest = one.obtained_at + IDLE + LOOK_EVERY
        yield name, Renewal(one.obtained_at, one.expires_at, one.expires_at - margin, latest)
