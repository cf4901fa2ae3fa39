"""Ties between a team and an accountant's office: offered by one side, accepted by the other, ended by either.

Nothing is seen before the other side said yes; an end holds from the next visit on. Every step stands
in the trail, and the other side is told by mail. Source: portal_security.md sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import NotFound, UserError
from maild.model.access import Link, LinkState, Partner, Person, Right, Scope
from maild.model.ids import new_id
from maild.model.said import Said
from maild.model.team import Team
from maild.partners.scope import is_among
from maild.partners.telling import tell
from maild.render.portal_mail import PortalMail
from maild.rules.book import RuleBook
from maild.store import automatic, links, people, trail
from maild.store.database import Database, Tx

GOOD_FOR: Final = timedelta(days=7)  # portal_security.md section 2, point 8
MOST_OPEN: Final = 50  # offers of one side that wait for an answer: each of them is a mail
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Links:
    """The links of every team and office. `url` is where the pages are; empty: mails name none."""

    db: Database
    book: Callable[[], RuleBook]
    url: str
    now: Callable[[], datetime]

    async def invite(self, team: str, email: str, *, rights: Collection[Right], by: str) -> Link:
        """Offer an accountant to see a team's documents. Raises UserError, UnknownTeam."""
        mine = self.book().team(team)
        email = _address(email)
        if is_among(email, mine.people):
            english = f"{email} is of {mine.name} already, and sees everything of it"
            raise UserError(Said("of_team", english, address=email, name=mine.name))
        return await self.db.write(
            partial(self._offer, team=mine, email=email, rights=frozenset(rights), by=by)
        )

    async def ask_for(self, known_as: str, *, person: Person, rights: Collection[Right]) -> None:
        """Ask the team of that VAT number or address to let an office see its documents.

        Says nothing of whether there is one: whose customers use maild is not for strangers to know.
        Raises UserError when too many requests of the office wait for an answer.
        """
        # Looked at first, and for every name: a refusal must not tell that there is such a team.
        await self.db.read(partial(self._has_room_to_ask, person=person))
        wanted = known_as.strip()
        plain = "".join(filter(str.isalnum, wanted)).upper()
        for team in self.book().teams:
            if plain in team.vat or is_among(wanted, (*team.addresses, *team.people)):
                ask = partial(self._ask, team=team, person=person, rights=frozenset(rights))
                await self.db.write(ask)

    async def accept(self, id_: str, *, scope: Scope, office: str = "") -> Link:
        """Say yes, as the side that was asked. `office` names a new office of an invited person.

        Raises NotFound for what is not this person's to accept, UserError without an office.
        """
        return await self.db.write(partial(self._accept, id_=id_, scope=scope, office=office))

    async def end(self, id_: str, *, scope: Scope) -> Link:
        """Say no to an offer, or end a link: each side may, at any time. Raises NotFound."""
        return await self.db.write(partial(self._end, id_=id_, scope=scope))

    async def of_team(self, team: str) -> tuple[Link, ...]:
        """Every link a team has or had, the newest first."""
        return await self.db.read(partial(links.of_team, team=team))

    async def of_scope(self, scope: Scope) -> tuple[Link, ...]:
        """What a person's office has or asked for, and what teams offer to him."""

        def look(tx: Tx) -> tuple[Link, ...]:
            mine = links.of_partner(tx, scope.partner) if scope.partner else ()
            return (*links.invitations(tx, scope.email, now=self.now()), *mine)

        return await self.db.read(look)

    async def partner(self, id_: str) -> Partner:
        """An office by id. Raises NotFound."""
        return await self.db.read(partial(people.partner, id_=id_))

    def _offer(self, tx: Tx, *, team: Team, email: str, rights: frozenset[Right], by: str) -> Link:
        now, known = self.now(), links.of_team(tx, team.slug)
        _must_have_room(known, state=LinkState.INVITED, now=now)
        for one in known:
            if one.email == email and one.state in {LinkState.INVITED, LinkState.ACTIVE}:
                if one.state is LinkState.INVITED and one.expires_at <= now:
                    continue
                raise UserError(_linked(one, team))
        link = Link(
            id=new_id("n"),
            team=team.slug,
            partner=None,
            email=email,
            rights=rights,
            state=LinkState.INVITED,
            created_at=now,
            created_by=by,
            expires_at=now + GOOD_FOR,
        )
        links.add(tx, link)
        self._note(tx, link, by=by, action="link.invited")
        self._tell(tx, "invited", team, to=(email,), by=by)
        return link

    def _has_room_to_ask(self, tx: Tx, *, person: Person) -> None:
        mine = links.of_partner(tx, person.partner) if person.partner else ()
        _must_have_room(mine, state=LinkState.ASKED, now=self.now())

    def _ask(self, tx: Tx, *, team: Team, person: Person, rights: frozenset[Right]) -> None:
        now = self.now()
        if person.partner is None:
            english = "only somebody of an accountant's office can ask for access"
            raise UserError(Said("offices_ask", english))
        for one in links.of_partner(tx, person.partner):
            if one.team == team.slug and (one.state is LinkState.ACTIVE or one.expires_at > now):
                return
        link = Link(
            id=new_id("n"),
            team=team.slug,
            partner=person.partner,
            email=person.email,
            rights=rights,
            state=LinkState.ASKED,
            created_at=now,
            created_by=person.email,
            expires_at=now + GOOD_FOR,
        )
        links.add(tx, link)
        self._note(tx, link, by=person.email, action="link.asked")
        office = people.partner(tx, person.partner)
        self._tell(tx, "asked", team, to=team.people, by=person.email, partner=office.name)

    def _accept(self, tx: Tx, *, id_: str, scope: Scope, office: str) -> Link:
        link, now = links.get(tx, id_), self.now()
        if not _may_accept(link, scope) or link.expires_at <= now:
            raise NotFound(f"there is no offer {id_} for you to accept")
        partner = link.partner or self._office(tx, scope, name=office).id
        done = links.move(
            tx, link, replace(link, partner=partner, state=LinkState.ACTIVE, decided_at=now)
        )
        self._note(tx, done, by=scope.email, action="link.accepted")
        self._tell_both(tx, "accepted", done, by=scope.email)
        return done

    def _end(self, tx: Tx, *, id_: str, scope: Scope) -> Link:
        link, now = links.get(tx, id_), self.now()
        if not (_is_of(link, scope) and link.state in links.OPEN):
            raise NotFound(f"there is no link {id_} for you to end")
        was = link.state is LinkState.ACTIVE
        state = LinkState.ENDED if was else LinkState.DECLINED
        done = links.move(tx, link, replace(link, state=state, ended_at=now, ended_by=scope.email))
        self._note(tx, done, by=scope.email, action=f"link.{state}")
        if was and link.partner is not None:
            automatic.end_of_partner(tx, link.team, link.partner, by=scope.email, now=now)
        if was:
            self._tell_both(tx, "ended", done, by=scope.email)
        return done

    def _office(self, tx: Tx, scope: Scope, *, name: str) -> Partner:
        if scope.partner is not None:
            return people.partner(tx, scope.partner)
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise UserError(Said("name_office", "name your office: from 1 to 200 characters"))
        office = people.add_partner(tx, name, now=self.now())
        people.join(tx, people.get(tx, scope.person), office)
        return office

    def _note(self, tx: Tx, link: Link, *, by: str, action: str) -> None:
        rights = ", ".join(sorted(link.rights))
        step = trail.Step(by, action, link.id, link.team, detail=f"{link.email}: {rights}")
        trail.add(tx, step, now=self.now())

    def _tell_both(self, tx: Tx, kind: PortalMail, link: Link, *, by: str) -> None:
        team = self.book().team(link.team)
        office = people.partner(tx, link.partner) if link.partner else None
        theirs = people.of_partner(tx, link.partner) if link.partner else ()
        to = {*team.people, *(one.email for one in theirs)} - {by}
        self._tell(tx, kind, team, to=to, by=by, partner=office.name if office else "")

    def _tell(
        self,
        tx: Tx,
        kind: PortalMail,
        team: Team,
        *,
        to: Collection[str],
        by: str,
        partner: str = "",
    ) -> None:
        facts = {"by": by, "partner": partner, "days": str(GOOD_FOR.days)}
        url = f"{self.url}/links"
        tell(tx, kind, team, to=to, facts=facts, url=url, now=self.now())


