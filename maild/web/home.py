"""The first page after signing in: the one that suits who signed in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.model.team import Team
from maild.web.charts import bars
from maild.web.pages import page
from maild.web.routes import HOME, SIGN_IN, Page, Who
from maild.web.visit import Visit, go


async def home(visit: Visit) -> Response:
    """To the door, to the team of which one is, or to the teams one sees."""
    scope = visit.scope
    if visit.visitor is None:
        return go(SIGN_IN)
    if len(scope.owns) == 1 and scope.partner is None and not scope.operator:
        return go(f"/teams/{next(iter(scope.owns))}/today")
    return go("/teams")


async def teams(visit: Visit) -> Response:
    """The teams of which the visitor sees anything, with what came lately."""
    text = visit.request.query_params.get("text", "").strip()[:100]
    seen = await visit.app.browsing.teams(visit.scope)
    shown = [(team, came) for team, came in seen if _matches(team, text)]
    offers = await visit.app.access.links.of_scope(visit.scope)
    return page(
        visit,
        "teams.html",
        teams=shown,
        all=len(seen),
        on=await visit.app.automation.on(visit.scope) if visit.scope.partner else (),
        text=text,
        offers=[one for one in offers if one.partner is None],
        bars=bars,
    )


def _matches(team: Team, text: str) -> bool:
    plain = "".join(filter(str.isalnum, text)).upper()
    return text.casefold() in team.name.casefold() or any(
        plain in vat for vat in team.vat if len(plain) > 3
    )


PAGES: Final = (
    Page("GET", HOME, Who.ANYONE, home),
    Page("GET", "/teams", Who.PERSON, teams),
)
