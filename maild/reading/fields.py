"""The figures of an invoice from the rows of its pages, each with its verdict.

Pure: rows go in, from the characters of a PDF or from OCR. Nothing here knows a supplier; what is
known of one comes from memory, elsewhere. Source: purchase_reading.md A3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from maild.model.figures import ABSENT, KEYS, Field, Figures, Verdict
from maild.reading.heads import head_fields
from maild.reading.labels import Labels, shipped
from maild.reading.parties import Own, supplier_fields
from maild.reading.rows import Sheet
from maild.reading.seen import Line, lines_of
from maild.reading.supplier_name import name_field
from maild.reading.totals import Printed, printed, total_fields

_NOBODY: Final = Own()
_CODES: Final = re.compile(
    r"(?<![A-Za-z])(EUR|USD|GBP|CHF)(?![A-Za-z])|([€$£])|(?<![A-Za-z])(Euros?)(?![A-Za-z])",
    re.IGNORECASE,
)
_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP", "EURO": "EUR", "EUROS": "EUR"}
_UNSURE: Final = frozenset({"USD"})  # a dollar sign alone is that of many countries


def read_fields(
    sheets: Iterable[Sheet], *, own: Own = _NOBODY, labels: Labels | None = None
) -> Figures:
    """Every key of `maild.model.figures.KEYS`; `own` is what is known of the customer."""
    lines = lines_of(sheets, labels or shipped())
    money = printed(lines)
    found = dict.fromkeys(KEYS, ABSENT) | head_fields(lines, language=_language(lines))
    found |= supplier_fields(lines, own)
    found |= total_fields(lines, money)
    found["currency"] = _currency(lines, money)
    found["supplier_name"] = name_field(lines, own=own, numbers=_numbers(found))
    return _by_sign(found)


def _numbers(found: Figures) -> frozenset[str]:
    """The plain numbers of the supplier, a Belgian one without its letters."""
    told = [found["supplier_vat"].value, found["supplier_enterprise_no"].value]
    plain = {one.removeprefix("BE") for one in told if isinstance(one, str)}
    accounts = found["iban"].value
    return frozenset(plain | {one for one in accounts or () if isinstance(one, str)})


def _by_sign(found: dict[str, Field]) -> dict[str, Field]:
    """A document of less than nothing is a credit note, unless it is called one already."""
    gross = found["gross_total"].value
    negative = isinstance(gross, str) and gross.startswith("-")
    if negative and found["doc_type"].value == "invoice":
        found["doc_type"] = Field("credit_note", Verdict.LIKELY, checks=("gross below zero",))
    return found


def _language(lines: Sequence[Line]) -> str | None:
    """The language of most labels; of those that more languages share none counts."""
    counted = Counter(
        next(iter(label.languages))
        for line in lines
        for labels in line.labels
        for label in labels
        if len(label.languages) == 1
    )
    return counted.most_common(1)[0][0] if counted else None


def _currency(lines: Sequence[Line], money: Printed) -> Field:
    """The one currency of the page; likely only when there are more, or a dollar's country is unsaid."""
    signs: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for line in lines:
        for code, sign, word in _CODES.findall(line.row.text):
            if code:
                codes[code.upper()] += 1
            else:
                signs[_SIGNS[(sign or word).upper()]] += 1
    both = codes + signs
    if not both:
        return ABSENT
    at_amounts = Counter(one.value.currency for one in money.amounts if one.value.currency)
    chosen = (at_amounts or both).most_common(1)[0][0]
    sure = len(both) == 1 and (chosen not in _UNSURE or bool(codes))
    return Field(str(chosen), Verdict.PROVEN if sure else Verdict.LIKELY)
