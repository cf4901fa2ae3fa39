"""The figures of an invoice from the rows of its pages, each with its verdict.

Pure: rows go in, from the characters of a PDF or from OCR. Nothing here knows a supplier; what is
known of one comes from memory, elsewhere. Source: purchase_reading.md A3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from maild.model.figures import ABSENT, KEYS, Field, Figures, Verdict
from maild.reading.amounts import written
from maild.reading.eyesight import doubted
from maild.reading.heads import head_fields
from maild.reading.labels import Labels, shipped
from maild.reading.owner import Own
from maild.reading.parties import supplier_fields
from maild.reading.rows import Sheet
from maild.reading.seen import Line, lines_of
from maild.reading.supplier_name import name_field
from maild.reading.totals import Printed, printed, total_fields
from maild.reading.untaxed import REASON, reason_of

_NOBODY: Final = Own()
_CODES: Final = re.compile(
    r"(?<![A-Za-z])(EUR|USD|GBP|CHF)(?![A-Za-z])|([€$£])|(?<![A-Za-z])(Euros?)(?![A-Za-z])",
    re.IGNORECASE,
)
_TOTALS: Final = ("net_total", "vat_total", "gross_total", "amount_due", "vat_breakdown")
_SIGNS: Final = {"€": "EUR", "$": "USD", "£": "GBP", "EURO": "EUR", "EUROS": "EUR"}
_UNSURE: Final = frozenset({"USD"})  # a dollar sign alone is that of many countries


def read_fields(
    sheets: Iterable[Sheet], *, own: Own = _NOBODY, labels: Labels | None = None
) -> Figures:
    """Every key of `maild.model.figures.KEYS`; `own` is what is known of the customer."""
    pages = tuple(sheets)
    lines = lines_of(pages, labels or shipped())
    money = printed(lines)
    found = dict.fromkeys(KEYS, ABSENT) | head_fields(lines, language=_language(lines))
    found |= supplier_fields(lines, own)
    signs = _currencies(lines)
    found |= total_fields(lines, money, one_currency=len({code for code, _ in signs}) <= 1)
    found["currency"] = _currency(signs, money)
    if found["vat_total"].value in {None, "0.00"}:
        found[REASON] = reason_of(lines)
    if _is_marked_elsewhere(found, money):
        found |= {key: _doubted(found[key]) for key in (*_TOTALS, "currency")}
    found["supplier_name"] = name_field(lines, own=own, numbers=_numbers(found))
    return doubted(_by_sign(found), pages)


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


def _is_marked_elsewhere(found: Figures, money: Printed) -> bool:
    """Whether a currency is printed at amounts, and at none of the totals: it may be another one's."""
    marked = {written(abs(one.value.cents)) for one in money.amounts if one.value.currency}
    totals = {str(found[key].value).lstrip("-") for key in _TOTALS}
    return bool(marked) and marked.isdisjoint(totals)


def _doubted(field: Field) -> Field:
    proven = field.verdict is Verdict.PROVEN
    return replace(field, verdict=Verdict.LIKELY) if proven else field


def _currencies(lines: Sequence[Line]) -> Counter[tuple[str, bool]]:
    """The currencies of the page, and whether each is spelt as its code."""
    found: Counter[tuple[str, bool]] = Counter()
    for line in lines:
        for code, sign, word in _CODES.findall(line.row.text):
            told = (code.upper(), True) if code else (_SIGNS[(sign or word).upper()], False)
            found[told] += 1
    return found


def _currency(signs: Counter[tuple[str, bool]], money: Printed) -> Field:
    """The one currency of the page; likely only when there are more, or a dollar's country is unsaid."""
    named = Counter({code: 0 for code, _ in signs})
    for (code, _), count in signs.items():
        named[code] += count
    if not named:
        return ABSENT
    at_amounts = Counter(one.value.currency for one in money.amounts if one.value.currency)
    chosen = str((at_amounts or named).most_common(1)[0][0])
    sure = len(named) == 1 and (chosen not in _UNSURE or (chosen, True) in signs)
    return Field(chosen, Verdict.PROVEN if sure else Verdict.LIKELY)
