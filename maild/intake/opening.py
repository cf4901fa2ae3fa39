"""Between reading a mail and finding documents in it: what only a child may open is opened here.

PDFs tell the bill inside them, or that they are locked; pictures become PDFs, and the text of the
mail does where that is asked for. What cannot be opened
is never lost: the document waits for a person, with the reason. `maild.intake.extract` then works on
values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType
from typing import Final, TypeAlias

from maild.errors import Unreadable
from maild.intake import pairing
from maild.intake.hold import Hold
from maild.intake.hybrid import Inside, doubt, find_bill
from maild.intake.mail_text import TEXT_BELOW, Take, as_pdf
from maild.intake.page_reading import PageReader, Read, too_many, unread, within
from maild.intake.scanning import Scanner
from maild.model.bill import BillKind
from maild.model.delivery import HoldCode
from maild.model.said import Said
from maild.model.team import Team
from maild.reading import picture
from maild.reading.mail import Body, Mail, Part
from maild.reading.names import split_name
from maild.reading.pdf import Embedded, look_into, page_text
from maild.reading.picture import PICTURES
from maild.reading.sandbox import Sandbox
from maild.ubl.cii import document as cii

_PDF: Final = "application/pdf"
# Above this a bill is read beside the event loop: it takes longer than other clients should wait.
_BESIDE: Final = 100_000
# Of what is found in all files of one mail and made of them; the mail itself has 40 MB at most.
_MOST_INSIDE: Final = 60_000_000
_ROOTS: Final = frozenset({"Invoice", "CreditNote", "Quotation", *cii.ROOTS})


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening one file told: a bill inside it, and a reason to let a person look first.

    `remark` is odd and no such reason; `files` are those inside a PDF; `made` is the PDF of a picture,
    or of the mail's text, which may stand `instead` of the files; `read` is what the pages say.
    """

    inside: Inside | None = None
    hold: Hold | None = None
    remark: str | None = None
    files: tuple[Embedded, ...] = ()
    made: bytes | None = field(default=None, repr=False)
    instead: bool = False
    read: Read | None = field(default=None, repr=False)

    @property
    def weight(self) -> int:
        """How many bytes of it stay in memory until the mail is stored, roughly."""
        enclosed = self.inside.bill.attachments if self.inside else ()
        held = [self.made, self.inside.ubl if self.inside else None]
        held += [one.content for one in enclosed]
        return sum(len(one) for one in held if one is not None)

    @property
    def is_document(self) -> bool:
        """Whether a picture shows a document, or may: what cannot be opened is not thrown away."""
        return self.made is not None or self.hold is not None


