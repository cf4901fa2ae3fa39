"""Packages of a team: one for a period, to take or to send; those that were made; those that come by schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from maild.errors import UserError
from maild.model.period import Every, Period, parse, period_on
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.today import road_of
from maild.web.visit import Visit, go

_MOST_NAMED: Final = 50
_BACK: Final = {Every.MONTH: 6, Every.QUARTER: 4, Every.YEAR: 2}


async def show(visit: Visit) -> Response:
    """The page."""
    return await _show(visit)


async def send(visit: Visit) -> Response:
    """Send the package of a period."""
    slug = visit.path("team")
    try:
        document = await visit.app.exporting.send(
            visit.scope,
            slug,
            period=visit.field("period", longest=50),
            to=[str(one)[:200] for one in visit.form.getlist("to")[:_MOST_NAMED]],
            place=visit.place,
        )
    except UserError as fault:
        return await _show(visit, said=fault.said)
    return go(f"/documents/{document}")


async def run(visit: Visit) -> Response:
    """Let a schedule make a period now."""
    slug = visit.path("team")
    await visit.app.exporting.run(
        visit.scope,
        slug,
        visit.path("name"),
        period=visit.field("period", longest=50),
        place=visit.place,
    )
    return go(f"/teams/{slug}/exports")


async def _show(visit: Visit, *, said: Sequence[str] = ()) -> Response:
    packages = await visit.app.exporting.look(visit.scope, visit.path("team"))
    periods = _periods(visit)
    return page(
        visit,
        "exports.html",
        status=422 if said else 200,
        team=packages.team,
        packages=packages,
        calendar=await visit.app.almanac.calendar(team=packages.team.slug),
        road=road_of,
        periods=periods,
        chosen=visit.field("period") or periods[0][1][0].key,
        named=lambda key: _label(visit, key),
        moment=lambda at: visit.words.moment(datetime.fromisoformat(at)),
        owed=_owed,
        said=said,
    )


def _periods(visit: Visit) -> list[tuple[Every, list[Period]]]:
    """The last months, quarters and years, those that are over first."""
    today = visit.app.handling.today.now().astimezone(visit.words.zone).date()
    found = []
    for every, count in _BACK.items():
        one, row = period_on(today, every), []
        for _ in range(count):
            row.append(one)
            one = one.previous
        found.append((every, [*row[1:], row[0]]))
    return found


def _label(visit: Visit, key: str) -> str:
    try:
        return parse(key).label(visit.language)
    except ValueError:
        return key


def _owed(schedule: dict[str, Any]) -> list[dict[str, Any]]:
    """The runs of a schedule that failed and that a person may ask for again."""
    return [one for one in schedule["failed"] if one["period"]]


PAGES: Final = (
    Page("GET", "/teams/{team}/exports", Who.OWNER, show),
    Page("POST", "/teams/{team}/exports", Who.OWNER, send),
    Page("POST", "/teams/{team}/exports/{name}/run", Who.OWNER, run),
)
