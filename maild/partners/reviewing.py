"""Bought documents that wait for a yes or no, for the accountant of a team.

He decides whether one goes its way. He lets in no sender for good and names no machine inbox: that is
for the team's own people (`maild.partners.handling`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from maild.actions import Actions
from maild.errors import NotFound
from maild.intake import review
from maild.model.access import Right, Scope
from maild.model.document import Direction, Document
from maild.partners.handling import Verdict
from maild.partners.today import Asked, asked_of, asked_of_each
from maild.store import documents, trail
from maild.store.database import Database, Tx
from maild.store.waiting import waiting

MOST: Final = 100  # that are shown at once


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits, the newest first, as far as it is shown, and how many there are."""

    shown: tuple[Asked, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Reviewing:
    """What an office decides for its teams."""

    db: Database
    actions: Actions

    def may(self, scope: Scope, slug: str) -> bool:
        """Whether somebody decides here as the accountant of a team."""
        return Right.PURCHASE in scope.links.get(slug, frozenset())

    async def count(self, scope: Scope, slug: str) -> int:
        """How many documents wait for him; none where it is not his to decide."""
        if not self.may(scope, slug):
            return 0
        return len(await self.db.read(partial(_waiting, team=slug)))

    async def waits_for(self, scope: Scope, document: Document) -> bool:
        """Whether a document waits for him."""
        if document.direction is not Direction.PURCHASE or not self.may(scope, document.team):
            return False
        asked = await self.db.read(partial(asked_of, id_=document.id))
        return document.review == "waiting" or any(review.waits(one) for one in asked.held)

    async def look(self, scope: Scope, slug: str) -> Waiting:
        """What waits for him. Raises NotFound."""
        if not self.may(scope, slug):
            raise NotFound(f'there is no team "{slug}"')

        def look(tx: Tx) -> Waiting:
            ids = _waiting(tx, slug)
            return Waiting(asked_of_each(tx, ids[:MOST]), len(ids))

        return await self.db.read(look)

    async def decide(
        self, scope: Scope, document: str, *, verdict: Verdict, place: str = ""
    ) -> str:
        """Say yes or no to one; its team. Raises NotFound, and UserError when nothing waits."""
        found = await self.db.read(partial(documents.get, id=document))
        if not self.may(scope, found.team) or found.direction is not Direction.PURCHASE:
            raise NotFound(f'there is no document "{document}"')
        await self.actions.review(document, verdict=verdict)
        step = trail.Step(scope.email, f"document.{verdict}", document, found.team, place=place)
        await self.db.write(partial(trail.add, step=step, now=self.actions.now()))
        return found.team


def _waiting(tx: Tx, team: str) -> tuple[str, ...]:
    return waiting(tx, team=team, direction=Direction.PURCHASE)
