"""One document: its pages, its figures, its files, and its whole story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

import anyio.to_thread
from starlette.responses import Response, StreamingResponse

from maild.errors import NotFound
from maild.model.delivery import Content
from maild.model.document import File, Role
from maild.partners.browsing import drawable
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.timeline import story
from maild.web.visit import Visit, go

_AT_ONCE: Final = 256 * 1024
# A file of a stranger is never shown as a page of ours, whatever it claims to be.
_AS_A_FILE: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Types that a browser hands to a program as what they are; everything else is only bytes.
_KNOWN: Final = frozenset(
    {"application/pdf", "application/xml", "application/zip", "image/png", "image/jpeg"}
)


async def show(visit: Visit) -> Response:
    """The document with its first page as a picture."""
    opened = await visit.app.browsing.open(visit.scope, visit.path("id"))
    document = opened.document
    return page(
        visit,
        "document.html",
        team=visit.app.browsing.team(visit.scope, document.team),
        document=document,
        bill=document.bill,
        opened=opened,
        drawable=drawable(document) is not None,
        at=_page_of(visit),
        story=story(opened.shown),
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
    file, content = await visit.app.browsing.file(
        visit.scope, visit.path("id"), at=int(number), place=visit.place
    )
    return as_file(file, content)


async def process(visit: Visit) -> Response:
    """Mark it as processed by one's office."""
    id_ = visit.path("id")
    opened = await visit.app.browsing.open(visit.scope, id_)
    await visit.app.browsing.process(visit.scope, opened.document.team, ids=[id_])
    return go(f"/documents/{id_}")


def as_file(file: File, content: Content) -> Response:
    """A file as it is, piece by piece, which no browser shows as a page of ours."""
    media_type = file.media_type if file.media_type in _KNOWN else "application/octet-stream"
    headers = _AS_A_FILE | {
        "Content-Disposition": disposition(file.name),
        "Content-Length": str(len(content)),
    }
    return StreamingResponse(_pieces(content), media_type=media_type, headers=headers)


def disposition(name: str) -> str:
    """The header that names a file for download, in any script (RFC 6266 section 4.3)."""
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\%/' else "_"
        for sign in name
    )
    return f"attachment; filename=\"{plain[:150] or 'file'}\"; filename*=UTF-8''{quote(name[:150], safe='')}"


def _page_of(visit: Visit) -> int:
    given = visit.request.query_params.get("page", "1")
    return int(given) if given.isdecimal() and len(given) < 6 and int(given) else 1


async def _pieces(content: Content) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    for start in range(0, len(content), _AT_ONCE):
        yield await anyio.to_thread.run_sync(_read, content, start)


def _read(content: Content, start: int) -> bytes:
    if isinstance(content, bytes):
        return content[start : start + _AT_ONCE]
    return content.read(_AT_ONCE, start=start)


PAGES: Final = (
    Page("GET", "/documents/{id}", Who.PERSON, show),
    Page("GET", "/documents/{id}/pages/{page}", Who.PERSON, picture),
    Page("GET", "/documents/{id}/files/{file}", Who.PERSON, download),
    Page("POST", "/documents/{id}/process", Who.PARTNER, process),
)
