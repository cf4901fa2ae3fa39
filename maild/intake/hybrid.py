"""The bill inside a PDF, and whether it may be believed: pure, over what was found in the file.

Factur-X, ZUGFeRD and XRechnung put CII into a PDF, some programs UBL. A person reads the page and a
program the XML, so the two must say the same: the XML is trusted only when its number and its total
stand on the page (purchase_reading.md A3.9; 5 of 36 samples say different things).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from maild.errors import Unreadable
from maild.intake import pairing
from maild.model.bill import Bill
from maild.model.said import Said
from maild.reading.page import shows_amount, shows_number
from maild.reading.pdf import Embedded
from maild.ubl import document as ubl
from maild.ubl.check import is_warning
from maild.ubl.cii import document as cii
from maild.ubl.convert import as_ubl
from maild.ubl.document import Look

_UBL_ROOTS: Final = frozenset({"Invoice", "CreditNote"})
# einvoicing.md section 8; in the order in which readers look for them.
_KNOWN_NAMES: Final = ("factur-x.xml", "xrechnung.xml", "zugferd-invoice.xml")
_FEW: Final = 20  # characters on the pages: fewer, and they are pictures


@dataclass(frozen=True, slots=True)
class Inside:
    """The bill that was found inside a PDF; `name` is what its file is called there.

    `ubl` is the bill as it was issued, or as UBL that was `made` of it; None when it lacks what that
    needs. `rival` is the number of another bill in the same PDF, where there is one.
    """

    name: str
    look: Look
    ubl: bytes | None = field(repr=False)
    made: bool
    rival: str | None = None

    @property
    def bill(self) -> Bill:
        """Its figures, as far as they could be read."""
        return self.look.bill


def find_bill(files: Sequence[Embedded]) -> Inside | None:
    """The bill among the files inside a PDF: by its known name, else by what it holds.

    Raises Unreadable when the file of a known name cannot be read.
    """
    found: Inside | None = None
    for one in sorted(files, key=_rank):
        inside = _read(one)
        if inside is None:
            continue
        if found is None:
            found = inside
        elif not _is_one(found, inside):
            return replace(found, rival=inside.bill.number)
    return found


def _read(one: Embedded) -> Inside | None:
    content = one.content or b""
    root = pairing.root_name(content)
    if root in cii.ROOTS:
        look = cii.look(content, name=one.name)
        return Inside(one.name, look, as_ubl(look.bill), made=True)
    if root in _UBL_ROOTS:
        return Inside(one.name, ubl.look(content), content, made=False)
    if one.name.lower() in _KNOWN_NAMES:
        raise Unreadable("it is no invoice in XML")
    return None


def _is_one(first: Inside, second: Inside) -> bool:
    """Whether two files say the same bill: some programs add the UBL of what they put in as CII."""
    numbers = (pairing.plain_number(one.bill.number) for one in (first, second))
    return len(set(numbers)) == 1 and first.bill.totals.gross == second.bill.totals.gross


def doubt(inside: Inside, text: str) -> str | None:
    """Why the bill inside is not believed, as the end of a sentence; None when it may be.

    `text` is what the pages of the PDF show.
    """
    faults = [one for one in inside.look.problems if not is_warning(one)]
    if faults:
        english = f"the {inside.name} inside the PDF has a fault ({faults[0]})"
        return Said("inside_fault", english, file=inside.name, why=str(faults[0]))
    if inside.rival is not None:
        one, other = inside.bill.number, inside.rival
        english = f"the PDF holds two bills, number {one} and number {other}"
        return Said("inside_two", english, number=one, other=other)
    bill = inside.bill
    total = bill.totals.gross or bill.totals.payable
    if len(text.split()) < _FEW and len("".join(text.split())) < _FEW:
        english = (
            f"the {inside.name} inside the PDF says number {bill.number}, and the pages have no text "
            "to compare it with"
        )
        return Said("inside_no_text", english, file=inside.name, number=bill.number)
    missing = []
    if not shows_number(text, bill.number):
        missing.append(Said("number_is", f"number {bill.number}", number=bill.number))
    if total is not None and not shows_amount(text, total.value):
        missing.append(Said("a_total", f"a total of {total}", amount=str(total)))
    if missing:
        words = " and ".join(missing)
        english = f"the {inside.name} inside the PDF says {words}, which the pages do not show"
        return Said("inside_not_shown", english, file=inside.name, values=missing)
    return None


def _rank(one: Embedded) -> int:
    name = one.name.lower()
    return _KNOWN_NAMES.index(name) if name in _KNOWN_NAMES else len(_KNOWN_NAMES)
