"""Bought documents that wait for the accountant: what speaks against each, and his yes or no."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from maild.errors import NotFound
from maild.partners.handling import Verdict
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

_VERDICTS: Final[dict[str, Verdict]] = {"confirmed": "confirmed", "rejected": "rejected"}


async def show(visit: Visit) -> Response:
    """What waits, the newest first."""
    slug = visit.path("team")
    found = await visit.app.reviewing.look(visit.scope, slug)
    done = visit.request.query_params.get("done", "")
    return page(
        visit,
        "waiting.html",
        team=visit.app.browsing.team(visit.scope, slug),
        waiting=found,
        done=done if done in _VERDICTS else "",
    )


async def decide(visit: Visit) -> Response:
    """Let one go its way, or keep it here."""
    verdict = _VERDICTS.get(visit.field("verdict"))
    if verdict is None:
        raise NotFound("there is no such answer")
    slug = await visit.app.reviewing.decide(
        visit.scope, visit.path("id"), verdict=verdict, place=visit.place
    )
    return go(f"/teams/{slug}/waiting?done={verdict}")


PAGES: Final = (
    Page("GET", "/teams/{team}/waiting", Who.PARTNER, show),
    Page("POST", "/documents/{id}/decision", Who.PARTNER, decide),
)
