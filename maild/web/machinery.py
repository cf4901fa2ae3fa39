"""What the operator's maild hangs on: connectors, mailboxes and consents, the clock, the DNS of its domains."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from starlette.responses import Response

from maild.almanac import AHEAD, Lane
from maild.doctor.examine import examine_domains
from maild.errors import NotFound
from maild.lights import lights, renewals
from maild.model.said import Said
from maild.web.operator import OPERATOR
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.strip import strip
from maild.web.visit import Visit, go

MOST_ROWS: Final = 100  # of the calendar; those with something missing come first
_LONGEST_LOOK: Final = 20.0  # seconds for all domains together


async def connections(visit: Visit) -> Response:
    """Every way out and in, with its light."""
    status, _ = await visit.app.oversight.connections()
    return page(
        visit,
        "operator_connections.html",
        standing=status,
        ways=await lights(visit.app),
        renewals=await renewals(visit.app),
        whose=None,
    )


async def schedule(visit: Visit) -> Response:
    """What the clock does next, and what became of what it did."""
    found = await visit.app.agenda.list()
    now, almanac = visit.app.oversight.now(), visit.app.almanac
    rows = sorted(await almanac.calendar(), key=lambda one: not one.wants_a_person)
    return page(
        visit,
        "operator_schedule.html",
        schedules=sorted(found, key=_when),
        strip=strip(_lanes(found, almanac.ahead(), now), now=now, words=visit.words),
        calendar=rows[:MOST_ROWS],
        left_out=max(len(rows) - MOST_ROWS, 0),
    )


def _lanes(
    found: list[dict[str, Any]], ahead: tuple[Lane, ...], now: datetime
) -> Iterator[tuple[str, tuple[datetime, ...]]]:
    """What is due within a day by its name: schedules, and the digests, which have no periods."""
    known = {one.schedule for one in ahead}
    for lane in ahead:
        yield lane.schedule, lane.moments
    for one in sorted(found, key=_when):
        at = datetime.fromisoformat(one["next_at"])
        if one["schedule"] not in known and at <= now + AHEAD:
            yield one["schedule"], (at,)


async def decide(visit: Visit) -> Response:
    """Do the work of a period now, or pass over it."""
    name, period = visit.field("schedule"), visit.field("period")
    match visit.path("verb"):
        case "run":
            await visit.app.agenda.run(name, period)
        case "skip":
            await visit.app.agenda.skip(name, period, reason=_by(visit))
        case _:
            raise NotFound("there is nothing of that name to do")
    await visit.app.oversight.note(
        f"schedule.{visit.path('verb')}", name, detail=period, by=visit.scope.email
    )
    return go(f"{OPERATOR}/schedule")


def _by(visit: Visit) -> str:
    by = visit.scope.email
    return Said("skipped_by", f"by {by}", by=by)


async def dns(visit: Visit) -> Response:
    """Whether receivers believe the mail of each domain, and the records to paste.

    Name servers are asked when somebody wants it, not when a page is passed by.
    """
    if not visit.request.query_params.get("look"):
        return page(visit, "operator_dns.html", asked=False, domains=())
    try:
        async with asyncio.timeout(_LONGEST_LOOK):
            found = await examine_domains(visit.app)
    except TimeoutError:
        found = None
    return page(visit, "operator_dns.html", asked=True, domains=found)


def _when(one: dict[str, Any]) -> str:
    return str(one["next_at"])


PAGES: Final = (
    Page("GET", f"{OPERATOR}/connections", Who.OPERATOR, connections),
    Page("GET", f"{OPERATOR}/schedule", Who.OPERATOR, schedule),
    Page("POST", f"{OPERATOR}/schedule/{{verb}}", Who.OPERATOR, decide),
    Page("GET", f"{OPERATOR}/dns", Who.OPERATOR, dns),
)