def _linked(link: Link, team: Team) -> str:
    of, name = link.email, team.name
    if link.state is LinkState.INVITED:
        english = f"{of} was invited already for {name}"
        return Said("invited_already", english, address=of, name=name)
    return Said("linked_already", f"{of} has access for {name}", address=of, name=name)


def _must_have_room(known: Collection[Link], *, state: LinkState, now: datetime) -> None:
    waiting = sum(one.state is state and one.expires_at > now for one in known)
    if waiting >= MOST_OPEN:
        raise UserError(
            Said("offers_wait", f"{waiting} offers wait for an answer already", count=waiting),
            hint=Said(
                "take_back", "take one back, or wait until it is accepted or its week is over"
            ),
        )


def _may_accept(link: Link, scope: Scope) -> bool:
    match link.state:
        case LinkState.INVITED:
            return is_among(scope.email, (link.email,))
        case LinkState.ASKED:
            return link.team in scope.owns
        case _:
            return False


def _is_of(link: Link, scope: Scope) -> bool:
    mine = link.partner is not None and link.partner == scope.partner
    theirs = link.team in scope.owns or is_among(scope.email, (link.email,))
    return mine or theirs or scope.operator


def _address(email: str) -> str:
    email = email.strip().lower()
    name, at, domain = email.rpartition("@")
    if not (name and at and "." in domain) or any(sign.isspace() for sign in email):
        raise UserError(Said("no_email", f'"{email}" is no e-mail address', address=email))
    return email
