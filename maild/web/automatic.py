"""Automatic exports of a team: what goes to an office by itself, tried out before it is switched on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from starlette.responses import Response

from maild.errors import UserError
from maild.model.automatic import Often
from maild.model.export import BOOKED
from maild.model.period import parse
from maild.partners.automatic import Tried, Wanted
from maild.web.documents import SHOWN
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit, go

_DONE: Final = ("on", "off", "again")


async def show(visit: Visit) -> Response:
    """What is on, and for an accountant the form for one more."""
    return await _show(visit, _plain(visit))


async def switch_on(visit: Visit) -> Response:
    """Switch one on, or say what it would have sent."""
    slug = visit.path("team")
    wanted = _wanted(visit)
    automation = visit.app.automation
    try:
        if visit.field("do") == "try":
            tried = await automation.try_out(visit.scope, slug, wanted=wanted)
            return await _show(visit, wanted, tried=tried)
        await automation.switch_on(visit.scope, slug, wanted=wanted, place=visit.place)
    except UserError as fault:
        if not automation.may(visit.scope, slug):
            raise
        return await _show(visit, wanted, said=fault.said)
    return go(f"/teams/{slug}/automatic?done=on")


async def switch_off(visit: Visit) -> Response:
    """End one."""
    slug = visit.path("team")
    await visit.app.automation.switch_off(visit.scope, slug, visit.path("id"), place=visit.place)
    return go(f"/teams/{slug}/automatic?done=off")


async def again(visit: Visit) -> Response:
    """Send the package of a period once more."""
    slug = visit.path("team")
    await visit.app.automation.again(
        visit.scope, slug, visit.path("id"), period=visit.field("period"), place=visit.place
    )
    return go(f"/teams/{slug}/automatic?done=again")


async def _show(
    visit: Visit, wanted: Wanted, *, tried: Tried | None = None, said: Sequence[str] = ()
) -> Response:
    slug, automation = visit.path("team"), visit.app.automation
    shown = await automation.look(visit.scope, slug)
    seen = visit.scope.directions(slug)
    done = visit.request.query_params.get("done", "")
    return page(
        visit,
        "automatic.html",
        status=422 if said else 200,
        team=visit.app.book.team(slug),
        shown=shown,
        may=automation.may(visit.scope, slug),
        kinds=[one for one in SHOWN if one.direction in seen],
        often=tuple(Often),
        wanted=wanted,
        tried=tried,
        said=said,
        done=done if done in _DONE else "",
        label=lambda key: parse(key).label(visit.language),
    )


def _plain(visit: Visit) -> Wanted:
    """What most offices want, for a form that is new."""
    return Wanted(frozenset(BOOKED), Often.MONTH, None, visit.language)


def _wanted(visit: Visit) -> Wanted:
    kinds = {one.value: one for one in SHOWN}
    chosen = [str(one) for one in visit.form.getlist("kind")]
    often = {one.value: one for one in Often}.get(visit.field("often"), Often.MONTH)
    return Wanted(
        kinds=frozenset(kinds[one] for one in chosen if one in kinds),
        often=often,
        since=_day(visit.field("since", longest=10)),
        language=visit.language,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


PAGES: Final = (
    Page("GET", "/teams/{team}/automatic", Who.PERSON, show),
    Page("POST", "/teams/{team}/automatic", Who.PARTNER, switch_on),
    Page("POST", "/teams/{team}/automatic/{id}/end", Who.PERSON, switch_off),
    Page("POST", "/teams/{team}/automatic/{id}/again", Who.PARTNER, again),
)
