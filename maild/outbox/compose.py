"""Makes the mail of one delivery: its files as the inbox wants them, its letter, its bytes.

A mail that was composed once is never composed again: the stored bytes go out at every try. Nothing
is sent here, and nothing written to the database; the lane does both.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

from maild.errors import ProfileMismatch
from maild.log import outgoing
from maild.model.bill import Bill
from maild.model.delivery import Content, Delivery, Enclosure, Letter, Parcel, Purpose
from maild.model.document import Document, File, Role
from maild.model.team import Branding, Recipient, Team
from maild.outbox.admission import admit, check_size, recipient_of
from maild.outbox.enclosures import Chosen, base_name, choose
from maild.outbox.message import mailbox, write
from maild.outbox.return_path import ReturnPaths
from maild.render.fields import language_of
from maild.render.letter import letter, reply_to
from maild.render.pdf import Rendering
from maild.render.templates import TextProblem, phrases
from maild.rules.book import RuleBook
from maild.store import documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database
from maild.ubl.document import read
from maild.ubl.recent import Known, RecentBills

# Deliveries of one document come together, so a few of the last PDFs spare most renderings.
_KEPT_PDFS: Final = 32
# A mail whose files have more bytes is written to the disk while it is encoded, and sent from there:
# three mails of 24 MB to two inboxes each took 246 MB of memory.
_BIG: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Composed:
    """A parcel ready to go, its bytes on their way into the store, and files made on the way."""

    parcel: Parcel
    staged_message: Staged
    new_files: tuple[tuple[File, Staged], ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    """A finished message, and the same on its way into the store."""

    content: Content
    staged: Staged


class Typesetter(Protocol):
    """What makes a PDF: `maild.render.pdf.Renderer`, or a stand-in that starts no processes."""

    async def render(
        self,
        bill: Bill,
        *,
        branding: Branding,
        language: str,
        ubl: bytes | None = None,
        base_name: str | None = None,
    ) -> Rendering:
        """The PDF of a bill with its UBL attached."""
        ...


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
    ) -> None:
        self._db = db
        self._blobs = blobs
        self._renderer = renderer
        self._book = book
        self._now = now
        self._paths = paths or ReturnPaths()
        self._pdfs: OrderedDict[str, asyncio.Task[Rendering]] = OrderedDict()
        self._recent = recent
        self._one_big = asyncio.Lock()

    async def compose(self, delivery: Delivery) -> Composed:
        """The mail of a delivery.

        Raises ProfileMismatch when its inbox does not take it, DocumentError when its team is gone or
        its UBL cannot be read any more, NotFound or OSError when stored bytes are missing.
        """
        team = self._book().team(delivery.team)
        document = None
        if delivery.document is not None:
            document = await self._db.read(partial(documents.get, id=delivery.document))
        recipient = recipient_of(delivery, team)
        admit(delivery, team=team, profile=recipient.profile, document=document)
        if delivery.message is not None:
            message = await self._blobs.content(delivery.message, at_once=_BIG)
            return self._packed(delivery, team, message=await self._kept(delivery.message, message))
        if document is None or delivery.purpose is Purpose.NOTICE:
            return self._packed(delivery, team, message=await self._notice(delivery, team))
        return await self._with_files(delivery, team, document=document, recipient=recipient)

    async def _with_files(
        self, delivery: Delivery, team: Team, *, document: Document, recipient: Recipient
    ) -> Composed:
        language = language_of(document.language, otherwise=language_of(team.language))
        base = base_name(document, kind=phrases(language)["name"][document.kind.value])
        chosen = choose(document, delivery=delivery, profile=recipient.profile, base=base)
        ubl = None
        if ubl_file := document.file(Role.UBL):
            known = await self._known(ubl_file.sha256)
            document, ubl = replace(document, bill=known.bill), known.content
        pdf = None
        if any(one.file is None for one in chosen) and document.bill and ubl:
            order = partial(
                self._renderer.render,
                document.bill,
                branding=team.branding,
                language=language,
                ubl=ubl,
                base_name=base,
            )
            pdf = await self._pdf(document.id, order=order)
        big = sum(one.file.size for one in chosen if one.file) > _BIG
        enclosures = [await self._enclosure(one, ubl=ubl, pdf=pdf, big=big) for one in chosen]
        words = _letter(delivery, team, document=document, recipient=recipient, files=enclosures)
        pieces = self._pieces(delivery, team, words=words, enclosures=enclosures)
        fits = partial(check_size, delivery=delivery, profile=recipient.profile)
        message = await (self._filed if big else self._in_memory)(pieces, fits)
        made = await self._made(f"{base}.pdf", content=pdf) if pdf else ()
        return self._packed(delivery, team, message=message, new_files=made)

    async def _known(self, key: str) -> Known:
        """A stored UBL and what it says; read once for what comes together, unless it is large."""
        known = self._recent.find(key)
        if known is None:
            content = await self._blobs.read(key)
            known = Known(content, read(content))
            self._recent.keep(key, known)
        return known

    async def _pdf(
        self, document: str, *, order: Callable[[], Coroutine[None, None, Rendering]]
    ) -> bytes:
        """The PDF of a document, rendered once however many of its deliveries ask at a time."""
        task = self._pdfs.get(document)
        if task is None:
            task = self._pdfs[document] = asyncio.create_task(order())
            task.add_done_callback(partial(self._forget_failed, document))
            while len(self._pdfs) > _KEPT_PDFS:
                self._pdfs.popitem(last=False)
        # A delivery that is called off must not take the PDF from the others that wait for it.
        return (await asyncio.shield(task)).content

    def _forget_failed(self, document: str, task: asyncio.Task[Rendering]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._pdfs.pop(document, None)
        else:
            for remark in task.result().remarks:
                outgoing.pdf_degraded(document=document, reason=remark)

    async def _enclosure(
        self, chosen: Chosen, *, ubl: bytes | None, pdf: bytes | None, big: bool
    ) -> Enclosure:
        content: Content
        if chosen.file is None:
            content = pdf or b""
        elif chosen.file.role is Role.UBL and ubl is not None:
            content = ubl
        else:
            content = await self._blobs.content(chosen.file.sha256, at_once=0 if big else _BIG)
        return Enclosure(chosen.name, chosen.media_type, content)

    async def _notice(self, delivery: Delivery, team: Team) -> _Written:
        if delivery.letter is None:
            raise ProfileMismatch(f"notice {delivery.id} has no text; cancel it")
        return await self._in_memory(
            self._pieces(delivery, team, words=delivery.letter, enclosures=())
        )

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
        self, delivery: Delivery, team: Team, *, words: Letter, enclosures: Sequence[Enclosure]
    ) -> Iterator[bytes]:
        return write(
            words,
            sender=team.sender,
            to=delivery.address,
            reply_to=reply_to(team),
            message_id=delivery.message_id,
            date=self._now(),
            delivery=delivery.id,
            enclosures=enclosures,
        )

    async def _made(self, name: str, *, content: bytes) -> tuple[tuple[File, Staged], ...]:
        staged = await self._blobs.stage(content)
        file = File(Role.PDF, name, "application/pdf", staged.size, staged.sha256, made=True)
        return ((file, staged),)

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
    try:
        return letter(
            document, team=team, recipient=recipient, purpose=delivery.purpose, attached=names
        )
    except TextProblem as fault:
        raise ProfileMismatch(
            f"the subject for {delivery.address} cannot be used: {fault}"
        ) from fault
