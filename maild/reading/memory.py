"""A page beside what a person confirmed of its supplier: what looks the same is proven.

Pure. A number or a date looks the same when it stands after the same word, at the same place and is
written the same way as on a page that a person confirmed (purchase_reading.md A2). Totals are left to
their arithmetic, except those of a page without VAT, which has none (`maild.reading.untaxed`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from maild.model.figures import Field, Figures, Verdict
from maild.model.supplier import ACCOUNT_KEY, Remembered, Sign
from maild.reading.dates import Day, dates_in
from maild.reading.eyesight import doubted
from maild.reading.labels import Labels, shipped
from maild.reading.rows import Sheet, Source
from maild.reading.seen import Line, Seen, labels_of, lines_of
from maild.reading.untaxed import (
    REASON,
    TOTAL,
    remembered_reason,
    remembered_total,
    signs_without_vat,
)

MEMORY: Final = "supplier memory"  # the name of the check
NUMBER: Final = "invoice_number"
DATES: Final = ("issue_date", "due_date")
# Points by which a value may have moved: the head of a page is set by a template, and what stands
# in it goes down with a longer address.
_SIDE: Final = 12.0
_DEPTH: Final = 45.0
_DAY_FIRST, _MONTH_FIRST, _PLAIN = "day first", "month first", "plain"
_TOKEN: Final = re.compile(r"[^\W_][\w./%-]*")
_NUMERIC: Final = re.compile(r"(\d{1,2})\s?[./-]\s?(\d{1,2})\s?[./-]\s?\d{2,4}")
_Place = tuple[Seen[str], str | None]


def recalled(
    figures: Figures, sheets: Iterable[Sheet], known: Remembered, *, labels: Labels | None = None
) -> Figures:
    """The figures with what agrees with the supplier's memory proven, and what contradicts it not."""
    pages = tuple(sheets)
    lines = lines_of(pages, labels or shipped())
    found = dict(figures)
    found[NUMBER] = _agreed(figures[NUMBER], known.of(NUMBER), places=_numbers(lines))
    for key in DATES:
        found[key] = _agreed_day(figures[key], known.of(key), lines)
    found |= _identity(figures, known)
    if figures["currency"].verdict is Verdict.ABSENT and known.currency:
        found["currency"] = _by_memory(Field(known.currency))
    # Of what OCR read nothing but arithmetic holds an amount up.
    if _may_be_untaxed(found, known) and all(one.source is not Source.OCR for one in pages):
        found |= _without_vat(found, lines, known)
    return doubted(found, pages, looks=frozenset({MEMORY}))


def signs_of(
    said: Mapping[str, str],
    figures: Figures,
    sheets: Iterable[Sheet],
    *,
    labels: Labels | None = None,
) -> tuple[Sign, ...]:
    """How confirmed values look on the page; one that does not stand there leaves no sign.

    `said` has the number as it is printed, dates as ISO text, and amounts as decimal text.
    """
    lines = lines_of(sheets, labels or shipped())
    signs = []
    if said.get(NUMBER):
        wanted = _squeezed(said[NUMBER])
        places = [
            (seen, shape(seen.value)) for seen in _numbers(lines) if _squeezed(seen.value) == wanted
        ]
        signs.append(_sign(NUMBER, figures[NUMBER], places))
    for key in DATES:
        if said.get(key):
            on = date.fromisoformat(said[key])
            days = [(seen, _order(seen, on)) for seen in _days(lines)]
            told = [(_as_text(seen), order) for seen, order in days if order]
            signs.append(_sign(key, figures[key], told))
    signs += signs_without_vat(said, lines)
    return tuple(one for one in signs if one is not None)


def shape(number: str) -> str:
    """How a number is written: its letters and signs, with 0 for each digit: "F-0000/000"."""
    return re.sub(r"\d", "0", number).casefold()


def is_alike(one: str, other: str) -> bool:
    """Whether two shapes are of one series: a row of digits may have grown by one."""
    parts = [re.split(r"(0+)", each) for each in (one, other)]
    if len(parts[0]) != len(parts[1]):
        return False
    return all(
        abs(len(left) - len(right)) <= 1 if left[:1] == right[:1] == "0" else left == right
        for left, right in zip(*parts, strict=True)
    )


def _as_text(seen: Seen[Day]) -> Seen[str]:
    """The same place, with the date as ISO text."""
    return Seen(seen.value.on.isoformat(), seen.line, seen.cell, seen.start, seen.end, seen.near)


def _agreed(field: Field, signs: Sequence[Sign], *, places: Iterable[Seen[str]]) -> Field:
    if not signs:
        return field
    fits: Callable[[Seen[str]], bool] = lambda seen: any(  # noqa: E731 - used once
        _is_there(seen, one) and is_alike(one.pattern, shape(seen.value)) for one in signs
    )
    return _chosen(field, [seen for seen in places if fits(seen)])


def _agreed_day(field: Field, signs: Sequence[Sign], lines: Sequence[Line]) -> Field:
    told = [
        replace(_as_text(seen), value=on)
        for seen in _days(lines)
        for one in signs
        if _is_there(seen, one) and (on := _read_as(seen, one.pattern))
    ]
    return _chosen(field, told) if signs else field


