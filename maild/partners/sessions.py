"""Signed-in browsers: opened anew at each sign-in, ended by time, by their owner, or by signing out.

A session is a random reference; what it may do is looked up at each visit. Source:
portal_security.md section 1 (ASVS 7.2 to 7.5).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.model.access import Factor, Person, Scope, Session
from maild.model.ids import new_id
from maild.partners import agents
from maild.partners.scope import is_among, scope_of
from maild.partners.telling import OwnMail
from maild.rules.book import RuleBook
from maild.store import devices, factors, people, trail
from maild.store import sessions as store
from maild.store.database import Database, Tx
from maild.store.link_secrets import sha256_text

# Idle and absolute limits (portal_security.md, ASVS 7.3): who runs maild is let go sooner.
IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)
OPERATOR_IDLE, OPERATOR_LONGEST = timedelta(hours=1), timedelta(hours=12)
_NOTED_EVERY: Final = timedelta(minutes=1)  # a write at each click would be one too many
_LONGEST_AGENT: Final = 200


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser before anybody is signed in: what it calls itself, its network, its language.

    `device` is what it was given at an earlier sign-in to be known by; empty when there was none.
    """

    agent: str
    place: str
    language: str
    device: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session with what only the browser keeps: its reference, and what it is known by later."""

    token: str
    session: Session
    person: Person
    device: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who a request is from, and what he may do."""

    person: Person
    session: Session
    scope: Scope
    half: bool = False  # a second factor is still to be given; until then the scope is empty


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of everybody who signs in. `strict`: a mailed link alone never suffices."""

    db: Database
    book: Callable[[], RuleBook]
    operators: Collection[str]
    strict: bool
    mail: OwnMail
    now: Callable[[], datetime]

    def open(self, tx: Tx, person: Person, *, factor: Factor, guest: Guest) -> Opened:
        """Sign a person in."""
        now, token = self.now(), secrets.token_urlsafe(32)
        longest = OPERATOR_LONGEST if is_among(person.email, self.operators) else LONGEST
        one = Session(
            id=new_id("s"),
            person=person.id,
            factor=factor,
            opened_at=now,
            seen_at=now,
            expires_at=now + longest,
            agent=guest.agent[:_LONGEST_AGENT],
            place=guest.place,
        )
        store.add(tx, one, token=sha256_text(token))
        trail.add(
            tx,
            trail.Step(person.email, "signed_in", one.id, place=guest.place, detail=factor),
            now=now,
        )
        device = guest.device or secrets.token_urlsafe(32)
        if not self._is_half(tx, one):
            self._met(tx, person, guest, mark=sha256_text(device))
        return Opened(token, one, person, device)

    async def visitor(self, token: str) -> Visitor | None:
        """Who holds this reference; None when the session is over."""
        now = self.now()

        def look(tx: Tx) -> Visitor | None:
            session = store.find(tx, sha256_text(token))
            if session is None or session.expires_at <= now:
                return None
            person = people.get(tx, session.person)
            scope = scope_of(tx, person, book=self.book(), operators=self.operators)
            idle = OPERATOR_IDLE if scope.operator else IDLE
            if session.seen_at + idle <= now:
                return None
            if self._is_half(tx, session):
                return Visitor(person, session, Scope(person.id, person.email), half=True)
            proven = session.factor is not Factor.LINK
            return Visitor(person, session, replace(scope, proven=proven))

        found = await self.db.read(look)
        if found is not None and found.session.seen_at + _NOTED_EVERY <= now:
            await self.db.write(partial(store.seen, id_=found.session.id, now=now))
        return found

    def replace(self, tx: Tx, visitor: Visitor, *, factor: Factor, guest: Guest) -> Opened:
        """A new session in place of the visitor's, who proved more: its reference was never seen."""
        store.end(tx, visitor.session.id, person=visitor.person.id)
        return self.open(tx, visitor.person, factor=factor, guest=guest)

    async def of(self, person: str) -> tuple[Session, ...]:
        """The sessions of a person, the last used first."""
        return await self.db.read(partial(store.of_person, person=person, now=self.now()))

    async def end(self, id_: str, *, visitor: Visitor) -> bool:
        """End one of the visitor's own sessions, on this side; False when he has none of that id."""

        def write(tx: Tx) -> bool:
            if not store.end(tx, id_, person=visitor.person.id):
                return False
            step = trail.Step(visitor.person.email, "signed_out", id_, place=visitor.session.place)
            trail.add(tx, step, now=self.now())
            return True

        return await self.db.write(write)

    async def speak(self, language: str, *, visitor: Visitor) -> None:
        """Keep the language that a visitor reads."""
        await self.db.write(partial(people.speak, person=visitor.person, language=language))

    def _met(self, tx: Tx, person: Person, guest: Guest, *, mark: str) -> None:
        """Know the browser from now on, and tell its owner of one that is not his first."""
        now = self.now()
        if devices.is_another(tx, person.id, mark=mark):
            facts = {"what": agents.named(guest.agent), "place": guest.place}
            self.mail.tell(tx, "new_device", person, facts=facts, now=now)
        devices.seen(tx, person.id, mark=mark, now=now)

    def _is_half(self, tx: Tx, session: Session) -> bool:
        if session.factor is not Factor.LINK:
            return False
        return self.strict or factors.has_any(tx, session.person)
