"""The supplier's name as the page prints it: a line with a legal form, by where it stands.

Pure. The weak field: nothing on a page proves a name, so that it is likely at most until a person has
confirmed which name belongs to a VAT number (purchase_reading.md A3).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from maild.model.figures import ABSENT, Field, Verdict
from maild.reading.labels import Label
from maild.reading.owner import Own
from maild.reading.parties import block, block_says, is_of_customer
from maild.reading.seen import Line, Seen

_FORM: Final = re.compile(
    r"(?<![\w.])(?:B\.?V\.?B\.?A\.?|B\.?V\.?|N\.?V\.?|S\.?R\.?L\.?|S\.?P\.?R\.?L\.?|S\.?A\.?R\.?L\.?|S\.?A\.?S\.?U?"
    r"|S\.?A\.?|S\.?C\.?R\.?L\.?|SNC|SCS|EURL|ASBL|VZW|VOF|V\.O\.F\.|Comm\.?V|CV|(?:GmbH|GMBH)(?: ?& ?Co\.? ?KG)?|AG|KG|UG|OHG"
    r"|GbR|e\.? ?K\.|e\.? ?V\.|a\.? ?G\.|eG|SE|Ltd\.?|Limited|LLC|Inc\.?|PLC|LLP|Corp\.?|Oy|AB|A/S|ApS)(?![\w])"
)
_PARTS: Final = re.compile(r"\s+[-–—·•|●]\s*|\s*[·•|●]\s*|,\s(?!Inc|LLC|Ltd)|;\s|:\s+")
_LETTERS: Final = re.compile(r"[^\W\d_]{2}")
_CONTACT: Final = re.compile(r"@|www\.|https?:|\d{4}")
_TOP: Final = 3  # rows
_LONGEST: Final = 80


def name_field(lines: Sequence[Line], *, own: Own, numbers: frozenset[str]) -> Field:
    """The name for which most speaks. `numbers` are the supplier's: its line often names it."""
    homes = [line for line in lines if any(one in _plain(line.row.text) for one in numbers)]
    parts = list(_candidates(lines, own=own))
    counted = Counter(_key(part) for _, _, part, _ in parts)
    best, weight = None, 0
    for line, at, part, start in parts:
        weighed = _weight(lines, line, at, homes=homes) + min(counted[_key(part)] - 1, 2)
        if weighed > weight:
            best, weight = Seen(part, line, at, start, start + len(part)), weighed
    if best is None:
        return _first_line(lines, own=own) or _head_of_block(lines, homes, numbers) or ABSENT
    return Field(best.value, Verdict.LIKELY, best.page, best.box)


def _candidates(lines: Sequence[Line], *, own: Own) -> Iterator[tuple[Line, int, str, int]]:
    """Each part of a cell that ends in a legal form."""
    for line in lines:
        for at, cell in enumerate(line.row.cells):
            start = 0
            for part in _PARTS.split(cell.text):
                begins = cell.text.find(part, start)
                start = begins + len(part)
                form = _FORM.search(part)
                named = part[: form.end()].strip() if form else ""
                alone = form is not None and not part[form.end() :].strip(" .)(")
                whole = named and (alone or len(part[form.end() :]) < 40 if form else False)
                if whole and _is_name(named, form_at=form.start() if form else 0, own=own):
                    yield line, at, named, begins


def _is_name(named: str, *, form_at: int, own: Own) -> bool:
    before = named[:form_at].strip()
    return (
        1 < len(before) <= _LONGEST
        and before[0].isupper() | before[0].isdigit()
        and _LETTERS.search(before) is not None
        and _key(named) not in {_key(one) for one in own.names}
    )


def _weight(lines: Sequence[Line], line: Line, at: int, *, homes: Sequence[Line]) -> int:
    said = block_says(lines, line, at)
    own_labels = {meaning for one in line.labels[at] for meaning in one.meanings}
    if said == "customer" or "customer" in own_labels or is_of_customer(lines, line, at):
        return 0
    near = min((abs(home.at - line.at) for home in homes if _same_page(home, line)), default=99)
    weight = 2 + (4 if near == 0 else 2 if near <= 5 else 0)
    weight += 3 if line.at < _TOP else 0
    weight += 5 if said == "seller" or "seller" in own_labels else 0
    return weight + (1 if line.row.page == 1 else 0)


def _same_page(one: Line, other: Line) -> bool:
    return one.row.page == other.row.page


def _first_line(lines: Sequence[Line], *, own: Own) -> Field | None:
    """What stands at the top, when no line has a legal form: most suppliers begin with their name."""
    for line in lines[:6]:
        for at, cell in enumerate(line.row.cells[:2]):
            text = _PARTS.split(cell.text)[0].strip()
            if _may_be_name(text, line.labels[at]) and _key(text) not in map(_key, own.names):
                if block_says(lines, line, at) == "customer" or is_of_customer(lines, line, at):
                    continue
                return _named(text, line, at)
    return None


def _head_of_block(
    lines: Sequence[Line], homes: Sequence[Line], numbers: frozenset[str]
) -> Field | None:
    """The first row of the address in which the supplier's number stands, in its foot for example."""
    for home in homes:
        for at, cell in enumerate(home.row.cells):
            if any(one in _plain(cell.text) for one in numbers):
                rows = list(block(lines, home, at))
                if rows and _may_be_name(rows[-1][0], rows[-1][1]):
                    place = _place_of(lines, home, rows[-1][0])
                    return _named(rows[-1][0], *place) if place else None
    return None


def _place_of(lines: Sequence[Line], home: Line, text: str) -> tuple[Line, int] | None:
    """Where a text stands last before a row."""
    for line in reversed(lines[: home.at]):
        for at, cell in enumerate(line.row.cells):
            if cell.text == text:
                return line, at
    return None


def _may_be_name(text: str, labels: Sequence[Label]) -> bool:
    plain = _LETTERS.search(text) and not labels and not _CONTACT.search(text)
    return bool(plain) and len(text) <= _LONGEST


def _named(text: str, line: Line, at: int) -> Field:
    seen = Seen(text, line, at, 0, len(text))
    return Field(text, Verdict.LIKELY, seen.page, seen.box)


def _plain(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z]", "", text).upper()


def _key(name: str) -> str:
    return re.sub(r"\W", "", name).casefold()
