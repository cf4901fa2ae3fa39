"""What the operator oversees: today, what needs a person, everything that came and everything that leaves.

Over all teams; only pages of an operator ask it. What he does is done by `actions` and stands in the
trail under his address.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from maild.actions import Actions
from maild.model.delivery import DECIDED, Delivery, State
from maild.model.document import Document
from maild.model.overview import Coverage, Day, Incoming
from maild.records import Records, deliveries_json
from maild.rules.book import RuleBook
from maild.store import documents, overview, trail
from maild.store.database import Database, Tx

PAGE: Final = 50
DAYS: Final = 30
MOST_SHOWN: Final = 20  # of each sort of trouble; the lists have them all
_COVERED: Final = timedelta(days=90)
_NO_RULE_FOR: Final = timedelta(days=7)  # what nobody missed for so long is told no more


@dataclass(frozen=True, slots=True)
class Leaving:
    """A delivery as every face shows it, and the document that it carries."""

    delivery: dict[str, Any]
    document: Document | None

    @property
    def may(self) -> frozenset[str]:
        """What may be done to it in the state it is in; what a verdict ends is not released."""
        told = _MAY.get(State(self.delivery["state"]), frozenset())
        return told - {"release"} if self.delivery["hold_code"] in DECIDED else told


@dataclass(frozen=True, slots=True)
class Today:
    """How everything is: the status without its teams, thirty days, and what needs a person."""

    status: dict[str, Any]
    days: tuple[Day, ...]
    failed: tuple[Leaving, ...]
    held: tuple[Leaving, ...]
    without_rule: tuple[Document, ...]


_MAY: Final = {
    State.QUEUED: frozenset({"retry", "hold", "cancel"}),
    State.UNCERTAIN: frozenset({"retry", "hold"}),
    State.HELD: frozenset({"release", "cancel"}),
    State.FAILED: frozenset({"retry"}),
    State.BOUNCED: frozenset({"retry"}),
}
GROUPS: Final[dict[str, Collection[State]]] = {
    "all": tuple(State),
    "waiting": (State.QUEUED, State.SENDING, State.UNCERTAIN),
    "held": (State.HELD,),
    "failed": (State.FAILED, State.BOUNCED),
    "delivered": (State.HANDED_OVER, State.CONFIRMED),
    "cancelled": (State.CANCELLED,),
}


@dataclass(frozen=True, slots=True)
class Oversight:
    """What only the operator may ask."""

    db: Database
    records: Records
    actions: Actions
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    @property
    def teams(self) -> tuple[str, ...]:
        """The names of all teams."""
        return tuple(team.slug for team in self.book().teams)

    async def today(self) -> Today:
        """How everything is."""
        status, now, teams = await self.actions.overall(), self.now(), self.teams

        def look(tx: Tx) -> Today:
            lately = now - _NO_RULE_FOR
            failed = overview.leaving(tx, GROUPS["failed"], team=None, after=None, limit=MOST_SHOWN)
            return Today(
                status=status,
                days=overview.days(tx, teams, now=now, count=DAYS),
                failed=_leaving(tx, failed, now=now),
                held=_leaving(tx, overview.held(tx, limit=MOST_SHOWN), now=now),
                without_rule=overview.without_rule(tx, teams, since=lately, limit=MOST_SHOWN),
            )

        return await self.db.read(look)

    async def figures(self) -> tuple[dict[str, Any], Day]:
        """The status without its teams, and today: for programs that watch."""
        status, now = await self.actions.overall(), self.now()
        days = partial(overview.days, teams=self.teams, now=now, count=1)
        [today] = await self.db.read(days)
        return status, today

    async def connections(self) -> tuple[dict[str, Any], dict[str, datetime]]:
        """The status without its teams, and when each connector last handed something over."""
        return await self.actions.overall(), await self.db.read(overview.last_taken)

    async def leaving(
        self, group: str, *, team: str | None, after: str | None
    ) -> tuple[tuple[Leaving, ...], str | None]:
        """A page of deliveries, newest first, and the id behind which it goes on."""

        def look(tx: Tx) -> tuple[tuple[Leaving, ...], str | None]:
            found = overview.leaving(tx, GROUPS[group], team=team, after=after, limit=PAGE + 1)
            more = found[PAGE - 1].id if len(found) > PAGE else None
            return _leaving(tx, found[:PAGE], now=self.now()), more

        return await self.db.read(look)

    async def incoming(
        self, *, after: str | None, refused_only: bool
    ) -> tuple[tuple[Incoming, ...], str | None]:
        """A page of what came in or was refused, newest first, and where it goes on."""
        found = await self.db.read(
            partial(overview.incoming, after=after, limit=PAGE + 1, refused_only=refused_only)
        )
        return found[:PAGE], found[PAGE - 1].key if len(found) > PAGE else None

    async def document(self, id_: str) -> tuple[dict[str, Any], tuple[Leaving, ...]]:
        """A document as `documents show` tells it, and its deliveries. Raises NotFound."""
        shown = await self.records.show(id_)
        stored = await self.db.read(partial(documents.get, id=id_))
        return shown, tuple(Leaving(one, stored) for one in shown["deliveries"])

    async def coverage(self, slug: str) -> Coverage:
        """Which rules of a team hit in the last 90 days, and what none took. Raises UnknownTeam."""
        team = self.book().team(slug)
        rules = [one.name for one in team.rules]
        since = (self.now() - _COVERED).date()
        look = partial(overview.coverage, team=team.slug, rules=rules, since=since)
        return await self.db.read(look)

    async def trail(self, *, before: int | None) -> tuple[tuple[trail.Kept, ...], int | None]:
        """A page of who did what, newest first, and where it goes on."""
        found = await self.db.read(partial(trail.page, before=before, limit=PAGE + 1))
        return found[:PAGE], found[PAGE - 1].n if len(found) > PAGE else None

    async def trail_breaks_at(self) -> int | None:
        """The first step of the trail that is not as it was written; None when all are."""
        return await self.db.read(trail.broken)

    async def act(self, verb: str, delivery: str, *, by: str) -> dict[str, Any]:
        """Retry, hold, release or cancel. Raises UserError when its state forbids it."""
        shown = await self.actions.act(verb, delivery, reason=f"by {by}")
        await self.note(f"delivery.{verb}", delivery, team=shown["team"], by=by)
        return shown

    async def resend(self, document: str, *, by: str) -> Sequence[dict[str, Any]]:
        """Send a document once more to those whom its rules name. Raises UserError."""
        made = await self.actions.resend(document, to=())
        team = made[0]["team"] if made else None
        await self.note("document.resent", document, team=team, by=by)
        return made

    async def note(
        self, action: str, object_: str, *, by: str, team: str | None = None, detail: str = ""
    ) -> None:
        """Write into the trail what the operator did."""
        step = trail.Step(by, action, object_, team, detail=detail)
        await self.db.write(partial(trail.add, step=step, now=self.now()))


def _leaving(tx: Tx, found: Sequence[Delivery], *, now: datetime) -> tuple[Leaving, ...]:
    ids = list({one.document for one in found if one.document})
    carried = {one.id: one for one in documents.several(tx, ids)}
    shown = deliveries_json(tx, found, now=now)
    return tuple(Leaving(one, carried.get(one["document"] or "")) for one in shown)
