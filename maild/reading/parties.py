"""Whose invoice it is: the supplier's numbers, accounts and name, told from the customer's.

Pure. The customer's own numbers come from the configuration and are taken away first; what is left is
told apart by its words: a line with "uw", "votre", "Ihre", "your" is never the supplier's, one beside a
register or an account is (purchase_reading.md A3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from maild.model.figures import ABSENT, Field, Verdict
from maild.reading.identifiers import (
    Found,
    Number,
    ibans_in,
    register_numbers_in,
    vat_numbers_in,
)
from maild.reading.labels import Label
from maild.reading.owner import Own
from maild.reading.rows import Piece
from maild.reading.seen import Line, Seen, column_labels

_SIGNS: Final = frozenset({"enterprise", "iban", "seller"})
_BLOCK: Final = 8  # rows of an address
_LEAD: Final = 3  # of weight, by which the supplier's number must lead
_NEAR: Final = 2  # rows
_DIGITS: Final = re.compile(r"(?:\d\D{0,3}){7}")  # the least that such a number has
_BEFORE: Final = 40  # characters between a word and the number of which it tells


def supplier_fields(lines: Sequence[Line], own: Own) -> dict[str, Field]:
    """The supplier's VAT number, register number and accounts."""
    accounts = [one for one in _seen(lines, ibans_in) if not own.has(one.value.plain)]
    accounts = [one for one in accounts if not is_customers(lines, one)]
    countries = {one.value.country for one in accounts}
    numbers = _without_accounts(_seen(lines, vat_numbers_in), accounts)
    vat = _supplier_vat(lines, numbers, own=own, countries=countries)
    return {
        "supplier_vat": vat,
        "supplier_enterprise_no": _register(lines, vat),
        "iban": _accounts(accounts, collected=_is_collected(lines)),
    }


def is_customers(lines: Sequence[Line], one: Seen[Number]) -> bool:
    """Whether the words before a number, or over its block, say that it is the customer's."""
    before = [label for label in one.line.labels[one.cell] if 0 <= one.start - label.end < _BEFORE]
    if not before and one.cell:
        before = list(one.line.labels[one.cell - 1])
    above = column_labels(lines, one.line, one.cell)[:2] if not before else ()
    if any("customer" in label.meanings for label in (*before, *above)):
        return True
    if any("collected" in label.meanings for line in _around(lines, one) for label in _all(line)):
        return not any(label.meanings & {"enterprise", "vat_id"} for label in _all(one.line))
    return block_says(lines, one.line, one.cell) == "customer"


def block_says(lines: Sequence[Line], line: Line, cell: int) -> str | None:
    """Whose block of rows a cell stands in: what heads it says "customer" or "seller", or nothing."""
    for text, labels in block(lines, line, cell):
        for label in labels:
            alone = not any(char.isalnum() for char in text[: label.start] + text[label.end :])
            if alone and label.meanings & {"customer", "seller"}:
                return "seller" if "seller" in label.meanings else "customer"
    return None


def block(lines: Sequence[Line], line: Line, cell: int) -> Iterator[tuple[str, tuple[Label, ...]]]:
    """The cells above one that begin where it begins, without a gap: the rows of an address."""
    box: Piece = line.row.cells[cell].box
    for other in reversed(lines[max(0, line.at - _BLOCK) : line.at]):
        if (
            other.row.page != line.row.page
            or box.top - other.row.cells[0].box.bottom > box.height * 1.3
        ):
            return
        for at, one in enumerate(other.row.cells):
            if abs(one.box.left - box.left) < box.height:
                yield one.text, other.labels[at]
                box = one.box
                break


def is_of_customer(lines: Sequence[Line], line: Line, cell: int) -> bool:
    """Whether what stands under a cell, in its block of rows, is called a number of the customer's."""
    box: Piece = line.row.cells[cell].box
    for other in lines[line.at + 1 : line.at + 1 + _BLOCK]:
        if other.row.page != line.row.page or other.row.middle - box.middle > box.height * 2.3:
            return False
        for at, one in enumerate(other.row.cells):
            if abs(one.box.left - box.left) < box.height:
                told = {meaning for label in other.labels[at] for meaning in label.meanings}
                if "customer" in told and any(vat_numbers_in(one.text)):
                    return True
                box = one.box
                break
    return False


def _supplier_vat(
    lines: Sequence[Line],
    numbers: Sequence[Seen[Number]],
    *,
    own: Own,
    countries: set[str],
) -> Field:
    """The number for which most speaks; proven when its check holds and no other comes near."""
    foreign = [one for one in numbers if not own.has(one.value.plain)]
    ours = {one.value.plain for one in foreign if is_customers(lines, one)}
    weights: dict[str, int] = {}
    best: dict[str, Seen[Number]] = {}
    for one in foreign:
        plain = one.value.plain
        if plain in ours:
            continue
        weight = _weight(lines, one, countries=countries)
        if weight > weights.get(plain, -1):
            weights[plain], best[plain] = weight, one
    if not best:
        return ABSENT
    order = sorted(best, key=lambda plain: -weights[plain])
    chosen, rest = order[0], order[1:]
    lead = weights[chosen] - max((weights[plain] for plain in rest), default=-_LEAD)
    told = bool(ours) or len(foreign) < len(numbers) or _is_signed(lines, best[chosen])
    sure = lead >= _LEAD and told and _is_strong(best[chosen].value, countries)
    return _number_field(best[chosen], sure=sure, others=tuple(rest[:4]))


