"""The second factors of a person: which there are, when they may be changed, and what they open.

Adding the first one goes by the mailed link alone, soon after it; every other change needs a proof
of the last five minutes. Source: portal_security.md section 1 (ASVS 6.3.3, 6.4.4, 7.5.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal

from maild.errors import NotFound, UserError
from maild.model.access import Factor, Person
from maild.model.factors import Held
from maild.model.said import Said
from maild.partners.sessions import Guest, Opened, Sessions, Visitor
from maild.render.portal_mail import PortalMail
from maild.store import factors, people, sessions, trail
from maild.store.database import Database, Tx

Change = Literal["passkey.added", "passkey.removed", "app.added", "app.removed"]
FRESH: Final = timedelta(minutes=5)
FIRST: Final = timedelta(minutes=30)  # an app may have to be installed before


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody who signs in: of which office, with which factors, in how many browsers now."""

    person: Person
    office: str
    held: Held
    sessions: int


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of everybody who signs in."""

    db: Database
    sessions: Sessions
    now: Callable[[], datetime]

    async def of(self, visitor: Visitor) -> Held:
        """The visitor's own."""
        return await self.db.read(partial(factors.held, person=visitor.person.id))

    def is_fresh(self, visitor: Visitor) -> bool:
        """Whether the visitor proved lately who he is."""
        return not visitor.half and visitor.session.opened_at + FRESH > self.now()

    async def remove_passkey(self, id_: str, *, visitor: Visitor) -> None:
        """Drop one of the visitor's passkeys. Raises NotFound, UserError without a fresh proof."""

        def write(tx: Tx) -> None:
            self.must_be_fresh(tx, visitor)
            mine = {one.id: one for one in factors.held(tx, visitor.person.id).passkeys}
            if not factors.remove_passkey(tx, id_, person=visitor.person.id):
                raise NotFound(f"there is no passkey {id_} of yours")
            self.note(tx, visitor, action="passkey.removed", object_=id_, name=mine[id_].name)

        await self.db.write(write)

    async def remove_app(self, *, visitor: Visitor) -> None:
        """Drop the visitor's app. Raises NotFound, UserError without a fresh proof."""

        def write(tx: Tx) -> None:
            self.must_be_fresh(tx, visitor)
            if not factors.remove_app(tx, visitor.person.id):
                raise NotFound("there is no app of yours")
            self.note(tx, visitor, action="app.removed", object_=visitor.person.id)

        await self.db.write(write)

    async def reset(self, email: str, *, by: str) -> None:
        """Drop every factor of a person, who lost them, and end his sessions; he is told.

        What is left is what he had at his first sign-in: the mailed link, and half an hour to set a
        new factor up (ASVS 6.4.4). Raises NotFound.
        """

        def write(tx: Tx) -> None:
            person = people.find(tx, email.strip())
            if person is None:
                raise NotFound(f'nobody of the address "{email}" ever signed in here')
            factors.remove_all(tx, person.id)
            sessions.end_all(tx, person.id)
            step = trail.Step(by, "factors.reset", person.id, place=by, detail=person.email)
            trail.add(tx, step, now=self.now())
            self.sessions.mail.tell(tx, "factors_reset", person, facts={}, now=self.now())

        await self.db.write(write)

    async def everybody(self) -> tuple[Known, ...]:
        """Everybody who ever asked to sign in, by address."""

        def look(tx: Tx) -> tuple[Known, ...]:
            now = self.now()
            return tuple(
                Known(
                    one,
                    people.partner(tx, one.partner).name if one.partner else "",
                    factors.held(tx, one.id),
                    len(sessions.of_person(tx, one.id, now=now)),
                )
                for one in people.everybody(tx)
            )

        return await self.db.read(look)

    def must_be_fresh(self, tx: Tx, visitor: Visitor) -> None:
        """See that a visitor may change his factors. Raises UserError."""
        if self.is_fresh(visitor):
            return
        first = visitor.half and not factors.has_any(tx, visitor.person.id)
        if not (first and visitor.session.opened_at + FIRST > self.now()):
            raise UserError(
                Said("shown_long_ago", "it is too long ago that you showed who you are"),
                hint=Said(
                    "sign_in_again", "sign out, sign in again, and do it within five minutes"
                ),
            )

    def raised(self, tx: Tx, visitor: Visitor, *, factor: Factor, guest: Guest) -> Opened | None:
        """A session by a factor for a visitor who had only the mailed link's, and just added one."""
        if visitor.session.factor is not Factor.LINK:
            return None
        return self.sessions.replace(tx, visitor, factor=factor, guest=guest)

    def note(
        self, tx: Tx, visitor: Visitor, *, action: Change, object_: str, name: str = ""
    ) -> None:
        """Write a change into the trail, and tell the visitor of it. `name` is that of a passkey."""
        person, place = visitor.person, visitor.session.place
        trail.add(tx, trail.Step(person.email, action, object_, place=place), now=self.now())
        factor, _, done = action.partition(".")
        facts = {"factor": factor, "what": name, "place": place}
        kind: PortalMail = "factor_added" if done == "added" else "factor_removed"
        self.sessions.mail.tell(tx, kind, person, facts=facts, now=self.now())
