"""One document: its pages, its figures, its files, and its whole story."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.errors import NotFound
from maild.model.document import Document, Role
from maild.model.team import Recipient, Team
from maild.partners.browsing import drawable, may_see
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.sending import always, as_file, attachment, holding
from maild.web.timeline import story
from maild.web.today import road_of
from maild.web.visit import Visit, go


async def show(visit: Visit) -> Response:
    """The document with its first page as a picture."""
    opened = await visit.app.browsing.open(visit.scope, visit.path("id"))
    document = opened.document
    team = visit.app.browsing.team(visit.scope, document.team)
    roads = await visit.app.handling.today.of_document(visit.scope, document)
    return page(
        visit,
        "document.html",
        team=team,
        roads=[road_of(one) for one in roads],
        resend_to=_resend_to(visit, team, document),
        document=document,
        bill=document.bill,
        opened=opened,
        drawable=drawable(document) is not None or document.bill is not None,
        makes_pdf=drawable(document) is None and document.bill is not None,
        figured=await visit.app.figuring.waits(visit.scope, document),
        decides=await visit.app.reviewing.waits_for(visit.scope, document),
        at=_page_of(visit),
        story=story(opened.shown, visit.language),
        roles=Role,
    )


async def picture(visit: Visit) -> Response:
    """A page of it as PNG."""
    number = visit.path("page")
    if not number.isdecimal() or len(number) > 5:
        raise NotFound("there is no such page")
    drawn = await visit.app.browsing.picture(visit.scope, visit.path("id"), page=int(number))
    headers = {"Cache-Control": "private, max-age=3600", "X-Pages": str(drawn.pages)}
    return Response(drawn.png, media_type="image/png", headers=headers)


async def download(visit: Visit) -> Response:
    """A file of it, as it is."""
    number = visit.path("file")
    if not number.isdecimal() or len(number) > 5:
        raise NotFound("there is no such file")
    document, file, content = await visit.app.browsing.file(
        visit.scope, visit.path("id"), at=int(number), place=visit.place
    )
    return as_file(
        file, content, holds=holding(visit, lambda again: may_see(again.scope, document))
    )


async def pdf(visit: Visit) -> Response:
    """Its PDF, made where none came along."""
    document, file, content = await visit.app.browsing.pdf(
        visit.scope, visit.path("id"), place=visit.place
    )
    return as_file(
        file, content, holds=holding(visit, lambda again: may_see(again.scope, document))
    )


async def proof(visit: Visit) -> Response:
    """What can be shown of it to somebody who says that nothing came, as a PDF."""
    document = await visit.app.browsing.prove(visit.scope, visit.path("id"), place=visit.place)
    proven = await visit.app.proofs.of(document.id)
    content = await visit.app.proofs.page(proven, language=visit.language)
    name = f"{document.number or document.id}_{visit.words('document.proof_file')}.pdf"
    return attachment(name, content, media_type="application/pdf", holds=always)


async def process(visit: Visit) -> Response:
    """Mark it as processed by one's office."""
    id_ = visit.path("id")
    opened = await visit.app.browsing.open(visit.scope, id_)
    await visit.app.browsing.process(visit.scope, opened.document.team, ids=[id_])
    return go(f"/documents/{id_}")


def _resend_to(visit: Visit, team: Team, document: Document) -> tuple[Recipient, ...]:
    """Where a team's own people may send it once more."""
    if team.slug not in visit.scope.owns or document.review == "waiting":
        return ()
    return tuple(one for one in team.recipients if document.kind in one.profile.kinds)


def _page_of(visit: Visit) -> int:
    given = visit.request.query_params.get("page", "1")
    return int(given) if given.isdecimal() and len(given) < 6 and int(given) else 1


PAGES: Final = (
    Page("GET", "/documents/{id}", Who.PERSON, show),
    Page("GET", "/documents/{id}/pages/{page}", Who.PERSON, picture),
    Page("GET", "/documents/{id}/files/{file}", Who.PERSON, download),
    Page("GET", "/documents/{id}/pdf", Who.PERSON, pdf),
    Page("GET", "/documents/{id}/proof", Who.PERSON, proof),
    Page("POST", "/documents/{id}/process", Who.PARTNER, process),
)
