"""Pages that charge no VAT: the reason that they print, and their total beside the supplier's memory.

Pure. Nothing adds up on such a page, so that its total is proven in one of two ways: it prints words of no VAT
(`maild.reading.totals`), or it looks as it did on a page that a person confirmed without VAT. Then the total
stands after the same word in the same column, and nothing on the page speaks of VAT that is charged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from maild.model.figures import ABSENT, Field, Verdict
from maild.model.supplier import Sign
from maild.reading.amounts import Money
from maild.reading.labels import Label
from maild.reading.seen import Line, Seen
from maild.reading.solve import Solution
from maild.reading.totals import (
    ENOUGH,
    Printed,
    printed,
    rates_in,
    solved,
    speaks_against,
    stated,
)

REASON: Final = "exemption_reason"
TOTAL: Final = "gross_total"
SIDE: Final = 12.0  # points by which a column of amounts may have moved
_LONGEST: Final = 200  # characters, of a reason
_MOST_ROWS: Final = 3
# Deliveries to other countries are untaxed for reasons of their own, whatever else is said of them.
_ABROAD: Final = re.compile(
    r"intra-?\s?(com|gem)|export|uitvoer|ausfuhr|\bart(ikel|icle|\.)?\s?(39|138|146)(\s?(bis|ter))?\b|tabel ii\b",
    re.IGNORECASE,
)


def reason_of(lines: Sequence[Line]) -> Field:
    """Why the supplier charges no VAT, in the words of the page; absent where another cause is printed too."""
    told = list(dict.fromkeys(_cells(lines, "exempt")))[:_MOST_ROWS]
    text = " ".join(lines[at].row.cells[place].text.strip() for at, place in told)[:_LONGEST]
    if not told or is_reverse(lines) or _ABROAD.search(text):
        return ABSENT
    at, place = told[0]
    label = next(one for one in lines[at].labels[place] if "exempt" in one.meanings)
    seen = Seen(text, lines[at], place, label.start, label.end)
    return Field(text, Verdict.LIKELY, seen.page, seen.box, label.words)


def is_reverse(lines: Sequence[Line]) -> bool:
    """Whether words stand there of VAT that somebody else owes, or that is not due for another cause."""
    return any(True for _ in _cells(lines, "reverse"))


def remembered_reason(field: Field, signs: Sequence[Sign], lines: Sequence[Line]) -> Field | None:
    """The reason that a person confirmed last, when the page prints what it printed then; else None.

    `field` is what the page prints.
    """
    if not signs or is_reverse(lines) or signs[0].label != field.value:
        return None
    words = signs[0].pattern
    if words == field.value:
        return field
    return Field(words, Verdict.LIKELY) if words else ABSENT


def remembered_total(lines: Sequence[Line], signs: Sequence[Sign]) -> dict[str, Field]:
    """The totals of a page without VAT that looks as one which a person confirmed; empty when it does not."""
    money = printed(lines)
    found = {one.value.cents for one in money.amounts if _is_there(one, signs)}
    if len(found) != 1 or _shows_vat(lines, money) or len(money.currencies) > 1:
        return {}
    [gross] = found
    best = Solution(gross, 0, gross, (), gross)
    places = [one for one in money.amounts if one.value.cents == gross]
    marked = any(one.value.currency for one in places) or not money.currencies
    against = any(speaks_against(one, best, money) for one in money.after("gross", "due", "net"))
    if not gross or not marked or against or _is_passed(money, signs, gross=gross):
        return {}
    return stated(lines, money, best, sure=False)


def signs_without_vat(said: Mapping[str, str], lines: Sequence[Line]) -> Iterator[Sign]:
    """How total and reason look on a page that a person confirmed; nothing of one that charges VAT."""
    net, vat, gross = (said.get(key) for key in ("net_total", "vat_total", TOTAL))
    if not (net and vat and gross) or Decimal(vat) or Decimal(net) != Decimal(gross):
        return
    cents = int(abs(Decimal(gross)) * 100)
    named = [one for one in printed(lines).amounts if abs(one.value.cents) == cents and one.near]
    total = [one for one in named if "gross" in one.near[0].meanings]
    total = total or [one for one in named if "due" in one.near[0].meanings]
    if total:
        left, top, right, _ = total[-1].box
        yield Sign(TOTAL, total[-1].word, total[-1].page, left, top, right, "")
    reason = reason_of(lines)
    left, top, right, _ = reason.box or (0.0, 0.0, 0.0, 0.0)
    text = reason.value if isinstance(reason.value, str) else None
    yield Sign(REASON, text, reason.page or 0, left, top, right, said.get(REASON, ""))


def _cells(lines: Sequence[Line], meaning: str) -> Iterator[tuple[int, int]]:
    """Where words of that meaning stand: line and cell."""
    for line in lines:
        for place, labels in enumerate(line.labels):
            if any(meaning in one.meanings for one in labels):
                yield line.at, place


def _is_there(one: Seen[Money], signs: Sequence[Sign]) -> bool:
    """Whether an amount stands after the word and in the column of a sign; how far down depends on the lines."""
    return any(one.word == sign.label and _in_column(one, sign) for sign in signs if sign.label)


def _in_column(one: Seen[Money], sign: Sign) -> bool:
    left, _, right, _ = one.box
    return min(abs(left - sign.left), abs(right - sign.right)) <= SIDE


def _is_passed(money: Printed, signs: Sequence[Sign], *, gross: int) -> bool:
    """Whether a larger amount stands in the column of the total, which then is not that of all."""
    column = [one for one in money.amounts if any(_in_column(one, sign) for sign in signs)]
    return any(abs(one.value.cents) > abs(gross) for one in column)


def _shows_vat(lines: Sequence[Line], money: Printed) -> bool:
    """Whether the page speaks of VAT that is charged: an amount of it, a rate beside an amount, or totals with it."""
    if any(one.value.cents and _says(one.near, "vat") for one in money.amounts):
        return True
    rows = {one.line.at for one in money.amounts}
    rows |= {at for at, _ in _cells(lines, "vat")}
    if any(rate and not held.isdisjoint(rows) for rate, held in rates_in(lines).items()):
        return True
    solutions, whole = solved(lines, money)
    return not whole or any(one.vat and one.weight >= ENOUGH for one in solutions)


def _says(labels: Sequence[Label], meaning: str) -> bool:
    return any(meaning in one.meanings for one in labels)
