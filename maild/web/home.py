"""The first page after signing in: the one that suits who signed in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.web.pages import page
from maild.web.routes import HOME, SIGN_IN, Page, Who
from maild.web.visit import Visit, go


async def home(visit: Visit) -> Response:
    """To the door, or to the teams one sees."""
    if visit.visitor is None:
        return go(SIGN_IN)
    return go("/teams")


async def teams(visit: Visit) -> Response:
    """The teams of which the visitor sees anything."""
    seen = [team for team in visit.app.book.teams if team.slug in visit.scope.teams]
    offers = [
        one for one in await visit.app.access.links.of_scope(visit.scope) if one.partner is None
    ]
    return page(visit, "teams.html", teams=seen, offers=offers)


PAGES: Final = (
    Page("GET", HOME, Who.ANYONE, home),
    Page("GET", "/teams", Who.PERSON, teams),
)
