"""What maild reads in a mail, for a person who asks: its files, the documents among them, what it reports.

Nothing is stored. A ZIP file or a winmail.dat is shown as a mail with that one file would be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any, Final

from maild.errors import DocumentError, Problem, Unreadable
from maild.intake import inspect, inspect_pdf, pairing
from maild.intake.figures import figures_of
from maild.intake.hints import hints
from maild.intake.opening import NONE_OPENED, NOTHING, Opened, Opener, Openings
from maild.model.bill import Bill
from maild.model.figures import Figures
from maild.model.returned import Report, Returned
from maild.model.team import Team
from maild.reading.mail import Body, Mail, Part
from maild.reading.names import split_name, type_of
from maild.reading.picture import PICTURES, paper_of
from maild.reading.reader import MailReader
from maild.reading.returns import classify
from maild.reading.unpack import ARCHIVES
from maild.reading.wrap import wrap
from maild.ubl.describe import describe_unknown, problems_json
from maild.ubl.document import Look

_HEAD: Final = 4_000  # bytes in which a mail shows that it is one
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:")  # RFC 5322 section 2.2
_KNOWN_FIELD: Final = re.compile(
    rb"^(from|to|cc|subject|date|received|return-path|message-id|mime-version|content-type"
    rb"|delivered-to|reply-to|x-[\w-]+)[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
_DATA: Final = frozenset({"application/xml", "application/json"})
_PDF: Final = "application/pdf"
# Beside bills and PDFs: files that a person may have sent as a document.
_PERHAPS: Final = ("image/", "application/vnd.", "application/msword", "application/zip")


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks into files; with a team it tells sales from purchase."""

    reader: MailReader
    opener: Opener
    team: Team | None = None

    async def inspect(self, name: str, content: bytes) -> dict[str, Any]:
        """The object of `maild inspect --json` for one file. Never raises over what it holds."""
        if is_mail(name, content):
            return await self._mail(name, content)
        if type_of(content) in ARCHIVES:
            return await self._mail(name, wrap([(PurePath(name).name, content)]))
        if type_of(content) == _PDF or type_of(content) in PICTURES:
            return await self._paper(name, content)
        try:
            return inspect.inspect(name, content, team=self.team)
        except DocumentError as fault:
            return describe_unknown(name, fault.problems)

    async def _paper(self, name: str, content: bytes) -> dict[str, Any]:
        try:
            paper = await paper_of(self.opener.sandbox, content)
        except Unreadable as fault:
            return describe_unknown(name, [Problem("unopened", "", str(fault))])
        opened = await self.opener.open_pdf(paper)
        figures = await self._figures(paper, opened)
        return inspect_pdf.shown(name, opened, team=self.team, figures=figures)

    async def _mail(self, name: str, raw: bytes) -> dict[str, Any]:
        shown: dict[str, Any] = {"file": name, "kind": "mail"}
        report = classify(raw)
        try:
            async with self.reader.opened(raw) as mail:
                opened = await self.opener.open(mail) if report is None else NONE_OPENED
                said = await self._in_it(mail, opened) if report is None else _Said()
                said = replace(said, problems=[*mail.problems, *said.problems])
                return shown | _shown(mail.parts, said, report=report)
        except DocumentError as fault:
            return shown | _shown((), _Said(problems=[*fault.problems]), report=report)

    async def _in_it(self, mail: Mail, opened: Openings) -> _Said:
        """An object for each bill, with its PDF as its attachment, and for each PDF that stands alone."""
        parts = [one for one in mail.parts if not one.shown_inside]
        bills: list[tuple[Part, Look | Bill]] = []
        problems: list[Problem] = []
        for part in parts:
            if part.media_type not in _DATA:
                continue
            try:
                bills.append((part, inspect.read(part.content)))
            except DocumentError as fault:
                problems += [_at(part, one) for one in fault.problems]
        pdfs = [one for one in parts if one.media_type == _PDF]
        pairs = pairing.pair([(part, inspect.bill_of(seen)) for part, seen in bills], pdfs)
        documents = [
            self._bill(part, seen, pdf=pairs.get(at)) for at, (part, seen) in enumerate(bills)
        ]
        numbers = {pairing.plain_number(inspect.bill_of(seen).number) for _, seen in bills}
        alone = [
            one
            for one in pdfs
            if one not in pairs.values() and _number_inside(opened, one) not in numbers
        ]
        photos = [one for one in parts if opened.get(one.name, NOTHING).made]
        alone = [*_invoices(alone), *photos]
        documents += [await self._pdf(one, mail, opened=opened) for one in alone]
        return _Said(documents, problems)

    async def _figures(self, content: Body, opened: Opened) -> Figures | str | None:
        """What the pages say, or why they say nothing."""
        if not inspect_pdf.asks_for_figures(opened):
            return None
        try:
            return await figures_of(self.opener.sandbox, content, team=self.team)
        except Unreadable as fault:
            return str(fault)

    async def _pdf(self, part: Part, mail: Mail, *, opened: Openings) -> dict[str, Any]:
        """A PDF by the bill inside it, else by what the mail tells, beside what its pages say.

        So is a picture, by the PDF that was made of it.
        """
        found = opened.get(part.name, NOTHING)
        figures = await self._figures(found.made or part.body, found)
        shown = inspect_pdf.shown(part.name, found, team=self.team, figures=figures)
        if found.inside is None:
            number = hints(mail.subject, split_name(part.name)[0], purchase=True).number
            shown |= {"kind": "other", "number": number}
        return shown | {"attachments": [_attachment(part), *shown["attachments"]]}

    def _bill(self, part: Part, seen: Look | Bill, *, pdf: Part | None) -> dict[str, Any]:
        shown = inspect.shown(seen, name=part.name, team=self.team)
        beside = [_attachment(pdf)] if pdf is not None else []
        return shown | {"attachments": [*shown["attachments"], *beside]}


