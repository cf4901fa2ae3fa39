"""The second factors of a person: which there are, when they may be changed, and what they open.

Adding the first one goes by the mailed link alone, soon after it; every other change needs a proof
of the last five minutes. Source: portal_security.md section 1 (ASVS 6.3.3, 6.4.4, 7.5.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import NotFound, UserError
from maild.model.access import Factor
from maild.model.factors import Held
from maild.partners.sessions import Guest, Opened, Sessions, Visitor
from maild.store import factors, trail
from maild.store.database import Database, Tx

FRESH: Final = timedelta(minutes=5)
FIRST: Final = timedelta(minutes=30)  # an app may have to be installed before


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
            if not factors.remove_passkey(tx, id_, person=visitor.person.id):
                raise NotFound(f"there is no passkey {id_} of yours")
            self.note(tx, visitor, action="passkey.removed", object_=id_)

        await self.db.write(write)

    async def remove_app(self, *, visitor: Visitor) -> None:
        """Drop the visitor's app. Raises NotFound, UserError without a fresh proof."""

        def write(tx: Tx) -> None:
            self.must_be_fresh(tx, visitor)
            if not factors.remove_app(tx, visitor.person.id):
                raise NotFound("there is no app of yours")
            self.note(tx, visitor, action="app.removed", object_=visitor.person.id)

        await self.db.write(write)

    def must_be_fresh(self, tx: Tx, visitor: Visitor) -> None:
        """See that a visitor may change his factors. Raises UserError."""
        if self.is_fresh(visitor):
            return
        first = visitor.half and not factors.has_any(tx, visitor.person.id)
        if not (first and visitor.session.opened_at + FIRST > self.now()):
            raise UserError(
                "it is too long ago that you showed who you are",
                hint="sign out, sign in again, and do it within five minutes",
            )

    def raised(self, tx: Tx, visitor: Visitor, *, factor: Factor, guest: Guest) -> Opened | None:
        """A whole session for a visitor who had half of one and just added a factor."""
        if not visitor.half:
            return None
        return self.sessions.replace(tx, visitor, factor=factor, guest=guest)

    def note(self, tx: Tx, visitor: Visitor, *, action: str, object_: str) -> None:
        """Write a change into the trail."""
        step = trail.Step(visitor.person.email, action, object_, place=visitor.session.place)
        trail.add(tx, step, now=self.now())
