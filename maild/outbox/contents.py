"""Gathers what one delivery carries: the document with its figures, and its files with their bytes.

A PDF that did not come along is rendered here, once for all deliveries of a document. What they are
packed in, a mail or a consignment, is the composer's business; which files go, `enclosures`'s.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, Protocol

from maild.log import outgoing
from maild.model.bill import Bill
from maild.model.delivery import Content, Delivery, Enclosure
from maild.model.document import Document, File, Role
from maild.model.team import Branding, Profile, Team
from maild.outbox.enclosures import Chosen, base_name, choose
from maild.reading.embedded import HEAVY, LIGHTEN
from maild.reading.sandbox import Sandbox
from maild.render.fields import language_of
from maild.render.pdf import Rendering
from maild.render.templates import phrases
from maild.store.blobs import BlobStore, Staged
from maild.ubl.document import read
from maild.ubl.recent import Known, RecentBills

# Deliveries of one document come together, so a few of the last PDFs spare most renderings.
_KEPT_PDFS: Final = 32
# Files with more bytes are written to the disk while they are packed, and sent from there: three
# mails of 24 MB to two inboxes each took 246 MB of memory.
BIG: Final = 1 << 20


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


@dataclass(frozen=True, slots=True)
class Gathered:
    """A document with its bill, the files that go, and those that were made on the way.

    `big`: the files are too many bytes to be held at once.
    """

    document: Document
    enclosures: tuple[Enclosure, ...]
    new_files: tuple[tuple[File, Staged], ...]
    big: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """The bill in a stored UBL; `content` are its bytes where they are few enough to be held."""

    bill: Bill
    sha256: str
    content: bytes | None = field(default=None, repr=False)


class Contents:
    """Gathers from the blob store and the typesetter; remembers the last PDFs and bills."""

    def __init__(
        self, blobs: BlobStore, *, renderer: Typesetter, recent: RecentBills, sandbox: Sandbox
    ) -> None:
        self._blobs = blobs
        self._sandbox = sandbox
        self._renderer = renderer
        self._recent = recent
        self._pdfs: OrderedDict[str, asyncio.Task[Rendering]] = OrderedDict()

    async def gather(
        self, delivery: Delivery, *, team: Team, document: Document, profile: Profile
    ) -> Gathered:
        """What goes, as the profile wants it.

        Raises ProfileMismatch, DocumentError when the UBL cannot be read any more, NotFound or
        OSError when stored bytes are missing.
        """
        language = language_of(document.language, otherwise=language_of(team.language))
        base = base_name(document, kind=phrases(language)["name"][document.kind.value])
        chosen = choose(document, delivery=delivery, profile=profile, base=base)
        known = await self._known(document)
        if known is not None:
            document = replace(document, bill=known.bill)
        pdf, made = None, None
        if any(one.file is None for one in chosen) and known:
            ubl = known.content or await self._blobs.read(known.sha256)
            order = partial(
                self._renderer.render,
                known.bill,
                branding=team.branding,
                language=language,
                ubl=ubl,
                base_name=base,
            )
            pdf = await self._pdf(document.id, order=order)
            made = await self._made(f"{base}.pdf", content=pdf)
        big = sum(one.file.size for one in chosen if one.file) > BIG
        enclosures = [
            await self._enclosure(
                one, ubl=known.content if known else None, pdf=pdf, made=made, big=big
            )
            for one in chosen
        ]
        return Gathered(document, tuple(enclosures), (made,) if made else (), big)

    async def with_bill(self, document: Document) -> Document:
        """A document with the figures of its UBL, where it has one. Raises as `gather`."""
        known = await self._known(document)
        return replace(document, bill=known.bill) if known else document

    async def _known(self, document: Document) -> _Known | None:
        """What the stored UBL says; read once for what comes together, unless it is large."""
        file = document.file(Role.UBL)
        if file is None:
            return None
        recent = self._recent.find(file.sha256)
        if recent is not None:
            return _Known(recent.bill, file.sha256, recent.content)
        if file.size > HEAVY and (bill := await self._lightly(file)):
            return _Known(bill, file.sha256)
        content = await self._blobs.read(file.sha256)
        bill = await asyncio.to_thread(read, content) if file.size > HEAVY else read(content)
        self._recent.keep(file.sha256, Known(content, bill))
        return _Known(bill, file.sha256, content)

    async def _lightly(self, file: File) -> Bill | None:
        """The bill of a UBL that carries large files, which are left in the store; None without any.

        Held whole and decoded, 20 MB of scans take 80 MB for each delivery under way.
        """
        content = await self._blobs.content(file.sha256, at_once=HEAVY)
        light = await self._sandbox.run(LIGHTEN, content)
        if not light:
            return None
        bill = read(light)
        return replace(
            bill, attachments=tuple(replace(one, content=None) for one in bill.attachments)
        )

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
        self,
        chosen: Chosen,
        *,
        ubl: bytes | None,
        pdf: bytes | None,
        made: tuple[File, Staged] | None,
        big: bool,
    ) -> Enclosure:
        content: Content
        sha256 = chosen.file.sha256 if chosen.file else made[1].sha256 if made else ""
        if chosen.file is None:
            content = pdf or b""
        elif chosen.file.role is Role.UBL and ubl is not None:
            content = ubl
        else:
            content = await self._blobs.content(chosen.file.sha256, at_once=0 if big else BIG)
        return Enclosure(chosen.name, chosen.media_type, content, chosen.role, sha256)

    async def _made(self, name: str, *, content: bytes) -> tuple[File, Staged]:
        staged = await self._blobs.stage(content)
        file = File(Role.PDF, name, "application/pdf", staged.size, staged.sha256, made=True)
        return file, staged
