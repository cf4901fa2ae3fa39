"""The operator's first pages: today with what needs a person, everything in, everything out, the trail."""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from maild.errors import NotFound
from maild.oversight import GROUPS, Today
from maild.web.charts import Column, stacked
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.timeline import story
from maild.web.visit import Visit, go

OPERATOR: Final = "/operator"
_VERBS: Final = frozenset({"retry", "hold", "release", "cancel"})
_LONGEST: Final = 40  # of what stands in the address


async def today(visit: Visit) -> Response:
    """How everything is, and what needs a person."""
    found = await visit.app.oversight.today()
    return page(
        visit,
        "operator_today.html",
        today=found,
        last=found.days[-1],
        failed=sum(day.failed for day in found.days),
        picture=stacked(_columns(visit, found), label=visit.words("operator.picture")),
        troubles=_troubles(found),
    )


async def incoming(visit: Visit) -> Response:
    """What came in, what became of it, and what was refused."""
    query = visit.request.query_params
    refused_only = bool(query.get("refused"))
    after = query.get("after", "")[:_LONGEST] or None
    rows, more = await visit.app.oversight.incoming(after=after, refused_only=refused_only)
    return page(visit, "operator_in.html", rows=rows, more=more, refused_only=refused_only)


async def leaving(visit: Visit) -> Response:
    """What leaves, a row for each recipient of a document."""
    query = visit.request.query_params
    group = query.get("state", "all")
    if group not in GROUPS:
        raise NotFound("there is no such list")
    teams = visit.app.oversight.teams
    team = query.get("team") or None
    rows, more = await visit.app.oversight.leaving(
        group, team=team, after=query.get("after", "")[:_LONGEST] or None
    )
    here = urlencode([("state", group), *([("team", team)] if team else [])])
    return page(
        visit,
        "operator_out.html",
        rows=rows,
        more=more,
        group=group,
        groups=tuple(GROUPS),
        team=team,
        teams=teams,
        address=f"{OPERATOR}/out?{here}",
    )


async def document(visit: Visit) -> Response:
    """One document: its deliveries, what the rules said of it, its story. Its files are its team's."""
    shown, rows = await visit.app.oversight.document(visit.path("id"))
    issued = shown["issued_on"]
    return page(
        visit,
        "operator_document.html",
        shown=shown,
        rows=rows,
        issued_on=date.fromisoformat(issued) if issued else None,
        story=story(shown, visit.language),
    )


async def act(visit: Visit) -> Response:
    """Retry, hold, release or cancel a delivery, and back to where the button was."""
    verb = visit.path("verb")
    if verb not in _VERBS:
        raise NotFound("there is nothing of that name to do")
    await visit.app.oversight.act(verb, visit.path("id"), by=visit.scope.email)
    return _back(visit)


async def resend(visit: Visit) -> Response:
    """Send a document once more, and back to where the button was."""
    await visit.app.oversight.resend(visit.path("id"), by=visit.scope.email)
    return _back(visit)


async def trail(visit: Visit) -> Response:
    """Who did what, and whether anything was taken out of it."""
    given = visit.request.query_params.get("before", "")
    before = int(given) if given.isascii() and given.isdecimal() and len(given) < 18 else None
    rows, more = await visit.app.oversight.trail(before=before)
    checked = bool(visit.request.query_params.get("check"))
    return page(
        visit,
        "operator_trail.html",
        rows=rows,
        more=more,
        checked=checked,
        breaks_at=await visit.app.oversight.trail_breaks_at() if checked else None,
    )


def _columns(visit: Visit, found: Today) -> list[Column]:
    words = visit.words
    return [
        Column(
            words(
                "operator.day",
                day=day.on,
                came=day.came,
                delivered=day.delivered,
                waiting=day.waiting,
                failed=day.failed,
            ),
            {"good": day.delivered, "wait": day.waiting, "wrong": day.failed},
        )
        for day in found.days
    ]


def _troubles(found: Today) -> int:
    """How many things need a person."""
    status = found.status
    return (
        len(found.failed)
        + len(found.held)
        + len(found.without_rule)
        + len(status["alarms"])
        + len(status["stopped"])
        + sum(1 for one in status["paused"] if one["next"])
        + sum(1 for one in status["mailboxes"] if one["dead"])
        + sum(1 for one in status["accounts"] if one["trouble"])
    )


def _back(visit: Visit) -> Response:
    """To a page of the operator's, whatever the form says."""
    wanted = visit.field("back")
    mine = wanted == OPERATOR or wanted.startswith((f"{OPERATOR}/", f"{OPERATOR}?"))
    return go(wanted if mine and wanted.isprintable() else OPERATOR)


PAGES: Final = (
    Page("GET", OPERATOR, Who.OPERATOR, today),
    Page("GET", f"{OPERATOR}/in", Who.OPERATOR, incoming),
    Page("GET", f"{OPERATOR}/out", Who.OPERATOR, leaving),
    Page("POST", f"{OPERATOR}/out/{{id}}/{{verb}}", Who.OPERATOR, act),
    Page("GET", f"{OPERATOR}/documents/{{id}}", Who.OPERATOR, document),
    Page("POST", f"{OPERATOR}/documents/{{id}}/resend", Who.OPERATOR, resend),
    Page("GET", f"{OPERATOR}/trail", Who.OPERATOR, trail),
)
