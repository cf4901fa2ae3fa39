"""What a mailbox door knows of its messages: which were dealt with, and what became of them.

The rows are in the store; here they are remembered for as long as one lease lasts, so that a look
at 40,000 messages costs one query and not one each.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from maild.errors import DocumentError
from maild.intake.filing import Acceptance
from maild.intake.mailbox_health import Health
from maild.log import mailboxes as log
from maild.model.mailbox import Head, Message, Outcome, Place
from maild.store import mailboxes
from maild.store.database import Database, Tx
from maild.store.mailboxes import Lease

MAX_REASON: Final = 500
REPEAT_AT_ONCE: Final = 500


@dataclass(slots=True)
class Note:
    """The mark of one message, written by the desk; `message` is what was written."""

    lease: Lease
    draft: Message
    message: Message | None = None

    def accepted(self, tx: Tx, acceptance: Acceptance) -> None:
        """Its documents are stored, or were there before."""
        known = acceptance.duplicates and not acceptance.fresh
        outcome = Outcome.DUPLICATE if known else Outcome.ACCEPTED
        self._write(tx, replace(self.draft, outcome=outcome, arrival=acceptance.arrival.id))

    def refused(self, tx: Tx, refusal: str, fault: DocumentError) -> None:
        """It is kept as a refusal."""
        reason = str(fault)[:MAX_REASON]
        self._write(
            tx, replace(self.draft, outcome=Outcome.REFUSED, arrival=refusal, reason=reason)
        )

    def _write(self, tx: Tx, message: Message) -> None:
        mailboxes.add(tx, self.lease, message)
        self.message = message


@dataclass(slots=True)
class Ledger:
    """The rows of one mailbox. Every write raises MailboxClosed when the lease is lost."""

    db: Database
    lease: Lease
    health: Health
    now: Callable[[], datetime]
    _known: dict[str, tuple[str, set[str]]] = field(default_factory=dict)  # by folder
    _made_anew: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The mailbox."""
        return self.lease.name

    async def known_in(self, folder: str, validity: str) -> set[str]:
        """The uids of a folder that were dealt with."""
        there = self._known.get(folder)
        if there is not None and there[0] == validity:
            return there[1]
        known = partial(mailboxes.known, mailbox=self.name, folder=folder, validity=validity)
        another = partial(
            mailboxes.was_another, mailbox=self.name, folder=folder, validity=validity
        )
        uids = await self.db.read(known)
        if await self.db.read(another):
            if not uids:
                log.mailbox_made_anew(mailbox=self.name, folder=folder)
            self._made_anew.add(folder)
        self._known[folder] = (validity, uids)
        return uids

    async def copies(self, ids: Collection[str]) -> dict[str, Message]:
        """Messages that the provider calls the same as one of `ids`, by that id."""
        if not ids:
            return {}
        return await self.db.read(partial(mailboxes.copies, mailbox=self.name, ids=ids))

    async def same_bytes(self, draft: Message) -> Message | None:
        """What became of these bytes before their folder was made anew."""
        if draft.place.folder not in self._made_anew or draft.sha256 is None:
            return None
        find = partial(mailboxes.same_bytes, mailbox=self.name, sha256=draft.sha256)
        return await self.db.read(partial(find, but=draft.place))

    async def is_written(self, place: Place) -> bool:
        """Whether the mark of a message is on the disk."""
        find = partial(mailboxes.known, mailbox=self.name, folder=place.folder)
        only = partial(find, validity=place.validity, uid=place.uid)
        return bool(await self.db.read(only))

    async def add(self, message: Message, *, head: Head) -> Message:
        """Write the mark of a message that the desk does not see."""
        await self.db.write(partial(mailboxes.add, lease=self.lease, message=message))
        return self.noted(message, head=head)

    async def as_before(self, earlier: Message, head: Head) -> Message:
        """Write the mark of a message that was dealt with under another name."""
        again = replace(earlier, place=head.place, at=self.now(), settled=False)
        return await self.add(again, head=head)

    def noted(self, message: Message, *, head: Head) -> Message:
        """Remember a message whose mark is written."""
        there = self._known.get(message.place.folder)
        if there is not None and there[0] == message.place.validity:
            there[1].add(message.place.uid)
        self.health.took(message, arrived_at=head.arrived_at)
        return message

    async def unsettled(self) -> tuple[Message, ...]:
        """Messages that are stored and still lie in the mailbox as they were."""
        most = REPEAT_AT_ONCE
        return await self.db.read(partial(mailboxes.unsettled, mailbox=self.name, limit=most))

    async def settle(self, places: Iterable[Place]) -> None:
        """Note that nothing is left to do over there."""
        places = list(places)
        if places:
            await self.db.write(partial(mailboxes.settle, lease=self.lease, places=places))
