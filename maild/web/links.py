"""Who sees whose documents: what was offered and asked, what is accepted, and the end of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from maild.errors import UserError
from maild.model.access import Link, LinkState, Right
from maild.reasons import Told
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

LINKS: Final = "/links"


@dataclass(frozen=True, slots=True)
class Shown:
    """A link with the names of both sides, and what the visitor may do with it."""

    link: Link
    team: str
    partner: str
    mine_to_accept: bool


async def show(visit: Visit) -> Response:
    """Both sides of every link of the visitor: his office's, and those of the teams he is of."""
    return await _show(visit)


async def invite(visit: Visit) -> Response:
    """Offer an accountant to see a team's documents."""
    team = visit.field("team")
    rights = [one for one in Right if visit.field(one.value)]
    if team not in visit.scope.owns or not rights:
        return await _show(visit, problem="links.choose")
    try:
        await visit.app.access.links.invite(
            team, visit.field("email"), rights=rights, by=visit.known.person.email
        )
    except UserError as fault:
        return await _show(visit, said=fault.said)
    return go(LINKS)


async def ask(visit: Visit) -> Response:
    """Ask a team for access, by the VAT number or address that the accountant knows it by."""
    rights = [one for one in Right if visit.field(one.value)]
    if not rights:
        return await _show(visit, problem="links.choose")
    await visit.app.access.links.ask_for(
        visit.field("team"), person=visit.known.person, rights=rights
    )
    return go(f"{LINKS}?asked=1")


async def accept(visit: Visit) -> Response:
    """Say yes."""
    office = visit.field("office", longest=200)
    await visit.app.access.links.accept(visit.path("id"), scope=visit.scope, office=office)
    return go(LINKS)


async def end(visit: Visit) -> Response:
    """Say no, or end it."""
    await visit.app.access.links.end(visit.path("id"), scope=visit.scope)
    await visit.app.refresh()
    return go(LINKS)


async def _show(visit: Visit, *, problem: str = "", said: Sequence[str] = ()) -> Response:
    access = visit.app.access.links
    found = [*await access.of_scope(visit.scope)]
    for team in sorted(visit.scope.owns):
        found += [one for one in await access.of_team(team) if one not in found]
    open_ones = [
        one for one in found if one.state in {LinkState.INVITED, LinkState.ASKED, LinkState.ACTIVE}
    ]
    return page(
        visit,
        "links.html",
        status=422 if problem or said else 200,
        shown=[await _shown(visit, one) for one in open_ones],
        owned=[team for team in visit.app.book.teams if team.slug in visit.scope.owns],
        rights=tuple(Right),
        said=(Told(visit.words(problem)),) if problem else said,
        asked="asked" in visit.request.query_params,
    )


async def _shown(visit: Visit, link: Link) -> Shown:
    names = {team.slug: team.name for team in visit.app.book.teams}
    partner = (
        (await visit.app.access.links.partner(link.partner)).name if link.partner else link.email
    )
    invited = link.state is LinkState.INVITED and link.email == visit.scope.email
    asked = link.state is LinkState.ASKED and link.team in visit.scope.owns
    return Shown(link, names.get(link.team, link.team), partner, invited or asked)


PAGES: Final = (
    Page("GET", LINKS, Who.PERSON, show),
    Page("POST", LINKS, Who.OWNER, invite),
    Page("POST", f"{LINKS}/ask", Who.PARTNER, ask),
    Page("POST", f"{LINKS}/{{id}}/accept", Who.PERSON, accept),
    Page("POST", f"{LINKS}/{{id}}/end", Who.PERSON, end),
)