def _chosen(field: Field, told: Sequence[Seen[str]]) -> Field:
    """The one value that looks as it did before; a page that shows several proves none."""
    values = {one.value for one in told}
    if len(values) != 1:
        return field
    one = told[0]
    if field.value is not None and field.value != one.value:
        if field.verdict is Verdict.PROVEN:
            return replace(field, verdict=Verdict.LIKELY, others=(one.value, *field.others))
        others = (str(field.value), *(each for each in field.others if each != one.value))
        return _by_memory(
            Field(one.value, page=one.page, box=one.box, label=one.word, others=others)
        )
    return _by_memory(replace(field, value=one.value, page=one.page, box=one.box))


def _identity(figures: Figures, known: Remembered) -> dict[str, Field]:
    """The supplier's name, and his number where an account of his stands beside it."""
    told: dict[str, Field] = {}
    name = figures["supplier_name"]
    if known.name:
        others = (str(name.value),) if name.value not in (None, known.name) else ()
        told["supplier_name"] = _by_memory(Field(known.name, others=others))
    vat, accounts = figures["supplier_vat"], figures["iban"].value or ()
    mine = f"{vat.value}" == known.key or not (vat.value or known.key.startswith(ACCOUNT_KEY))
    if mine and vat.verdict is Verdict.LIKELY and known.accounts.intersection(map(str, accounts)):
        told["supplier_vat"] = _by_memory(vat)
    return told


def _may_be_untaxed(found: Figures, known: Remembered) -> bool:
    """Whether number, account and currency are those of a supplier whose page was confirmed without VAT."""
    accounts = frozenset(map(str, found["iban"].value or ()))
    return (
        bool(known.of(TOTAL))
        and found[NUMBER].verdict is Verdict.PROVEN
        and bool(accounts)
        and accounts <= known.accounts
        and found["currency"].value == known.currency
    )


def _without_vat(found: Figures, lines: Sequence[Line], known: Remembered) -> dict[str, Field]:
    """Totals and reason of such a page, as far as they look as they did."""
    told: dict[str, Field] = {}
    if found[TOTAL].verdict is not Verdict.PROVEN:
        totals = remembered_total(lines, known.of(TOTAL))
        if totals and found[TOTAL].value in {None, totals[TOTAL].value}:
            told = {key: _by_memory(one) for key, one in totals.items()}
    vat = told.get("vat_total", found["vat_total"])
    if vat.verdict is Verdict.PROVEN and vat.value == "0.00":
        reason = remembered_reason(found[REASON], known.of(REASON), lines)
        if reason is not None:
            told[REASON] = _by_memory(reason) if reason.value else reason
    return told


def _by_memory(field: Field) -> Field:
    checks = tuple(dict.fromkeys([*field.checks, MEMORY]))
    return replace(field, verdict=Verdict.PROVEN, checks=checks)


def _is_there(seen: Seen[str] | Seen[Day], sign: Sign) -> bool:
    """Whether a value stands after the word, and about at the place, of a sign."""
    if seen.page != sign.page or seen.word != sign.label:
        return False
    left, top, right, _ = seen.box
    beside = min(abs(left - sign.left), abs(right - sign.right)) <= _SIDE
    return beside and abs(top - sign.top) <= (_DEPTH if sign.label else _SIDE)


def _numbers(lines: Sequence[Line]) -> Iterator[Seen[str]]:
    """Words with a digit in them that are no dates, and numbers that are written in groups."""
    for line in lines:
        for at, cell in enumerate(line.row.cells):
            days = [(start, end) for _, start, end in dates_in(cell.text)]
            for match in _TOKEN.finditer(cell.text):
                token = match[0].rstrip(".,;:/-")
                start, end = match.start(), match.start() + len(token)
                dated = any(first <= start < last for first, last in days)
                if not dated and any(one.isdigit() for one in token):
                    near = labels_of(lines, line, cell=at, start=start)
                    yield Seen(token, line, at, start, end, near)


def _days(lines: Sequence[Line]) -> Iterator[Seen[Day]]:
    for line in lines:
        for at, cell in enumerate(line.row.cells):
            for day, start, end in dates_in(cell.text):
                near = labels_of(lines, line, cell=at, start=start)
                yield Seen(day, line, at, start, end, near)


def _sign(name: str, field: Field, places: Sequence[tuple[Seen[str], str]]) -> Sign | None:
    """The place that the reader chose, else one after a word, else the first."""
    if not places:
        return None
    read = [one for one in places if (one[0].page, one[0].box) == (field.page, field.box)]
    named = [one for one in places if one[0].word]
    seen, pattern = (read or named or places)[0]
    left, top, right, _ = seen.box
    return Sign(name, seen.word, seen.page, left, top, right, pattern)


def _order(seen: Seen[Day], on: date) -> str | None:
    """In which order a date is written that means that day; None when it means another one."""
    text = seen.line.row.cells[seen.cell].text[seen.start : seen.end]
    numeric = _NUMERIC.fullmatch(text.strip())
    if on not in {seen.value.on, seen.value.turned}:
        return None
    if numeric is None or numeric[1] == numeric[2]:
        return _PLAIN
    return _DAY_FIRST if int(numeric[1]) == on.day else _MONTH_FIRST


def _read_as(seen: Seen[Day], order: str) -> str | None:
    """The day that a date means when it is written in that order; None when that is not said."""
    day = seen.value
    if day.turned is None or day.turned == day.on:
        return day.on.isoformat()
    if order == _PLAIN:
        return None
    return (day.on if order == _DAY_FIRST else day.turned).isoformat()


def _squeezed(number: str) -> str:
    return re.sub(r"\s", "", number).casefold()
