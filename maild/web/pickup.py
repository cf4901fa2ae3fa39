"""A package behind a link: what it is, and a button. Looking changes nothing, however often it is done."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.errors import NotFound
from maild.partners.pickups import Waiting
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.sending import as_file
from maild.web.sign_in import private
from maild.web.visit import Visit, go


async def show(visit: Visit) -> Response:
    """What waits there; programs that follow links in mails come no further."""
    return _page(visit, await visit.app.pickups.look(visit.path("token")))


async def take(visit: Visit) -> Response:
    """Download a file of it, which is counted."""
    number = visit.field("file", longest=5)
    if not number.isdecimal():
        raise NotFound("there is no such file")
    token = visit.path("token")
    found = await visit.app.pickups.take(token, at=int(number), place=visit.place)
    if isinstance(found, Waiting):
        return _page(visit, found)

    async def holds() -> bool:
        return await visit.app.pickups.holds(token)

    file, content = found
    return private(as_file(file, content, holds=holds))


async def revoke(visit: Visit) -> Response:
    """End a link of one's own team."""
    slug = visit.path("team")
    await visit.app.pickups.revoke_own(visit.scope, slug, visit.path("id"), place=visit.place)
    return go(f"/teams/{slug}/exports")


def _page(visit: Visit, waiting: Waiting) -> Response:
    # 410 (RFC 9110 section 15.5.11): it was there, and will not be again under this address.
    status = 410 if waiting.over else 200
    return private(page(visit, "pickup.html", status=status, waiting=waiting))


PAGES: Final = (
    Page("GET", "/packages/{token}", Who.ANYONE, show),
    Page("POST", "/packages/{token}", Who.ANYONE, take),
    Page("POST", "/teams/{team}/exports/links/{id}/revoke", Who.OWNER, revoke),
)
