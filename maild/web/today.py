"""The first page of a team's own people: what waits for them, what did not arrive, what went where.

Everything that the lists offer to do is a form of its own, and leads back to where it was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final, get_args

from starlette.responses import Response

from maild.errors import NotFound
from maild.model.delivery import DECIDED, Delivery, HoldCode, State
from maild.partners.handling import Always, Verb
from maild.partners.today import Asked, Went
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.timeline import Mood
from maild.web.visit import Visit, go

_MOODS: Final[Mapping[State, Mood]] = {
    State.HANDED_OVER: Mood.GOOD,
    State.CONFIRMED: Mood.GOOD,
    State.FAILED: Mood.WRONG,
    State.BOUNCED: Mood.WRONG,
    State.CANCELLED: Mood.PLAIN,
}
_VERBS: Final[Mapping[State, tuple[Verb, ...]]] = {
    State.QUEUED: ("retry", "hold", "cancel"),
    State.UNCERTAIN: ("retry", "hold"),
    State.HELD: ("release", "cancel"),
    State.FAILED: ("retry",),
    State.BOUNCED: ("retry",),
}
# These are let go as a whole: by a verdict on the document, or when the team goes live.
_WHOLE: Final = DECIDED | {HoldCode.SHADOW}
_ALWAYS: Final[Mapping[str, Always]] = {one: one for one in get_args(Always)}
_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Road:
    """A delivery as a line: how it stands, since or until when, and what may be done."""

    delivery: Delivery
    mood: Mood
    fate: str
    at: datetime | None
    verbs: tuple[Verb, ...]


async def show(visit: Visit) -> Response:
    """What waits and what went, the newest first."""
    after = visit.request.query_params.get("after", "")[:40] or None
    seen = await visit.app.handling.today.look(visit.scope, visit.path("team"), after=after)
    today = visit.app.handling.today.now().astimezone(visit.words.zone).date()
    return page(
        visit,
        "today.html",
        team=seen.team,
        seen=seen,
        days=[(_day(visit, day, today), list(of_it)) for day, of_it in _by_day(visit, seen.went)],
        road=lambda one: road_of(one, rests=seen.rests),
        machines=lambda one: _machines(visit, one),
        later=after is not None,
        done=_done(visit),
    )


async def decide(visit: Visit) -> Response:
    """Yes or no to a document that waits."""
    always = _ALWAYS.get(visit.field("always") or "once")
    if always is None:
        raise NotFound("there is no such answer")
    confirmed = visit.path("verdict") == "confirm"
    if not confirmed and visit.path("verdict") != "reject":
        raise NotFound("there is no such answer")
    await visit.app.handling.decide(
        visit.scope,
        visit.path("team"),
        visit.path("document"),
        verdict="confirmed" if confirmed else "rejected",
        to=_named(visit) if confirmed else (),
        always=always if confirmed else "once",
        place=visit.place,
    )
    return _back(visit, "confirmed" if confirmed else "rejected")


async def act(visit: Visit) -> Response:
    """Try a delivery again, hold it, let it go, give it up."""
    verbs: dict[str, Verb] = {one: one for of_state in _VERBS.values() for one in of_state}
    verb = verbs.get(visit.path("verb"))
    if verb is None:
        raise NotFound("nothing of that name is done to a delivery")
    await visit.app.handling.act(
        visit.scope, visit.path("team"), visit.path("delivery"), verb=verb, place=visit.place
    )
    return _back(visit, verb)


async def resend(visit: Visit) -> Response:
    """Send a document once more."""
    await visit.app.handling.resend(
        visit.scope,
        visit.path("team"),
        visit.path("document"),
        to=_named(visit),
        place=visit.place,
    )
    return _back(visit, "resent")


def road_of(one: Delivery, *, rests: Mapping[str, datetime] | None = None) -> Road:
    """How a delivery is shown."""
    verbs = () if one.hold_code in _WHOLE else _VERBS.get(one.state, ())
    same_books = one.state is State.CANCELLED and one.hold_code is HoldCode.SAME_BOOKS
    fate = "same_books" if same_books else one.state.value
    return Road(one, _MOODS.get(one.state, Mood.WAIT), fate, _moment(one, rests or {}), verbs)


def _moment(one: Delivery, rests: Mapping[str, datetime]) -> datetime | None:
    if one.state is State.QUEUED:
        return max(one.not_before, rests.get(one.via, one.not_before))
    ended = [each.ended_at for each in one.attempts if each.ended_at]
    return ended[-1] if ended else None


def _machines(visit: Visit, asked: Asked) -> list[str]:
    """The inboxes that book by themselves, which get a correction only where they are named."""
    team = visit.app.book.team(asked.document.team)
    if asked.code is not HoldCode.REVIEW:
        return []
    found = (team.recipient(one.recipient or "") for one in asked.held)
    return [one.name for one in found if one is not None and one.profile.machine]


def _by_day(visit: Visit, went: Iterable[Went]) -> Iterable[tuple[date, Iterable[Went]]]:
    day: Callable[[Went], date] = lambda one: (  # noqa: E731 - a key, used once
        one.document.accepted_at.astimezone(visit.words.zone).date()
    )
    return groupby(went, key=day)


def _day(visit: Visit, day: date, today: date) -> str:
    match (today - day).days:
        case 0:
            return visit.words("today.today")
        case 1:
            return visit.words("today.yesterday")
        case _:
            return visit.words.day(day)


def _named(visit: Visit) -> tuple[str, ...]:
    return tuple(str(one)[:200] for one in visit.form.getlist("to")[:_MOST_NAMED])


def _done(visit: Visit) -> str:
    done = visit.request.query_params.get("done", "")
    known = {"confirmed", "rejected", "resent", "retry", "hold", "release", "cancel"}
    return done if done in known else ""


def _back(visit: Visit, done: str) -> Response:
    """To the document where it was asked there, else to the page of the team."""
    document = visit.field("from", longest=40)
    if document.isascii() and document.replace("-", "").isalnum():
        return go(f"/documents/{document}")
    return go(f"/teams/{visit.path('team')}/today?done={done}")


PAGES: Final = (
    Page("GET", "/teams/{team}/today", Who.OWNER, show),
    Page("POST", "/teams/{team}/documents/{document}/resend", Who.OWNER, resend),
    Page("POST", "/teams/{team}/documents/{document}/{verdict}", Who.OWNER, decide),
    Page("POST", "/teams/{team}/deliveries/{delivery}/{verb}", Who.OWNER, act),
)
