"""Packs one delivery: as a mail, or for a relay as a consignment with its slip.

What was packed once is never composed again: the stored bytes go out at every try. Nothing is sent
here, and nothing written to the database; the lane does both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from maild.errors import ProfileMismatch
from maild.model.delivery import (
    Consignment,
    Content,
    Delivery,
    Enclosure,
    Letter,
    Parcel,
    Purpose,
)
from maild.model.document import Document, File, Role
from maild.model.pickup import Pickup
from maild.model.team import HOUSE, Attach, Recipient, Team
from maild.outbox import sign_in
from maild.outbox.admission import admit, check_size, recipient_of
from maild.outbox.contents import BIG, Contents, Typesetter
from maild.outbox.message import mailbox, write
from maild.outbox.pickup import Links
from maild.outbox.return_path import ReturnPaths
from maild.outbox.slip import Listed, is_slip, read_slip, write_slip
from maild.reading.sandbox import Sandbox
from maild.render.letter import letter, reply_to
from maild.render.link_letter import link_letter
from maild.render.templates import TextProblem
from maild.rules.book import RuleBook
from maild.store import documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database
from maild.ubl.recent import RecentBills


@dataclass(frozen=True, slots=True)
class Composed:
    """A parcel ready to go, its bytes on their way into the store, and what was made on the way."""

    parcel: Parcel
    staged_message: Staged
    new_files: tuple[tuple[File, Staged], ...] = ()
    pickup: Pickup | None = None  # the link in it


@dataclass(frozen=True, slots=True)
class _Written:
    """A finished message, and the same on its way into the store."""

    content: Content
    staged: Staged


class Composer:
    """Composes deliveries, each of which must be claimed by the caller."""

    def __init__(
        self,
        *,
        db: Database,
        blobs: BlobStore,
        renderer: Typesetter,
        book: Callable[[], RuleBook],
        now: Callable[[], datetime],
        paths: ReturnPaths | None = None,
        recent: RecentBills,
        sandbox: Sandbox,
        house: sign_in.House | None = None,
        links: Links | None = None,
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._book = book
        self._now = now
        self._paths = paths or ReturnPaths()
        self._contents = Contents(blobs, renderer=renderer, recent=recent, sandbox=sandbox)
        self._house = house
        self._links = links
        self._one_big = asyncio.Lock()

    async def compose(self, delivery: Delivery) -> Composed:
        """The mail or the consignment of a delivery.

        Raises ProfileMismatch when its inbox does not take it, DocumentError when its team is gone or
        its UBL cannot be read any more, NotFound or OSError when stored bytes are missing.
        """
        if delivery.purpose is Purpose.SIGN_IN:
            return await self._sign_in(delivery)
        team = self._team(delivery)
        document = None
        if delivery.document is not None:
            document = await self._db.read(partial(documents.get, id=delivery.document))
        recipient = recipient_of(delivery, team)
        admit(delivery, team=team, profile=recipient.profile, document=document)
        if document is not None and recipient.profile.relay:
            return await self._consigned(delivery, team, document=document, recipient=recipient)
        if document is not None and Attach.LINK in delivery.attach:
            return await self._linked(delivery, team, document=document, recipient=recipient)
        if delivery.message is not None:
            message = await self._blobs.content(delivery.message, at_once=BIG)
            return self._packed(delivery, team, message=await self._kept(delivery.message, message))
        if document is None or delivery.purpose is Purpose.NOTICE:
            return self._packed(delivery, team, message=await self._notice(delivery, team))
        return await self._with_files(delivery, team, document=document, recipient=recipient)

    def _team(self, delivery: Delivery) -> Team:
        """Who it is from: a team, or maild itself, which tells people of their own accounts."""
        if delivery.team == HOUSE and self._house is not None:
            return self._house.team
        return self._book().team(delivery.team)

    async def _with_files(
        self, delivery: Delivery, team: Team, *, document: Document, recipient: Recipient
    ) -> Composed:
        found = await self._contents.gather(
            delivery, team=team, document=document, profile=recipient.profile
        )
        words = _letter(
            delivery, team, document=found.document, recipient=recipient, files=found.enclosures
        )
        pieces = self._pieces(delivery, team, words=words, enclosures=found.enclosures)
        fits = partial(check_size, delivery=delivery, profile=recipient.profile)
        message = await (self._filed if found.big else self._in_memory)(pieces, fits)
        return self._packed(delivery, team, message=message, new_files=found.new_files)

    async def _consigned(
        self, delivery: Delivery, team: Team, *, document: Document, recipient: Recipient
    ) -> Composed:
        """What a relay gets; at a second try the very files that its slip names."""
        if delivery.message is None:
            found = await self._contents.gather(
                delivery, team=team, document=document, profile=recipient.profile
            )
            document, files, made = found.document, found.enclosures, found.new_files
            slip = write_slip(
                delivery, document, files=files, reference=document.id, now=self._now()
            )
        else:
            slip, made = await self._blobs.read(delivery.message), ()
            document = await self._contents.with_bill(document)
            files = await self._as_listed(slip, delivery=delivery)
        consignment = Consignment(
            reference=document.id,
            team=team,
            document=document,
            files=files,
            correction=delivery.purpose is Purpose.CORRECTION,
        )
        parcel = Parcel(delivery.id, "", delivery.address, slip, consignment)
        return Composed(parcel, await self._blobs.stage(slip), made)

    async def _as_listed(self, slip: bytes, *, delivery: Delivery) -> tuple[Enclosure, ...]:
        if not is_slip(slip):
            raise ProfileMismatch(
                f"delivery {delivery.id} was a mail when it was first tried, and {delivery.via} is"
                " none any more: cancel it, and say `maild documents resend`"
            )
        return tuple([await self._listed(one) for one in read_slip(slip).files])

    async def _listed(self, one: Listed) -> Enclosure:
        content = await self._blobs.content(one.sha256, at_once=BIG)
        return Enclosure(one.name, one.media_type, content, one.role, one.sha256)

    async def _linked(
        self, delivery: Delivery, team: Team, *, document: Document, recipient: Recipient
    ) -> Composed:
        """A mail with a link to a package; of what is kept the secret is crossed out."""
        if self._links is None:
            raise ProfileMismatch("links to packages need the pages of [web]; put them back")
        pickup = await self._links.of(self._db, delivery, now=self._now())
        make = partial(
            link_letter, document, team=team, recipient=recipient, until=pickup.expires_at
        )
        goes, stays = (
            b"".join(self._pieces(delivery, team, words=words, date=pickup.created_at))
            for words in self._links.letters(pickup, lambda url: make(url=url))
        )
        written = _Written(goes, await self._blobs.stage(stays))
        return replace(self._packed(delivery, team, message=written), pickup=pickup)

    async def _sign_in(self, delivery: Delivery) -> Composed:
        if self._house is None:
            raise ProfileMismatch("sign-in mails need `via` and `from` in [web]; put them back")
        content = await self._house.mail(self._db, delivery)
        kept = await self._blobs.stage(sign_in.NOT_KEPT)
        return self._packed(delivery, self._house.team, message=_Written(content, kept))

    async def _notice(self, delivery: Delivery, team: Team) -> _Written:
        if delivery.letter is None:
            raise ProfileMismatch(f"notice {delivery.id} has no text; cancel it")
        return await self._in_memory(self._pieces(delivery, team, words=delivery.letter))

    async def _in_memory(
        self, pieces: Iterable[bytes], fits: Callable[[Content], None] = lambda _: None
    ) -> _Written:
        content = b"".join(pieces)
        fits(content)
        return _Written(content, await self._blobs.stage(content))

    async def _filed(self, pieces: Iterable[bytes], fits: Callable[[Content], None]) -> _Written:
        """Written to the disk in a thread, one at a time: the others would only wait for the disk."""
        async with self._one_big:
            spooled = await self._blobs.collect(pieces)
            try:
                fits(spooled)
                staged = await self._blobs.stage(spooled)
            finally:
                spooled.close()
        return _Written(self._blobs.filed(staged), staged)

    async def _kept(self, key: str, message: Content) -> _Written:
        if isinstance(message, bytes):
            return _Written(message, await self._blobs.stage(message))
        return _Written(message, Staged(key, len(message)))

    def _pieces(
        self,
        delivery: Delivery,
        team: Team,
        *,
        words: Letter,
        enclosures: Sequence[Enclosure] = (),
        date: datetime | None = None,
    ) -> Iterator[bytes]:
        return write(
            words,
            sender=team.sender,
            to=delivery.address,
            reply_to=reply_to(team),
            message_id=delivery.message_id,
            date=date or self._now(),
            delivery=delivery.id,
            enclosures=enclosures,
        )

    def _packed(
        self,
        delivery: Delivery,
        team: Team,
        *,
        message: _Written,
        new_files: tuple[tuple[File, Staged], ...] = (),
    ) -> Composed:
        sender = self._paths.sender(delivery, team, today=self._now().date())
        parcel = Parcel(delivery.id, sender, mailbox(delivery.address), message.content)
        return Composed(parcel, message.staged, new_files)


def _letter(
    delivery: Delivery,
    team: Team,
    *,
    document: Document,
    recipient: Recipient,
    files: Sequence[Enclosure],
) -> Letter:
    names = [one.name for one in files]
    parts = sum(1 for file in document.files if file.role is Role.ARCHIVE)
    if parts > 1:
        # Digits say it in every language, and stand in every subject that names the number.
        number = f"{document.number or document.id} ({delivery.part}/{parts})"
        document = replace(document, number=number)
    try:
        return letter(
            document, team=team, recipient=recipient, purpose=delivery.purpose, attached=names
        )
    except TextProblem as fault:
        raise ProfileMismatch(
            f"the subject for {delivery.address} cannot be used: {fault}"
        ) from fault
