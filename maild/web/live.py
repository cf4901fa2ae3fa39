"""A team in shadow mode: what would have been sent, and the end of it."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.today import road_of
from maild.web.visit import Visit, go


async def show(visit: Visit, *, problem: str = "", given: str = "") -> Response:
    """What waits because of shadow mode."""
    shadow = await visit.app.handling.today.in_shadow(visit.scope, visit.path("team"))
    return page(
        visit,
        "live.html",
        status=422 if problem else 200,
        team=shadow.team,
        shadow=shadow,
        road=road_of,
        problem=visit.words(problem) if problem else "",
        given=given,
        today=visit.app.handling.today.now().astimezone(visit.words.zone).date(),
        released=_number(visit.request.query_params.get("released", "")),
    )


async def go_live(visit: Visit) -> Response:
    """From now on documents are sent; with a day, also what waited since then."""
    slug, given = visit.path("team"), visit.field("since", longest=20)
    team = visit.app.handling.today.team(visit.scope, slug)
    since: datetime | None = None
    if visit.field("send") == "since":
        try:
            day = date.fromisoformat(given)
        except ValueError:
            return await show(visit, problem="live.no_day", given=given)
        since = datetime.combine(day, time(), ZoneInfo(team.time_zone))
    released = await visit.app.handling.go_live(visit.scope, slug, since=since, place=visit.place)
    return go(f"/teams/{slug}/live?released={released}")


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 8 else None


PAGES: Final = (
    Page("GET", "/teams/{team}/live", Who.OWNER, show),
    Page("POST", "/teams/{team}/live", Who.OWNER, go_live),
)