@dataclass(frozen=True, slots=True)
class _Said:
    """What the files of a mail say, and why some say nothing."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def is_mail(name: str, content: bytes) -> bool:
    """Whether it calls itself a mail or begins as one (RFC 5322), a line "From ..." aside."""
    if name.lower().endswith(".eml"):
        return True
    start = content[:_HEAD]
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{", b"[", b"%PDF-")):
        return False
    return _FIELD.match(start) is not None or _KNOWN_FIELD.search(start) is not None


def _shown(parts: Sequence[Part], said: _Said, *, report: Report | None) -> dict[str, Any]:
    return {
        "verdict": report.sort.value if report else _verdict(parts, said.documents),
        "attachments": [_attachment(one) | _place(one) for one in parts],
        "documents": said.documents,
        "returns": [_returned(one) for one in report.returned] if report else [],
        "problems": problems_json(said.problems),
    }


def _verdict(parts: Sequence[Part], documents: Sequence[dict[str, Any]]) -> str:
    perhaps = any(one.media_type.startswith(_PERHAPS) and not one.shown_inside for one in parts)
    return "documents" if documents or perhaps else "nothing"


def _invoices(pdfs: Sequence[Part]) -> list[Part]:
    """Those that do not call themselves terms and conditions, unless all do."""
    return [one for one in pdfs if not pairing.is_terms(one.name)] or list(pdfs)


def _number_inside(opened: Openings, pdf: Part) -> str | None:
    """The number of the bill inside a PDF; None when there is none."""
    inside = opened.get(pdf.name, NOTHING).inside
    return pairing.plain_number(inside.bill.number) if inside else None


def _attachment(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "media_type": part.media_type,
        "size": part.size,
        "sha256": part.sha256,
    }


def _place(part: Part) -> dict[str, Any]:
    """How it came: under which name, called what, in which archives, and whether the text shows it."""
    return {
        "sent_as": part.sent_as,
        "declared": part.declared,
        "path": list(part.path),
        "shown_inside": part.shown_inside,
    }


def _returned(one: Returned) -> dict[str, Any]:
    return {
        "recipient": one.recipient,
        "action": one.action.value,
        "status": one.status,
        "diagnostic": one.diagnostic,
    }


def _at(part: Part, problem: Problem) -> Problem:
    where = f"{part.name}: {problem.where}" if problem.where else part.name
    return replace(problem, where=where)
