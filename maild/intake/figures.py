"""The figures of a PDF that has no bill inside: read from its pages, each with its verdict.

The pages are opened and read in the sandbox, within the bounds of `maild.reading`. What becomes of the
figures is not decided here.
"""

from __future__ import annotations

from maild.model.figures import Figures
from maild.model.party import company_key
from maild.model.team import Team
from maild.reading.mail import Body
from maild.reading.owner import Own
from maild.reading.pages import Pages, read_pages
from maild.reading.sandbox import Sandbox


async def figures_of(sandbox: Sandbox, content: Body, *, team: Team | None = None) -> Figures:
    """Read the pages of a PDF; a team's own numbers and name are never taken for the supplier's.

    Raises Unreadable when the pages cannot be read, Parked when they kill.
    """
    return (await pages_of(sandbox, content, team=team)).figures


async def pages_of(
    sandbox: Sandbox, content: Body, *, team: Team | None = None, below: float = 0.0
) -> Pages:
    """The same with the words of the pages, for who compares them. Raises as `figures_of`.

    What stands above `below` points on the first page is left out.
    """
    return await read_pages(sandbox, content, own=own_of(team), below=below)


def own_of(team: Team | None) -> Own:
    """What a team is known by on a page."""
    if team is None:
        return Own()
    return Own(frozenset(map(company_key, team.vat)), frozenset({team.name.casefold()}))