# By the name of the part, which is unique in its mail; that of the mail's own text is TEXT.
Openings: TypeAlias = Mapping[str, Opened]
NOTHING: Final = Opened()
TEXT: Final = ""
NONE_OPENED: Final[Openings] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens the files of mails in the sandbox."""

    sandbox: Sandbox = field(repr=False)
    scanner: Scanner | None = None

    async def open(
        self, mail: Mail, *, raw: Body | None = None, take: Take = "attachments"
    ) -> Openings:
        """Open what must be opened to understand a mail, once it is known to be clean.

        `raw` is the mail as it came, which the virus scanner sees too; `take` says whether its text
        is a document. Raises DocumentError when the scanner finds something; over what else a file
        holds never.
        """
        if self.scanner is not None and raw is not None:
            await self.scanner.check(raw, mail)
        parts = [one for one in mail.parts if not one.shown_inside]
        pdfs = [one for one in parts if one.media_type == _PDF]
        data = [one for one in parts if _is_figures(one)]
        wanted = [one for one in pdfs if not _is_accompanied(one, pdfs=pdfs, data=data)]
        if not pdfs and not data:
            # Beside a PDF or a bill, pictures are what goes along with it.
            wanted = [one for one in parts if one.media_type in PICTURES]
        if take == "mail":
            return {TEXT: await self._open_text(mail, instead=True)}
        found = await self._open_each(wanted)
        documents = any(one.is_document for one in found.values())
        nothing = not (pdfs or data or mail.problems or documents)
        if take == "both" or (take == "either" and nothing):
            found[TEXT] = await self._open_text(mail, instead=take == "either")
        return found

    async def read_pages(
        self, mail: Mail, opened: Openings, *, pages: PageReader, team: Team, kind: BillKind
    ) -> Openings:
        """The same openings, with what is said by the pages of those files that are only pages.

        `kind` is what the mail calls them. Never raises over what they hold.
        """
        bodies = {one.name: one.body for one in mail.parts}
        only = [
            name
            for name, one in opened.items()
            if one.inside is None and (one.made or (name != TEXT and one.hold is None))
        ]
        bills = [name for name in only if not pairing.is_terms(name)] or only
        found, read = dict(opened), within(bills)
        for name in only:
            one = found[name]
            if one.remark is not None:
                said = unread(one.remark, kind)
            elif name not in bills:
                continue
            elif name in read:
                below = TEXT_BELOW if name == TEXT else 0.0
                said = await pages.read(one.made or bodies[name], team=team, kind=kind, below=below)
            else:
                said = too_many(kind)
            found[name] = replace(one, read=said)
        return found

    async def open_pdf(self, content: Body) -> Opened:
        """Open one PDF. Never raises over what it holds."""
        try:
            seen = await look_into(self.sandbox, content)
        except Unreadable as fault:
            return _unopened(str(fault))
        if seen.state == "damaged":
            # Programs repair what ours cannot: it goes on as the file that it is.
            return Opened(remark="the PDF is damaged, or none: maild cannot open it")
        if seen.state == "locked":
            reason = "the PDF asks for a password; ask the sender for one without"
            return Opened(hold=Hold(HoldCode.ENCRYPTED, reason))
        try:
            weight = sum(len(one.content or b"") for one in seen.files)
            find = partial(find_bill, seen.files)
            inside = await asyncio.to_thread(find) if weight > _BESIDE else find()
        except Unreadable as fault:
            reason = Said("inside_xml", f"the XML inside the PDF: {fault}", why=str(fault))
            return Opened(hold=Hold(HoldCode.UNTRUSTED, reason), files=seen.files)
        if inside is None:
            return Opened(files=seen.files)
        hold = await self._doubt(inside, content)
        return Opened(inside=inside, hold=hold, files=seen.files)

    async def _doubt(self, inside: Inside, content: Body) -> Hold | None:
        try:
            text = await page_text(self.sandbox, content)
        except Unreadable as fault:
            return _unopened(str(fault)).hold
        reason = doubt(inside, text)
        return Hold(HoldCode.UNTRUSTED, reason) if reason else None

    async def _open_each(self, parts: Iterable[Part]) -> dict[str, Opened]:
        """One after the other, so that no mail has all children to itself, within one budget."""
        found: dict[str, Opened] = {}
        left = _MOST_INSIDE
        for one in parts:
            if left < 0:
                size = _MOST_INSIDE // 1_000_000
                found[one.name] = _unopened(f"the files of its mail hold more than {size} MB")
                continue
            found[one.name] = opened = await self._open(one)
            left -= opened.weight
        return found

    async def _open_text(self, mail: Mail, *, instead: bool) -> Opened:
        try:
            return Opened(made=await as_pdf(self.sandbox, mail), instead=instead)
        except Unreadable as fault:
            return Opened(remark=str(fault), instead=instead)

    async def _open(self, part: Part) -> Opened:
        if part.media_type == _PDF:
            return await self.open_pdf(part.body)
        try:
            return Opened(made=await picture.as_pdf(self.sandbox, part.body))
        except Unreadable as fault:
            english = f"the picture cannot be opened: {fault}"
            reason = Said("picture_unopened", english, why=str(fault))
            return Opened(hold=Hold(HoldCode.UNOPENED, reason))


def _is_accompanied(pdf: Part, *, pdfs: Collection[Part], data: Collection[Part]) -> bool:
    """Whether a file of figures stands beside the PDF, so that nothing inside it is needed.

    Most mails are such pairs, and they are not slowed down by opening what nobody asks about.
    """
    if len(pdfs) == 1 and len(data) == 1:
        return True
    stem = split_name(pdf.name)[0].casefold()
    return any(split_name(one.name)[0].casefold() == stem for one in data)


def _is_figures(part: Part) -> bool:
    if part.media_type == "application/xml":
        return pairing.root_name(part.readable) in _ROOTS
    return part.media_type == "application/json"


def _unopened(reason: str) -> Opened:
    said = Said("file_unopened", f"it cannot be opened: {reason}", why=reason)
    return Opened(hold=Hold(HoldCode.UNOPENED, said))
