"""What a team's own people do about their documents and deliveries: yes, no, again, not at all.

Each is an action that the command line has too; here it is asked with a scope, and stands in the trail.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, Literal

from maild.actions import Actions
from maild.errors import NotFound
from maild.model.access import Scope
from maild.partners.today import Today
from maild.store import deliveries, documents, trail
from maild.store.database import Database, Tx

Always = Literal["once", "address", "domain"]
Verdict = Literal["confirmed", "rejected"]
Verb = Literal["retry", "hold", "release", "cancel"]
_PAST: Final = {
    "retry": "retried",
    "hold": "held",
    "release": "released",
    "cancel": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Handling:
    """The actions, for teams that are one's own. What is not one's own is NotFound."""

    db: Database
    actions: Actions
    today: Today

    async def decide(
        self,
        scope: Scope,
        slug: str,
        document: str,
        *,
        verdict: Verdict,
        to: tuple[str, ...] = (),
        always: Always = "once",
        place: str = "",
    ) -> None:
        """Say yes or no to a document that waits. Raises NotFound, UserError.

        `to` names machine inboxes that get a correction too, `always` lets its sender in from now on.
        """
        await self._own_document(scope, slug, document)
        await self.actions.review(document, verdict=verdict, to=to, always=always)
        told = [*to, *([] if always == "once" else [f"its sender is let in: {always}"])]
        detail = ", ".join(told)
        step = trail.Step(
            scope.email, f"document.{verdict}", document, slug, place=place, detail=detail
        )
        await self._note(step)

    async def act(
        self, scope: Scope, slug: str, delivery: str, *, verb: Verb, place: str = ""
    ) -> None:
        """Try a delivery again, hold it, release it or give it up. Raises NotFound, UserError."""
        await self._own_delivery(scope, slug, delivery)
        reason = f"{_PAST[verb]} by {scope.email}" if verb in {"hold", "cancel"} else ""
        await self.actions.act(verb, delivery, reason=reason)
        await self._note(
            trail.Step(scope.email, f"delivery.{_PAST[verb]}", delivery, slug, place=place)
        )

    async def resend(
        self, scope: Scope, slug: str, document: str, *, to: tuple[str, ...] = (), place: str = ""
    ) -> None:
        """Send a document once more, to these or to the people its rules name. Raises as above."""
        await self._own_document(scope, slug, document)
        made = await self.actions.resend(document, to=to)
        detail = ", ".join(dict.fromkeys(one["address"] for one in made))
        await self._note(
            trail.Step(scope.email, "document.resent", document, slug, place=place, detail=detail)
        )

    async def go_live(
        self, scope: Scope, slug: str, *, since: datetime | None, place: str = ""
    ) -> int:
        """End shadow mode, and send what waited since then; how many deliveries go. Raises NotFound."""
        team = self.today.team(scope, slug)
        done = await self.actions.golive(team.slug, since=since)
        detail = f"{done['released']} deliveries sent, {done['still_held']} kept"
        step = trail.Step(scope.email, "team.went_live", slug, slug, place=place, detail=detail)
        await self._note(step)
        return int(done["released"])

    async def note(
        self, scope: Scope, slug: str, *, action: str, about: str, place: str = ""
    ) -> None:
        """Keep in the trail what somebody did about a team of his. Raises NotFound."""
        self.today.team(scope, slug)
        await self._note(trail.Step(scope.email, action, about, slug, place=place))

    async def _own_document(self, scope: Scope, slug: str, document: str) -> None:
        team = self.today.team(scope, slug)
        found = await self.db.read(partial(documents.get, id=document))
        if found.team != team.slug:
            raise NotFound(f'there is no document "{document}"')

    async def _own_delivery(self, scope: Scope, slug: str, delivery: str) -> None:
        team = self.today.team(scope, slug)
        found = await self.db.read(partial(deliveries.get, id=delivery))
        if found.team != team.slug:
            raise NotFound(f'there is no delivery "{delivery}"')

    async def _note(self, step: trail.Step) -> None:
        now = self.actions.now()

        def write(tx: Tx) -> None:
            trail.add(tx, step, now=now)

        await self.db.write(write)
