"""Which PDF belongs to which bill, and which XML could be one.

Pure: parts of a mail go in, pairs come out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from maild.model.bill import Attachment, Bill
from maild.reading.mail import Part
from maild.reading.names import MAX_NAME, split_name, type_of

_PROLOG = re.compile(r"\s*(?:<\?[^>]*\?>|<!--(?:(?!-->).)*-->)", re.DOTALL)
_ROOT = re.compile(r"\s*<(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")

# What calls itself so may be the bill: what bills are called in the languages of our neighbours, and
# words that say nothing of what a file is.
_BILL_WORDS = re.compile(
    r"factu|invoice|rechnung|\bnota\b|credit|crédit|kredit|gutschrift|offerte|quot|devis|angebot"
    r"|pdf|\bcop(y|ie)\b|kopie|visual|origin"
)

_START = 8_000  # characters in which the root element of every honest document begins


def root_name(content: bytes) -> str | None:
    """The local name of the root element, by a glance; None when it cannot be seen at once."""
    encoding = "utf-16" if content[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    text = content[: 2 * _START].decode(encoding, "replace")[:_START]
    at = 0
    while match := _PROLOG.match(text, at):
        at = match.end()
    found = _ROOT.match(text, at)
    return found[1] if found else None


def pair(bills: Sequence[tuple[str, Bill]], pdfs: Sequence[Part]) -> dict[int, Part]:
    """The PDF of each bill, by the bill's place in `bills` (its file's name, and the bill).

    By the base name; then by the number in the PDF's name; then, for one bill without a PDF inside
    it, the only PDF there is.
    """
    found: dict[int, Part] = {}
    left = list(pdfs)

    def take(at: int, pdf: Part | None) -> None:
        if pdf is not None:
            found[at] = pdf
            left.remove(pdf)

    for at, (name, _) in enumerate(bills):
        take(at, next((one for one in left if _stem(one.name) == _stem(name)), None))
    for at, (_, bill) in enumerate(bills):
        if at not in found:
            take(at, next((one for one in left if _bears(one.name, bill.number)), None))
    if len(bills) == 1 and not found and len(left) == 1 and embedded(bills[0][1]) is None:
        take(0, left[0])
    return found


def embedded(bill: Bill) -> Attachment | None:
    """The PDF inside a bill that shows the bill itself.

    Among several, the one that calls itself the invoice (UBL.BE, e-fff) or bears the number. A
    single one may be called anything, but not something else: work slips, timesheets and tickets
    travel inside invoices too (BG-24), and must not go out as the invoice.
    """
    pdfs = [one for one in bill.attachments if one.content and _is_readable_pdf(one.content)]
    for one in pdfs:
        words = f"{one.type_code or ''} {one.description or ''}".casefold()
        if "commercialinvoice" in words.replace(" ", ""):
            return one
    for one in pdfs:
        if _bears(f"{one.id} {one.name or ''}", bill.number):
            return one
    single = pdfs[0] if len(pdfs) == 1 else None
    return single if single and _may_be_the_bill(single, bill.number) else None


def _is_readable_pdf(content: bytes) -> bool:
    # A PDF without a single object (ISO 32000-1, 7.3.10) has no page: it would be no invoice at all.
    return type_of(content) == "application/pdf" and b" obj" in content


def _may_be_the_bill(pdf: Attachment, number: str) -> bool:
    """Whether its description (BT-123), where there is one, leaves room for its being the bill."""
    said = pdf.description or ""
    if not said.strip() or _bears(said, number):
        return True
    stem, _ = split_name(pdf.name or "")
    return _BILL_WORDS.search(f"{said} {stem}".casefold()) is not None


def _stem(name: str) -> str:
    return split_name(name)[0].casefold()


def _bears(name: str, number: str) -> bool:
    """Whether a name holds a number, signs and case aside, with no other digit beside it."""
    plain = re.sub(r"[\W_]", "", number).casefold()
    if not any(one.isdigit() for one in plain) or len(plain) > MAX_NAME:
        return False
    loose = r"[\W_]*".join(map(re.escape, plain))
    return re.search(rf"(?<!\d){loose}(?!\d)", name.casefold()) is not None