def _number_field(one: Seen[Number], *, sure: bool, others: tuple[str, ...] = ()) -> Field:
    verdict = Verdict.PROVEN if sure else Verdict.LIKELY
    verdict = verdict if one.value.valid else Verdict.UNPROVEN
    checks = ("check digits",) if one.value.valid else ()
    return Field(one.value.plain, verdict, one.page, one.box, _word(one), checks, others)


def _is_strong(number: Number, countries: set[str]) -> bool:
    """A Dutch number lets one in ten pass, so that an account of that country must back it."""
    return number.country != "NL" or "NL" in countries


def _weight(lines: Sequence[Line], one: Seen[Number], *, countries: set[str]) -> int:
    weight = 3 if one.value.valid else 0
    weight += 2 if any(label.meanings & {"vat_id"} for label in _all(one.line)) else 0
    weight += 3 if _is_signed(lines, one) else 0
    weight += 1 if one.value.country in countries else 0
    weight += 4 if block_says(lines, one.line, one.cell) == "seller" else 0
    return weight


def _is_signed(lines: Sequence[Line], one: Seen[Number]) -> bool:
    """Whether a register or an account stands beside it: what a supplier prints of himself."""
    if any(label.meanings & _SIGNS for label in _all(one.line)):
        return True
    near = [line for line in _around(lines, one) if line is not one.line]
    return any(
        label.meanings & {"iban", "enterprise"}
        for line in near
        for at, labels in enumerate(line.labels)
        for label in labels
        if abs(line.row.cells[at].box.left - one.piece.left) < 200
    )


def _is_collected(lines: Sequence[Line]) -> bool:
    """Whether the page speaks of a direct debit, where an account may be the customer's."""
    return any("collected" in label.meanings for line in lines for label in _all(line))


def _accounts(accounts: Sequence[Seen[Number]], *, collected: bool) -> Field:
    """All accounts of the supplier, in the order of the page."""
    first = {one.value.plain: one for one in reversed(accounts)}
    if not first:
        return ABSENT
    plain = tuple(dict.fromkeys(one.value.plain for one in accounts))
    valid = all(one.value.valid for one in accounts)
    sure = Verdict.LIKELY if collected else Verdict.PROVEN
    one = first[plain[0]]
    verdict = sure if valid else Verdict.UNPROVEN
    checks = ("check digits",) if valid else ()
    return Field(plain, verdict, one.page, one.box, _word(one), checks)


def _register(lines: Sequence[Line], vat: Field) -> Field:
    """The Belgian enterprise number, which is that of the VAT; else what stands after the word for one."""
    if isinstance(vat.value, str) and vat.value.startswith("BE") and len(vat.value) == 12:
        return Field(vat.value[2:], vat.verdict, vat.page, vat.box, vat.label, vat.checks)
    for one in _seen(lines, register_numbers_in):
        before = [label for label in one.line.labels[one.cell] if label.end <= one.start]
        if not before and one.cell:
            before = list(one.line.labels[one.cell - 1])
        after = [label for label in one.line.labels[one.cell] if label.start >= one.end]
        named = [label for label in (*before[-1:], *after[:1]) if "enterprise" in label.meanings]
        if named and not is_customers(lines, one):
            verdict = Verdict.LIKELY if one.value.valid else Verdict.UNPROVEN
            return Field(one.value.plain, verdict, one.page, one.box, named[0].words)
    return ABSENT


def _without_accounts(
    numbers: Sequence[Seen[Number]], accounts: Sequence[Seen[Number]]
) -> list[Seen[Number]]:
    """VAT numbers that are no piece of an account: "DE08 7009 0100 1234" begins as one."""
    taken = {(one.line.at, one.cell): (one.start, one.end) for one in accounts}

    def within(one: Seen[Number]) -> bool:
        start, end = taken.get((one.line.at, one.cell), (0, 0))
        return start <= one.start < end

    return [one for one in numbers if not within(one)]


def _seen(lines: Sequence[Line], find: Callable[[str], Found]) -> list[Seen[Number]]:
    return [
        Seen(value, line, at, start, end)
        for line in lines
        for at, cell in enumerate(line.row.cells)
        if _DIGITS.search(cell.text)
        for value, start, end in find(cell.text)
    ]


def _around(lines: Sequence[Line], one: Seen[Number]) -> Sequence[Line]:
    at = one.line.at
    near = lines[max(0, at - _NEAR) : at + _NEAR + 1]
    return [line for line in near if line.row.page == one.page]


def _all(line: Line) -> Iterator[Label]:
    return (label for labels in line.labels for label in labels)


def _word(one: Seen[Number]) -> str | None:
    before = [label for label in one.line.labels[one.cell] if label.end <= one.start]
    return before[-1].words if before else None
