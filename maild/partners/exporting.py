"""Packages of a team, as its own people see them: those that were made, those that are owed, one by hand.

To take one as a file is `maild.partners.downloads`; what is in one decides `maild.exports`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from maild.agenda import Agenda
from maild.errors import UserError
from maild.exports.asked import named_period
from maild.exports.making import Exports
from maild.log import portal as log
from maild.model.access import Scope
from maild.model.browsing import Wish
from maild.model.delivery import Delivery
from maild.model.document import Document, Kind
from maild.model.export import Choice
from maild.model.pickup import Pickup
from maild.model.said import Said
from maild.model.team import Recipient, Team
from maild.partners.browsing import Browsing
from maild.partners.today import Today
from maild.store import deliveries, packages, pickups, trail
from maild.store.database import Database, Tx

MOST: Final = 20_000  # documents of a package that is sent from a page
AN_HOUR: Final = 20  # packages of one of a team's own people
MOST_LISTED: Final = 50
_STEP: Final = "package.sent"


@dataclass(frozen=True, slots=True)
class Made:
    """A package that was filed, where it went, and the links to it."""

    document: Document
    deliveries: tuple[Delivery, ...]
    links: tuple[Pickup, ...]


@dataclass(frozen=True, slots=True)
class Packages:
    """What a team's page of packages shows; `schedules` are as `maild schedule list` tells them."""

    team: Team
    made: tuple[Made, ...]
    schedules: tuple[dict[str, Any], ...]
    recipients: tuple[Recipient, ...]


@dataclass(frozen=True, slots=True)
class Exporting:
    """Questions and wishes of a team's own people about packages."""

    db: Database
    today: Today
    browsing: Browsing
    exports: Exports
    agenda: Agenda

    async def look(self, scope: Scope, slug: str) -> Packages:
        """The packages of a team and its schedules. Raises NotFound."""
        team = self.today.team(scope, slug)
        own = {f"{team.slug}/{one.name}" for one in team.exports}
        schedules = await self.agenda.list(team=team.slug)
        return Packages(
            team,
            await self.db.read(partial(_made, team=team.slug)),
            tuple(one for one in schedules if one["schedule"] in own),
            tuple(one for one in team.recipients if Kind.EXPORT in one.profile.kinds),
        )

    async def send(
        self, scope: Scope, slug: str, *, period: str, to: Sequence[str], place: str = ""
    ) -> str:
        """Send the package of a period to recipients; its id. Raises NotFound, UserError."""
        team = self.today.team(scope, slug)
        if not to:
            raise UserError(Said("no_one", "say who gets it: choose at least one recipient"))
        await self._check_size(scope, team, period=period)
        step = trail.Step(scope.email, _STEP, scope.person, slug, place=place, detail=period[:50])
        await self.db.write(partial(self._count, step=step))
        sent = await self.exports.send(slug, period, choice=Choice(), to=to)
        return str(sent["document"])

    async def run(
        self, scope: Scope, slug: str, name: str, *, period: str, place: str = ""
    ) -> None:
        """Let a schedule make the package of a period now. Raises NotFound, UserError."""
        team = self.today.team(scope, slug)
        await self.agenda.run(f"{team.slug}/{name}", period)
        detail = f"{name} {period}"
        step = trail.Step(scope.email, "schedule.run", slug, slug, place=place, detail=detail)
        await self.db.write(partial(trail.add, step=step, now=self.today.now()))

    async def _check_size(self, scope: Scope, team: Team, *, period: str) -> None:
        wanted = named_period(period, now=self.today.now(), zone=ZoneInfo(team.time_zone))
        wish = Wish((wanted.first_on, wanted.last_on))
        found = await self.browsing.ids(scope, team.slug, wish=wish, limit=MOST + 1)
        if not found:
            raise UserError(
                Said("empty_period", f"there is nothing in {wanted.key}", period=wanted.key),
                hint=Said("other_period", "choose another period"),
            )
        if len(found) > MOST:
            english = f"{wanted.key} holds more than {MOST:,} documents"
            raise UserError(
                Said("large_period", english, period=wanted.key, most=MOST),
                hint=Said("shorter_period", "choose a shorter period"),
            )

    def _count(self, tx: Tx, *, step: trail.Step) -> None:
        """Note it, unless this hour has had enough."""
        now = self.today.now()
        if trail.count(tx, step.object, action=_STEP, since=now - timedelta(hours=1)) >= AN_HOUR:
            log.download_refused(team=step.team or "", place=step.place)
            english = f"that is more than {AN_HOUR} packages in an hour; try again later"
            raise UserError(Said("packages_enough", english, most=AN_HOUR))
        trail.add(tx, step, now=now)


def _made(tx: Tx, *, team: str) -> tuple[Made, ...]:
    found = packages.filed(tx, team, limit=MOST_LISTED)
    return tuple(
        Made(one, deliveries.of_document(tx, one.id), pickups.of_document(tx, one.id))
        for one in found
    )
