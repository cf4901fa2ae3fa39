"""The operator's view of the configuration: what holds, what says so, and what the files say by now."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.responses import Response

from maild.config.effective import Setting
from maild.web.operator import OPERATOR
from maild.web.pages import page
from maild.web.routes import Page, Who
from maild.web.visit import Visit

_LONGEST: Final = 80
MOST: Final = 1_500  # values of one page; a hundred teams have more


async def show(visit: Visit) -> Response:
    """Every value with its source; `q` looks for a word, `said` leaves the defaults out."""
    return await _show(visit)


async def reload(visit: Visit) -> Response:
    """Read teams, rules and labels again, as SIGHUP does, and tell what that changed and what is wrong."""
    # Read and put in at once, so that nothing an owner writes meanwhile is taken back by it.
    changed, problems = visit.app.reload()
    told = ", ".join(changed) or "nothing changed"
    await visit.app.oversight.note(
        "settings.reloaded",
        visit.app.config_path.name,
        detail=f"{told}; {len(problems)} wrong, the rules before stay" if problems else told,
        by=visit.scope.email,
    )
    return await _show(visit, reread=changed, status=422 if problems else 200)


async def _show(visit: Visit, *, reread: list[str] | None = None, status: int = 200) -> Response:
    query = visit.request.query_params
    word, said = query.get("q", "")[:_LONGEST].strip(), bool(query.get("said"))
    found = await asyncio.to_thread(visit.app.configured)
    rows = [
        one
        for one in found.settings
        if not (said and one.by == "default")
        and any(word.lower() in each.lower() for each in (one.key, one.value, one.source))
    ]
    sections: dict[str, list[Setting]] = {}
    for one in rows[:MOST]:
        sections.setdefault(one.section, []).append(one)
    return page(
        visit,
        "operator_settings.html",
        status=status,
        reread=reread,
        found=found,
        word=word,
        said=said,
        count=len(rows),
        all=len(found.settings),
        most=MOST,
        sections=list(sections.items()),
    )


PAGES: Final = (
    Page("GET", f"{OPERATOR}/settings", Who.OPERATOR, show),
    Page("POST", f"{OPERATOR}/settings", Who.OPERATOR, reload),
)
