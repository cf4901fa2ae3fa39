"""The operator's rules: drop a file and see the decision; rules that never fire, kinds that no rule takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import Response

from maild.errors import DocumentError, NotFound
from maild.reasons import Told, refusal_told
from maild.web.operator import OPERATOR
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit


async def show(visit: Visit) -> Response:
    """The rules of a team, and what they took lately."""
    return await _shown(visit, visit.request.query_params.get("team", ""))


async def explain(visit: Visit) -> Response:
    """What would happen to a file now. Nothing is stored."""
    given, team = await visit.file("file"), visit.field("team")
    if given is None:
        return await _shown(visit, team, problems=[Told(visit.words("rules.no_file"))], status=422)
    try:
        found = await visit.app.actions.explain([given], team=team, tag=visit.field("tag") or None)
    except DocumentError as fault:
        problems = refusal_told(fault.problems, "", visit.language)
        return await _shown(visit, team, problems=problems, status=422)
    return await _shown(visit, team, explained=found, name=given[0])


async def _shown(
    visit: Visit,
    team: str,
    *,
    explained: list[dict[str, Any]] | None = None,
    problems: Sequence[Told] = (),
    name: str = "",
    status: int = 200,
) -> Response:
    teams = visit.app.oversight.teams
    wanted = team or next(iter(teams), "")
    if wanted not in teams:
        raise NotFound("there is no such team")
    return page(
        visit,
        "operator_rules.html",
        status=status,
        teams=teams,
        team=wanted,
        tags=visit.app.actions.tags,
        coverage=await visit.app.oversight.coverage(wanted),
        explained=explained or (),
        problems=problems,
        name=name,
    )


PAGES: Final = (
    Page("GET", f"{OPERATOR}/rules", Who.OPERATOR, show),
    Page("POST", f"{OPERATOR}/rules", Who.OPERATOR, explain, files=1),
)
