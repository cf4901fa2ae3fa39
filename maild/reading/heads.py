"""The head of an invoice: what it is, its number, its dates, what to write when one pays.

Pure. None of these carries a check of its own, so that they are likely at most; two things alone make
them proven: a term of payment that two dates keep, and the number said again as what to write when one
pays (purchase_reading.md A2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

from maild.model.figures import ABSENT, Field, Verdict
from maild.reading.dates import Day, dates_in, months_come_first
from maild.reading.identifiers import communications_in, ibans_in
from maild.reading.labels import Label
from maild.reading.rows import Cell
from maild.reading.seen import Line, Seen, labels_of

_TOKEN: Final = re.compile(
    r"\W{0,3}(?:(?:nr|no|n°|num|number|numero|numéro)\b\W{0,3})?(?P<token>[A-Za-z0-9][\w./%-]*)",
    re.IGNORECASE,
)
_DIGIT_GROUPS: Final = re.compile(r"[A-Z0-9/-]{1,8}(?: [0-9/-]{1,10}){1,3}\s*$")
_NAMED: Final = re.compile(r"(?<!\w)(?:nr|no|n°|nº)[.:]?\s*(?=\w)", re.IGNORECASE)
_LONGEST: Final = 30
_BELOW: Final = 2  # rows under a heading
_RIGHT: Final = 2  # cells beside a label
_GENERIC: Final = frozenset({"datum", "date", "vom", "zum", "dated"})
_DAYS: Final = re.compile(r"(\d{1,3})\s*(?:dagen|jours|tage[n]?|days|d\b|j\b)", re.IGNORECASE)
_HEAD_PART: Final = 0.65  # of the first page, where it says what it is


def head_fields(lines: Sequence[Line], *, language: str | None) -> dict[str, Field]:
    """Number, dates, kind and references."""
    found = {"doc_type": _kind(lines), "invoice_number": _number(lines)}
    found |= _dates(lines, language=language)
    found |= _references(lines)
    number = found["invoice_number"]
    if not found["payment_reference"].value and number.value:
        # Where a page asks for nothing else, the number is what one writes.
        found["payment_reference"] = replace(number, label=None)
    return _said_twice(found)


def _said_twice(found: dict[str, Field]) -> dict[str, Field]:
    """A number that is also what to write when one pays has two witnesses."""
    number, reference = found["invoice_number"], found["payment_reference"]
    apart = (number.page, number.box) != (reference.page, reference.box)
    if number.value and number.value == reference.value and apart and number.label:
        checks = ("number = payment reference",)
        found["invoice_number"] = replace(number, verdict=Verdict.PROVEN, checks=checks)
    return found


def _kind(lines: Sequence[Line]) -> Field:
    """A credit note is called one in its head; German has one word for that and for self-billing."""
    heads = [line for line in lines if line.row.page == 1]
    heads = heads[: max(12, int(len(heads) * _HEAD_PART))]
    meanings = {meaning for _, _, label in _labels(lines) for meaning in label.meanings}
    for line, at, label in _labels(heads):
        if "credit" in label.meanings and label.start <= 1 and "self_billed" not in meanings:
            return _of("credit_note", line, at=at, label=label)
    for line, at, label in _labels(heads):
        if label.meanings & {"invoice", "number"}:
            return _of("invoice", line, at=at, label=label)
    return Field("invoice", Verdict.LIKELY)


def _of(value: str, line: Line, *, at: int, label: Label) -> Field:
    seen = Seen(value, line, at, label.start, label.end)
    return Field(value, Verdict.LIKELY, seen.page, seen.box, label.words)


def _number(lines: Sequence[Line]) -> Field:
    """What stands after the words for the number, else after the word for the document itself."""
    for meanings in ({"number"}, {"invoice", "credit"}, {"number_alone"}):
        for line, at, label in _labels(lines):
            if label.meanings & meanings:
                seen = _token_after(lines, line, at=at, label=label)
                if seen is not None:
                    return _token_field(seen, label)
    return ABSENT


def _references(lines: Sequence[Line]) -> dict[str, Field]:
    """The structured communication, which is also the reference; else what its words announce."""
    found = [
        Seen(value, line, at, start, end)
        for line in lines
        for at, cell in enumerate(line.row.cells)
        for value, start, end in communications_in(cell.text)
    ]
    values = {one.value.plain for one in found}
    if found:
        one = next((one for one in found if one.value.valid), found[0])
        sure = Verdict.PROVEN if len(values) == 1 else Verdict.LIKELY
        verdict = sure if one.value.valid else Verdict.UNPROVEN
        checks = ("mod 97",) if one.value.valid else ()
        field = Field(one.value.plain, verdict, one.page, one.box, None, checks)
        return {"structured_communication": field, "payment_reference": field}
    for line, at, label in _labels(lines):
        if "reference" in label.meanings:
            seen = _token_after(lines, line, at=at, label=label)
            if seen is not None:
                return {"payment_reference": _token_field(seen, label)}
    return {"payment_reference": ABSENT}


def _token_field(seen: Seen[str], label: Label) -> Field:
    return Field(seen.value, Verdict.LIKELY, seen.page, seen.box, label.words)


def _token_after(lines: Sequence[Line], line: Line, *, at: int, label: Label) -> Seen[str] | None:
    """The number after a label: in its cell, in the cells to the right, under it."""
    for place, cell, start in _places(lines, line, at=at, label=label):
        found = _token(place.row.cells[cell], start)
        if found is not None:
            return Seen(found[0], place, cell, found[1], found[2])
    return None


def _places(
    lines: Sequence[Line], line: Line, *, at: int, label: Label
) -> Iterator[tuple[Line, int, int]]:
    cells = line.row.cells
    yield line, at, label.end
    named = _NAMED.search(cells[at].text, label.end)
    if named:
        yield line, at, named.end()
    if re.search(r"\w", _after(line, at, label)):
        return
    for place in range(at + 1, min(at + 1 + _RIGHT, len(cells))):
        if line.labels[place] and line.labels[place][0].start == 0:
            break
        yield line, place, 0
    if label.start > 1 and not label.meanings & {"number", "number_alone"}:
        return
    box = cells[at].span(label.start, label.end)
    for other in lines[line.at + 1 : line.at + 1 + _BELOW]:
        for place, cell in enumerate(other.row.cells):
            near = cell.box.left < box.right and box.left < cell.box.right
            if near and other.row.page == line.row.page and not other.labels[place]:
                yield other, place, 0


def _after(line: Line, at: int, label: Label) -> str:
    """What stands in a cell between a label and the next one; headings may lie close together."""
    text = line.row.cells[at].text
    end = next((one.start for one in line.labels[at] if one.start >= label.end), len(text))
    return text[label.end : end]


def _token(cell: Cell, start: int) -> tuple[str, int, int] | None:
    """A word with a digit that begins there, and is neither a date, nor an account, nor longer than numbers are."""
    match = _TOKEN.match(cell.text, start)
    if match is None:
        return None
    begin, end = match.span("token")
    grouped = _DIGIT_GROUPS.match(cell.text, begin)
    if grouped:
        end = begin + len(grouped[0].rstrip())
    token = cell.text[begin:end].rstrip(".,;:/-")
    other = [*dates_in(cell.text), *ibans_in(cell.text)]
    taken = any(first <= begin < last for _, first, last in other)
    if taken or not any(one.isdigit() for one in token) or len(token) > _LONGEST:
        return None
    return token, begin, begin + len(token)


def _dates(lines: Sequence[Line], *, language: str | None) -> dict[str, Field]:
    turned = months_come_first(cell.text for line in lines for cell in line.row.cells)
    seen = [
        Seen(day, line, at, start, end, labels_of(lines, line, cell=at, start=start))
        for line in lines
        for at, cell in enumerate(line.row.cells)
        for day, start, end in dates_in(cell.text)
    ]
    issued = max(seen, key=_speaks_for_issue, default=None)
    if issued is not None and _speaks_for_issue(issued) < 0:
        issued = None
    dues = [one for one in seen if _says(one, "due_date")]
    due = max(dues, key=lambda one: len(one.near[0].words), default=None)
    doubt = language == "en" and not turned
    fields = {
        "issue_date": _date_field(issued, turned=turned),
        "due_date": _date_field(due, turned=turned),
    }
    clear = not any(one and one.value.turned and doubt for one in (issued, due))
    return _kept_term(lines, fields) if clear else fields


def _kept_term(lines: Sequence[Line], fields: dict[str, Field]) -> dict[str, Field]:
    """Both dates proven when the page names the days between them."""
    issued, due = (_on(fields[key]) for key in ("issue_date", "due_date"))
    if issued is None or due is None or not fields["issue_date"].label:
        return fields
    days = {int(match[1]) for line in lines for match in _DAYS.finditer(line.row.text)}
    if (due - issued) / timedelta(days=1) not in days or due == issued:
        return fields
    checks = ("date + term = due date",)
    return {key: replace(one, verdict=Verdict.PROVEN, checks=checks) for key, one in fields.items()}


def _on(field: Field) -> date | None:
    return date.fromisoformat(field.value) if isinstance(field.value, str) else None


def _speaks_for_issue(one: Seen[Day]) -> int:
    """How much speaks for a date to be that of the document; less than nothing for another one's."""
    if not one.near:
        return 1 if one.page == 1 and one.line.at < 25 else 0
    label = one.near[0]
    if "issue_date" in label.meanings:
        return 3 if label.words in _GENERIC else 9
    if label.meanings & {"number", "invoice", "credit"}:
        return 4
    return -1 if label.meanings & {"due_date", "other_date", "other_number", "days"} else 0


def _says(one: Seen[Day], meaning: str) -> bool:
    return bool(one.near) and meaning in one.near[0].meanings


def _date_field(one: Seen[Day] | None, *, turned: bool) -> Field:
    if one is None:
        return ABSENT
    on = one.value.turned if turned and one.value.turned else one.value.on
    others = (one.value.turned.isoformat(),) if one.value.turned and not turned else ()
    return Field(on.isoformat(), Verdict.LIKELY, one.page, one.box, one.word, (), others)


def _labels(lines: Sequence[Line]) -> Iterator[tuple[Line, int, Label]]:
    for line in lines:
        for at, labels in enumerate(line.labels):
            for label in labels:
                yield line, at, label
