"""Labels that a narrow column broke over two rows: "Date de" over "facturation:", its value beside the first.

Pure. Two rows of a table look much the same, so that a pair counts only where the lower cell is nothing but
the rest of the label, and nothing of its own stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from maild.reading.labels import Label, Labels
from maild.reading.rows import Cell, Row

_BELOW: Final = 3  # rows: those of other columns may lie between
_LINE: Final = 1.7  # heights from the middle of a row to that of the next one in its cell
_LONGEST: Final = 40  # characters

_Found = tuple[tuple[Label, ...], ...]


def joined(rows: Sequence[Row], found: list[_Found], labels: Labels) -> list[_Found]:
    """The labels of all cells, broken ones whole in their upper cell and gone from their lower one."""
    told = [list(one) for one in found]
    for at, row in enumerate(rows):
        for place in range(len(row.cells) - 1):
            lower = _rest_of(rows, at, place)
            if lower is None or found[at][place + 1]:
                continue
            whole = _whole(row.cells[place], rows[lower[0]].cells[lower[1]], labels)
            if whole is not None:
                kept = [one for one in told[at][place] if one.end <= whole.start]
                told[at][place] = (*kept, whole)
                told[lower[0]][lower[1]] = ()
    return [tuple(one) for one in told]


def _rest_of(rows: Sequence[Row], at: int, place: int) -> tuple[int, int] | None:
    """The cell right under one that begins where it begins, unless it begins a row of the same table."""
    cell, value = rows[at].cells[place], rows[at].cells[place + 1].box
    box = cell.box
    if len(cell.text) > _LONGEST:
        return None
    for below, other, one in _under(rows, at):
        held = rows[below].cells[other].box
        if held.middle - box.middle > _LINE * box.height:
            return None
        if abs(held.left - box.left) < box.height / 4 and held.middle - box.middle > box.height / 2:
            after = rows[below].cells[other + 1].box if other + 1 < len(rows[below].cells) else None
            beside = after and after.left < value.right and value.left < after.right
            return None if beside or len(one.text) > _LONGEST else (below, other)
    return None


def _under(rows: Sequence[Row], at: int) -> Iterator[tuple[int, int, Cell]]:
    for below in range(at + 1, min(at + 1 + _BELOW, len(rows))):
        if rows[below].page != rows[at].page:
            return
        for place, one in enumerate(rows[below].cells):
            yield below, place, one


def _whole(upper: Cell, lower: Cell, labels: Labels) -> Label | None:
    """The label that begins in the upper text and ends with the lower one."""
    text = f"{upper.text} {lower.text}"
    for one in labels.found_in(text):
        rest = text[one.end :]
        if one.start < len(upper.text) < one.end and not any(char.isalnum() for char in rest):
            return replace(one, end=len(upper.text))
    return None
