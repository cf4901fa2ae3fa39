"""The figures of a PDF that has no bill inside: read from its pages, each with its verdict.

The pages are opened in the sandbox; their figures are read beside the event loop, within the bounds of
`maild.reading`. What becomes of the figures is not decided here.
"""

from __future__ import annotations

import asyncio
from functools import partial

from maild.model.figures import Figures
from maild.model.party import company_key
from maild.model.team import Team
from maild.reading.fields import read_fields
from maild.reading.mail import Body
from maild.reading.parties import Own
from maild.reading.pdf import sheets
from maild.reading.sandbox import Sandbox


async def figures_of(sandbox: Sandbox, content: Body, *, team: Team | None = None) -> Figures:
    """Read the pages of a PDF; a team's own numbers and name are never taken for the supplier's.

    Raises Unreadable when the pages cannot be read, Parked when they kill.
    """
    pages = await sheets(sandbox, content)
    return await asyncio.to_thread(partial(read_fields, pages, own=own_of(team)))


def own_of(team: Team | None) -> Own:
    """What a team is known by on a page."""
    if team is None:
        return Own()
    return Own(frozenset(map(company_key, team.vat)), frozenset({team.name.casefold()}))
