"""Which PDF belongs to which bill, and which XML could be one.

Pure: parts of a mail go in, pairs come out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

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

# What travels with bills and is none (mail.md 6.2).
_TERMS = re.compile(
    r"algemene (verkoop|leverings|inkoop|aankoop)?\s?voorwaarden|voorwaarden$|voorwaarden pdf"
    r"|conditions? g[eé]n[eé]rales?|\bcgv\b|gesch[aä]ftsbedingungen|\bagbs?\b"
    r"|terms (and|of|en|&)|general (terms|conditions)|terms (conditions|service)"
    r"|privacy\s?(policy|verklaring|statement)|widerrufsbelehrung"
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


def pair(bills: Sequence[tuple[Part, Bill]], pdfs: Sequence[Part]) -> dict[int, Part]:
    """The PDF of each bill, by the bill's place in `bills` (its file, and what it says).

    By the base name, first in the same forwarded mail or archive; then by the number in the PDF's
    name; then, where one bill without a PDF inside it and one PDF lie together, these two.
    """
    found: dict[int, Part] = {}
    left = list(pdfs)

    def take(fits: Callable[[Part, Bill, Part], bool]) -> None:
        for at, (part, bill) in enumerate(bills):
            pdf = next((one for one in left if fits(part, bill, one)), None)
            if at not in found and pdf is not None:
                found[at] = pdf
                left.remove(pdf)

    take(lambda part, _, pdf: part.path == pdf.path and _stem(part.name) == _stem(pdf.name))
    take(lambda part, _, pdf: _stem(part.name) == _stem(pdf.name))
    take(lambda _, bill, pdf: _bears(pdf.name, bill.number))
    left = [one for one in left if not is_terms(one.name)]
    alone = _alone([part for at, (part, _) in enumerate(bills) if at not in found])
    apart = _alone(left)
    take(
        lambda part, bill, pdf: (
            part.path in alone
            and pdf.path in apart
            and part.path == pdf.path
            and embedded(bill) is None
        )
    )
    if len(bills) == 1 and not found and len(left) == 1 and embedded(bills[0][1]) is None:
        found[0] = left[0]
    return found


def plain_number(number: str) -> str:
    """A document's number without signs and case, as two files of one bill have it in common."""
    return re.sub(r"[\W_]", "", number).casefold()


def is_terms(name: str) -> bool:
    """Whether a file calls itself terms and conditions, or something else that comes with each bill."""
    return _TERMS.search(re.sub(r"[\W_]+", " ", name.casefold())) is not None


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


def _alone(parts: Sequence[Part]) -> set[tuple[str, ...]]:
    """The places in which exactly one of these lies; the mail itself is not counted among them."""
    counted = Counter(one.path for one in parts)
    return {path for path, count in counted.items() if path and count == 1}


def _stem(name: str) -> str:
    return split_name(name)[0].casefold()


def _bears(name: str, number: str) -> bool:
    """Whether a name holds a number, signs and case aside, with no other digit beside it."""
    plain = plain_number(number)
    if not any(one.isdigit() for one in plain) or len(plain) > MAX_NAME:
        return False
    loose = r"[\W_]*".join(map(re.escape, plain))
    return re.search(rf"(?<!\d){loose}(?!\d)", name.casefold()) is not None
