"""Many documents at once: the chosen ones, or all that a list shows, as a package or as a list of them."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.errors import NotFound
from maild.model.access import Right
from maild.partners.downloads import Asked, Shape
from maild.web.documents import asked_of
from maild.web.routes import Page, Who
from maild.web.sending import attachment, holding
from maild.web.visit import Visit

_MOST_CHOSEN: Final = 200


async def download(visit: Visit) -> Response:
    """A package; the address has the filters of the list, and the chosen documents if there are any."""
    slug, query = visit.path("team"), visit.request.query_params
    try:
        shape = Shape(query.get("shape", Shape.ZIP))
    except ValueError as fault:
        raise NotFound("there is no such shape") from fault
    shown = asked_of(visit)
    asked = Asked(
        period=shown.period,
        wish=shown.wish,
        ids=frozenset(query.getlist("document")[:_MOST_CHOSEN]),
        shape=shape,
        language=visit.language,
        place=visit.place,
    )
    taken = await visit.app.downloads.take(visit.scope, slug, asked=asked)
    needed = visit.scope.directions(slug)
    holds = holding(
        visit,
        lambda again: (
            again.scope.may(Right.EXPORT, slug) and needed <= again.scope.directions(slug)
        ),
    )
    return attachment(
        taken.name, taken.content, media_type=taken.media_type, holds=holds, close=taken.close
    )


PAGES: Final = (Page("GET", "/teams/{team}/download", Who.PERSON, download),)
