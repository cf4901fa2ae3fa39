"""Automatic exports of an office: tried out, switched on, looked at, sent once more, switched off.

An office needs the right to them by its link; the team's own people see them all and end each. The team
is told of every change. Source: ux.md section 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from maild.actions import Actions
from maild.errors import NotFound, UserError
from maild.exports.choosing import choose
from maild.model.access import Right, Scope
from maild.model.automatic import Automatic, Often
from maild.model.document import Kind
from maild.model.export import Order
from maild.model.ids import new_id
from maild.model.period import Every, Period, period_of
from maild.model.said import Said
from maild.model.team import Team
from maild.partners.scope import is_among
from maild.partners.telling import tell
from maild.render.portal_mail import PortalMail
from maild.rules.automatic import choice_of, road_of
from maild.rules.book import RuleBook
from maild.store import automatic, packages, people, trail
from maild.store.database import Database, Tx
from maild.store.packages import Package

MOST_ON: Final = 5  # of one office for one team
MOST_SHOWN: Final = 12  # packages of each


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for."""

    kinds: frozenset[Kind]
    often: Often
    since: date | None
    language: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One that is switched on, and the packages it made, the newest first."""

    automatic: Automatic
    made: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What would have been sent of a period that is over."""

    period: Period
    count: int


@dataclass(frozen=True, slots=True)
class Automation:
    """What may be asked of automatic exports. `changed` lets the rule book know of them."""

    db: Database
    actions: Actions
    book: Callable[[], RuleBook]
    url: str
    now: Callable[[], datetime]
    changed: Callable[[], Awaitable[None]]

    def may(self, scope: Scope, slug: str) -> bool:
        """Whether somebody switches them on, as the accountant of a team."""
        return scope.partner is not None and Right.AUTO in scope.links.get(slug, frozenset())

    async def look(self, scope: Scope, slug: str) -> tuple[Shown, ...]:
        """What is on: an office's own, of an own team all. Raises NotFound."""
        self._team(scope, slug)

        def look(tx: Tx) -> tuple[Shown, ...]:
            found = (one for one in automatic.of_team(tx, slug) if _is_of(one, scope))
            return tuple(Shown(one, _made(tx, one)) for one in found)

        return await self.db.read(look)

    async def on(self, scope: Scope) -> frozenset[str]:
        """The teams for which an office has something on."""
        found = await self.db.read(automatic.in_force)
        return frozenset(one.team for one in found if one.partner == scope.partner)

    async def try_out(self, scope: Scope, slug: str, *, wanted: Wanted) -> Tried:
        """What would have been sent of the last period. Raises NotFound, UserError."""
        team = self._partners_team(scope, slug)
        one = self._new(scope, team, wanted=wanted, office="", name="")
        every = one.often.every or Every.MONTH
        now = self.now()
        period = period_of(now, every, zone=ZoneInfo(team.time_zone)).previous
        order = Order(slug, period, now, choice_of(one))
        chosen = await self.db.read(partial(choose, order=order, team=team))
        return Tried(period, len(chosen.places))

    async def switch_on(
        self, scope: Scope, slug: str, *, wanted: Wanted, place: str = ""
    ) -> Automatic:
        """Let documents go to the visitor's address from now on.

        Raises NotFound; UserError for who showed nothing but the mailed link (portal_security.md
        section 2, point 7), and where it would bring nothing new.
        """
        team = self._partners_team(scope, slug)
        if not scope.proven:
            raise UserError(
                Said("needs_factor", "an automatic export needs a second factor"),
                hint=Said("add_factor", "add a passkey or an app on your account, and come back"),
            )

        def write(tx: Tx) -> Automatic:
            office = people.partner(tx, scope.partner or "").name
            name = _name(office, wanted.often, taken=automatic.names(tx, slug))
            one = self._new(scope, team, wanted=wanted, office=office, name=name)
            _check(one, automatic.of_team(tx, slug), team=team)
            automatic.add(tx, one)
            self._note(tx, scope, one, action="automatic.on", place=place)
            self._tell(tx, "automatic_on", team, one=one, by=scope.email)
            return one

        made = await self.db.write(write)
        await self.changed()
        return made

    async def switch_off(self, scope: Scope, slug: str, id_: str, *, place: str = "") -> None:
        """End one, with what of it was still to come. Raises NotFound."""
        team = self._team(scope, slug)

        def write(tx: Tx) -> None:
            one = self._one(tx, scope, slug=slug, id_=id_)
            automatic.end(tx, one, by=scope.email, now=self.now())
            self._note(tx, scope, one, action="automatic.off", place=place)
            self._tell(tx, "automatic_off", team, one=one, by=scope.email)

        await self.db.write(write)
        await self.changed()

    async def again(
        self, scope: Scope, slug: str, id_: str, *, period: str, place: str = ""
    ) -> None:
        """Send the package of a period once more. Raises NotFound, UserError."""
        team = self._partners_team(scope, slug)

        def look(tx: Tx) -> tuple[Automatic, list[str]]:
            one = self._one(tx, scope, slug=team.slug, id_=id_)
            made = _made(tx, one)
            return one, [each.document for each in made if each.period == period and each.document]

        one, found = await self.db.read(look)
        if not found:
            raise NotFound(f"{one.name} has made no package of {period}")
        for document in found:
            await self.actions.resend(document, to=(one.name,))
        note = partial(self._note, scope=scope, one=one, action="automatic.again", place=place)
        await self.db.write(note)

    def _team(self, scope: Scope, slug: str) -> Team:
        if slug not in scope.owns and not self.may(scope, slug):
            raise NotFound(f'there is no team "{slug}"')
        return self.book().team(slug)

    def _partners_team(self, scope: Scope, slug: str) -> Team:
        if not self.may(scope, slug):
            raise NotFound(f'there is no team "{slug}"')
        return self.book().team(slug)

    def _one(self, tx: Tx, scope: Scope, *, slug: str, id_: str) -> Automatic:
        one = automatic.get(tx, id_)
        if one.team != slug or one.ended_at is not None or not _is_of(one, scope):
            raise NotFound(f"there is no automatic export {id_}")
        return one

    def _new(
        self, scope: Scope, team: Team, *, wanted: Wanted, office: str, name: str
    ) -> Automatic:
        seen = {way.value for way in scope.directions(team.slug)}
        kinds = frozenset(
            kind for kind in wanted.kinds if kind.direction and kind.direction.value in seen
        )
        if not kinds:
            raise UserError(Said("choose_kind", "choose at least one kind of document"))
        return Automatic(
            id=new_id("x"),
            team=team.slug,
            partner=scope.partner or "",
            office=office,
            name=name,
            address=scope.email,
            language=wanted.language,
            kinds=kinds,
            often=wanted.often,
            since=wanted.since if wanted.often.every else None,
            created_at=self.now(),
            created_by=scope.email,
        )

    def _note(self, tx: Tx, scope: Scope, one: Automatic, *, action: str, place: str) -> None:
        kinds = ", ".join(sorted(one.kinds))
        detail = f"{one.name} to {one.address}: {kinds}"
        step = trail.Step(scope.email, action, one.id, one.team, place=place, detail=detail)
        trail.add(tx, step, now=self.now())

    def _tell(self, tx: Tx, kind: PortalMail, team: Team, *, one: Automatic, by: str) -> None:
        to = {*team.people, one.address} - {by}
        facts = {"by": by, "partner": one.office}
        url = f"{self.url}/teams/{team.slug}/automatic"
        tell(tx, kind, team, to=to, facts=facts, url=url, now=self.now())


