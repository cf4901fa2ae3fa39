"""The documents of a team: by period, kind and direction, what is new, what they add up to, what is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response

from maild.model.access import Right
from maild.model.browsing import Place, Wish
from maild.model.document import Direction, Kind
from maild.model.period import Every, Period, parse, period_on
from maild.partners.downloads import Shape
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

# What an accountant books; other kinds are found with a click more.
SHOWN: Final = (
    Kind.INVOICE,
    Kind.CREDIT_NOTE,
    Kind.QUOTE,
    Kind.PURCHASE_INVOICE,
    Kind.PURCHASE_CREDIT_NOTE,
)
_MOST_MARKED: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address says: every filter of the page, so that it can be kept and shared."""

    period: Period
    kinds: frozenset[Kind]
    directions: frozenset[Direction]
    text: str
    only_new: bool

    @property
    def wish(self) -> Wish:
        """The same, for who looks it up."""
        return Wish(
            (self.period.first_on, self.period.last_on),
            self.kinds,
            self.directions,
            self.text,
            self.only_new,
        )

    def at(self, every: Every) -> str:
        """The query string for the period of another length around this one's beginning."""
        return self.query(period=period_on(self.period.first_on, every))

    def query(self, **changed: Any) -> str:
        """The query string of this page with something changed."""
        return urlencode(replace(self, **changed).pairs())

    def pairs(self) -> list[tuple[str, str]]:
        """The same as fields of a form."""
        pairs = [("period", self.period.key)]
        pairs += [("kind", kind.value) for kind in SHOWN if kind in self.kinds]
        pairs += [("direction", way.value) for way in Direction if way in self.directions]
        pairs += [("text", self.text)] if self.text else []
        pairs += [("new", "1")] if self.only_new else []
        return pairs


async def show(visit: Visit) -> Response:
    """A page of the list."""
    team = visit.app.browsing.team(visit.scope, visit.path("team"))
    asked = asked_of(visit)
    listed = await visit.app.browsing.page(
        visit.scope, team.slug, wish=asked.wish, behind=_behind(visit)
    )
    return page(
        visit,
        "documents.html",
        team=team,
        asked=asked,
        listed=listed,
        gaps=await visit.app.browsing.gaps(visit.scope, team.slug, days=asked.wish.days),
        kinds=SHOWN,
        every=(Every.MONTH, Every.QUARTER, Every.YEAR),
        directions=sorted(visit.scope.directions(team.slug), reverse=True),
        automatic=visit.scope.may(Right.AUTO, team.slug),
        waiting=await visit.app.reviewing.count(visit.scope, team.slug),
        shapes=tuple(Shape) if visit.scope.may(Right.EXPORT, team.slug) else (),
    )


async def process(visit: Visit) -> Response:
    """Mark the chosen documents, or everything so far, as processed by the office."""
    slug = visit.app.browsing.team(visit.scope, visit.path("team")).slug
    chosen = [str(one) for one in visit.form.getlist("document")][:_MOST_MARKED]
    everything = bool(visit.field("everything"))
    if chosen or everything:
        ids = None if everything else chosen
        await visit.app.browsing.process(visit.scope, slug, ids=ids)
    query = visit.request.url.query
    return go(f"/teams/{slug}/documents{'?' + query if query else ''}")


def asked_of(visit: Visit) -> Asked:
    """What the address asks for."""
    query = visit.request.query_params
    kinds = {one.value: one for one in SHOWN}
    ways = {one.value: one for one in Direction}
    return Asked(
        period=_period(visit),
        kinds=frozenset(kinds[one] for one in query.getlist("kind") if one in kinds),
        directions=frozenset(ways[one] for one in query.getlist("direction") if one in ways),
        text=query.get("text", "").strip()[:100],
        only_new=bool(query.get("new")),
    )


def _period(visit: Visit) -> Period:
    """The period of the address, else the quarter of today."""
    today = visit.app.browsing.now().astimezone(visit.words.zone).date()
    try:
        return parse(visit.request.query_params["period"])
    except (KeyError, ValueError):
        return period_on(today, Every.QUARTER)


def _behind(visit: Visit) -> Place | None:
    day, _, id_ = visit.request.query_params.get("behind", "").partition("~")
    try:
        return Place(date.fromisoformat(day), id_)
    except ValueError:
        return None


PAGES: Final = (
    Page("GET", "/teams/{team}/documents", Who.PERSON, show),
    Page("POST", "/teams/{team}/documents", Who.PARTNER, process),
)
