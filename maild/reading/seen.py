"""What was seen on the pages, before anyone says what it means: a value, its place, the words before it.

Pure. The values are found by `amounts`, `dates` and `identifiers`; their labels are looked for here: in
the cell, in the cells to the left, in the cells above in the same column (purchase_reading.md A3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from maild.model.figures import Box
from maild.reading.labels import Label, Labels
from maild.reading.rows import Cell, Piece, Row, Sheet
from maild.reading.wrapped import joined

V = TypeVar("V")
# Cells above a value in which its label is looked for, and cells to its left.
_ABOVE: Final = 3
_LEFT: Final = 3
_FAR_ABOVE: Final = 60  # points: a heading is near its column's first value


@dataclass(frozen=True, slots=True)
class Line:
    """A row with the labels of each of its cells; `at` is its index in the document."""

    at: int
    row: Row
    labels: tuple[tuple[Label, ...], ...]


@dataclass(frozen=True, slots=True)
class Seen(Generic[V]):
    """A value where it stands; `near` are the labels before it, the nearest first.

    `beside` tells whether the first of them stands in its row, not above.
    """

    value: V
    line: Line
    cell: int
    start: int
    end: int
    near: tuple[Label, ...] = ()
    beside: bool = False

    @property
    def piece(self) -> Piece:
        """Its print and the box around it."""
        return self.line.row.cells[self.cell].span(self.start, self.end)

    @property
    def page(self) -> int:
        """Its page, from 1."""
        return self.line.row.page

    @property
    def box(self) -> Box:
        """Its box, in whole tenths of a point."""
        one = self.piece
        return (round(one.left, 1), round(one.top, 1), round(one.right, 1), round(one.bottom, 1))

    def means(self, meaning: str) -> bool:
        """Whether the nearest label can mean that."""
        return bool(self.near) and meaning in self.near[0].meanings

    @property
    def word(self) -> str | None:
        """The nearest label's words."""
        return self.near[0].words if self.near else None


def lines_of(sheets: Iterable[Sheet], labels: Labels) -> list[Line]:
    """All rows of a document, with their labels."""
    rows = [row for sheet in sheets for row in sheet.rows]
    found = [tuple(labels.found_in(cell.text) for cell in row.cells) for row in rows]
    whole = joined(rows, found, labels)
    return [Line(at, row, told) for at, (row, told) in enumerate(zip(rows, whole, strict=True))]


def labels_of(lines: Sequence[Line], line: Line, *, cell: int, start: int) -> tuple[Label, ...]:
    """The labels before a value: in its cell, else in the row to the left, else above it."""
    own = [one for one in line.labels[cell] if one.end <= start]
    return tuple(reversed(own)) or (*_to_the_left(line, cell), *_above(lines, line, cell))


def row_labels(line: Line, *, cell: int, start: int) -> tuple[Label, ...]:
    """The labels before a value in its own row."""
    own = [one for one in line.labels[cell] if one.end <= start]
    return tuple(reversed(own)) or tuple(_to_the_left(line, cell))


def column_labels(lines: Sequence[Line], line: Line, cell: int) -> tuple[Label, ...]:
    """The labels above a value in its column, whatever stands to its left."""
    return tuple(_above(lines, line, cell))


def _to_the_left(line: Line, cell: int) -> Iterator[Label]:
    for at in range(cell - 1, max(cell - 1 - _LEFT, -1), -1):
        if line.labels[at]:
            yield from reversed(line.labels[at])
            return


def _above(lines: Sequence[Line], line: Line, cell: int) -> Iterator[Label]:
    """What heads the column: the first cells above it that have labels, no value's row between."""
    box = line.row.cells[cell].box
    for at in range(line.at - 1, max(line.at - 1 - _ABOVE, -1), -1):
        other = lines[at]
        if other.row.page != line.row.page or box.top - other.row.middle > _FAR_ABOVE:
            return
        for place, one in enumerate(other.row.cells):
            if other.labels[place] and _share_column(one, box):
                yield from _nearest(one, other.labels[place], box)
                return


def _share_column(cell: Cell, box: Piece) -> bool:
    return cell.box.left < box.right and box.left < cell.box.right


def _nearest(cell: Cell, labels: Sequence[Label], box: Piece) -> list[Label]:
    """The labels of a heading, that which stands straight above first: a cell may hold two headings."""
    middle = (box.left + box.right) / 2

    def distance(label: Label) -> float:
        span = cell.span(label.start, label.end)
        return max(span.left - middle, middle - span.right, 0.0)

    return sorted(labels, key=distance)
