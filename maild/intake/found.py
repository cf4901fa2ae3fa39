"""Which file of a mail is a bill: UBL, our JSON document, CII, or a PDF with one of these inside.

Pure: what only a child may open was opened before (`maild.intake.opening`). Whose bill it is, and
which PDF belongs to it, is decided in `maild.intake.extract`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from maild.intake import pairing, payload
from maild.intake.drafts import Sheet
from maild.intake.hold import Hold
from maild.intake.hybrid import Inside
from maild.intake.opening import Opened
from maild.model.bill import Bill
from maild.model.document import Role
from maild.reading.mail import Part, sha256_of
from maild.reading.names import split_name
from maild.ubl import document as ubl
from maild.ubl.cii import document as cii
from maild.ubl.convert import as_ubl

PDF: Final = "application/pdf"
_XML: Final = "application/xml"
_ROOTS: Final = frozenset({"Invoice", "CreditNote", "Quotation"})


@dataclass(frozen=True, slots=True)
class Found:
    """A part that is a bill, with the files that carry it.

    `hold` says why its figures are not believed. `sha256` tells equal content.
    """

    part: Part
    bill: Bill
    sheets: tuple[Sheet, ...]
    sha256: str
    hold: Hold | None = None

    @property
    def has_pdf(self) -> bool:
        """Whether its PDF is known already."""
        return any(one.role is Role.PDF for one in self.sheets)


def bill_in(part: Part, opened: Opened) -> Found | None:
    """The bill that a part holds; None when it does not claim to be one. Raises DocumentError."""
    if opened.inside is not None:
        return _hybrid(part, opened.inside, hold=opened.hold)
    if is_json(part):
        return _json(part)
    if not is_xml(part):
        return None
    root = pairing.root_name(part.readable)
    if root in {*_ROOTS, None}:
        bill = ubl.read(part.readable)
        sheet = Sheet(Role.UBL, part.name, _XML, part.body)
        return Found(part, bill, (sheet,), sheet.sha256)
    return _cii(part) if root in cii.ROOTS else None


def joined(bills: Sequence[Found]) -> list[Found]:
    """The bills, each once: a PDF with a bill inside that came as a file of its own too is its PDF.

    What speaks against the one inside speaks against both, since the page is what a person reads.
    """
    hybrids = {_key(one): one for one in reversed(bills) if one.has_pdf}
    plain = {_key(one) for one in bills if not one.has_pdf}
    kept = []
    for one in bills:
        twin = hybrids.get(_key(one))
        if one.has_pdf and _key(one) in plain:
            continue
        if twin is None or one.has_pdf:
            kept.append(one)
            continue
        pdf = next(sheet for sheet in twin.sheets if sheet.role is Role.PDF)
        kept.append(replace(one, sheets=(*one.sheets, pdf), hold=twin.hold))
    return kept


def _key(found: Found) -> str:
    """What two files of one bill have in common; a bill without a number has nothing."""
    return pairing.plain_number(found.bill.number) or found.sha256


def is_xml(part: Part) -> bool:
    """Whether a part is XML, or calls itself so and is nothing else."""
    named = part.name.lower().endswith(".xml") or part.declared in {"text/xml", _XML}
    return part.media_type == _XML or (named and part.media_type in {part.declared, "text/html"})


def is_json(part: Part) -> bool:
    """Whether a part is, or says to be, JSON."""
    return "application/json" in {part.media_type, part.declared}


def _json(part: Part) -> Found:
    bill = payload.to_bill(part.content)
    sheets = (
        _made_ubl(part.name, ubl.write(bill)),
        Sheet(Role.ORIGINAL, part.name, "application/json", part.body),
    )
    return Found(part, bill, sheets, sha256_of(_canonical(part.content)))


def _cii(part: Part) -> Found:
    """CII goes on as UBL, where it has what that needs; what came is kept as it is."""
    bill = cii.read(part.content)
    written = as_ubl(bill)
    original = Sheet(Role.ORIGINAL, part.name, _XML, part.body)
    made = () if written is None else (_made_ubl(part.name, written),)
    return Found(part, bill, (*made, original), part.sha256)


def _hybrid(part: Part, inside: Inside, *, hold: Hold | None) -> Found:
    """The PDF stays as it came. Figures that are not believed are handed to nobody as UBL."""
    pdf = Sheet(Role.PDF, part.name, PDF, part.body)
    return Found(
        part,
        inside.bill,
        (pdf,) if hold else (pdf, *_ubl_of(part, inside)),
        part.sha256,
        hold=hold,
    )


def _ubl_of(part: Part, inside: Inside) -> tuple[Sheet, ...]:
    if inside.ubl is None:
        return ()
    name = f"{split_name(part.name)[0]}.xml"
    return (Sheet(Role.UBL, name, _XML, inside.ubl, made=inside.made),)


def _made_ubl(name: str, content: bytes) -> Sheet:
    return Sheet(Role.UBL, f"{split_name(name)[0]}.xml", _XML, content, made=True)


def _canonical(content: bytes) -> bytes:
    """JSON without what does not count: blanks and the order of keys. Numbers stay as written."""
    value = json.loads(content, parse_float=str, parse_int=str)
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