def _is_of(one: Automatic, scope: Scope) -> bool:
    return one.team in scope.owns or one.partner == scope.partner


def _made(tx: Tx, one: Automatic) -> tuple[Package, ...]:
    return packages.made(tx, one.team, one.name)[-MOST_SHOWN:][::-1]


def _check(one: Automatic, others: Collection[Automatic], *, team: Team) -> None:
    """Raise UserError where it would bring nothing, or the same twice."""
    if road_of(team) is None:
        raise UserError(
            Said("no_mail", f"{team.name} has no way to send mail to people", name=team.name),
            hint=Said("operator_gives", "the operator can give it one"),
        )
    mine = [each for each in others if each.partner == one.partner]
    if len(mine) >= MOST_ON:
        raise UserError(
            Said("enough_on", f"your office has {MOST_ON} of them already", most=MOST_ON),
            hint=Said("end_one", "end one first"),
        )
    if any(each.address == one.address and each.often is one.often for each in mine):
        raise UserError(
            Said("gets_already", f"{one.address} gets that already", address=one.address),
            hint=Said("end_first", "end the one that is on first"),
        )
    added = {each.name for each in others}
    own = [each.address for each in team.recipients if each.name not in added]
    if one.often.every is None and is_among(one.address, own):
        raise UserError(
            Said(
                "gets_by_rules",
                f"{one.address} gets documents of {team.name} by its own rules already",
                address=one.address,
                name=team.name,
            ),
            hint=Said(
                "package_possible",
                "a package of a week, month or quarter can be had all the same",
            ),
        )


def _name(office: str, often: Often, *, taken: Collection[str]) -> str:
    """Such as "kantoor-peeters-month", with a number behind it where that was given before."""
    plain = unicodedata.normalize("NFKD", office).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:24].strip("-") or "office"
    base = f"{slug}-{often}"
    names = (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3)))
    return next(one for one in names if one not in taken)
