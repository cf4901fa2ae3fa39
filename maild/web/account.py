"""One's own account: language, and the browsers that are signed in."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.errors import NotFound
from maild.partners import agents
from maild.web.pages import page
from maild.web.routes import SIGN_IN, Page, Who
from maild.web.visit import Visit, drop_session, go, keep_language
from maild.web.words import LANGUAGES

ACCOUNT: Final = "/account"


async def show(visit: Visit) -> Response:
    """The account of the visitor."""
    sessions = await visit.app.access.sessions.of(visit.known.person.id)
    office = visit.scope.partner
    partner = await visit.app.access.links.partner(office) if office else None
    access = visit.app.access
    held = await access.factors.of(visit.known)
    return page(
        visit,
        "account.html",
        sessions=sessions,
        agent=agents.named,
        partner=partner,
        held=held,
        fresh=access.factors.is_fresh(visit.known),
        passkeys=access.passkeys.possible,
    )


async def speak(visit: Visit) -> Response:
    """Read the pages, and get one's mails, in another language."""
    language = visit.field("language", longest=2)
    answer = go(ACCOUNT)
    if language not in LANGUAGES:
        return answer
    await visit.app.access.sessions.speak(language, visitor=visit.known)
    return keep_language(visit.app, answer, language)


async def end(visit: Visit) -> Response:
    """Sign a browser out, perhaps this one."""
    wanted = visit.path("id")
    if not await visit.app.access.sessions.end(wanted, visitor=visit.known):
        raise NotFound(f"you are not signed in as {wanted}")
    if wanted == visit.known.session.id:
        return drop_session(visit.app, go(SIGN_IN))
    return go(ACCOUNT)


PAGES: Final = (
    Page("GET", ACCOUNT, Who.PERSON, show),
    Page("POST", f"{ACCOUNT}/language", Who.PERSON, speak),
    Page("POST", f"{ACCOUNT}/sessions/{{id}}/end", Who.PERSON, end),
)
