"""Pieces of print that lie on a page, put back into words, rows and cells by where they lie.

Pure, and the same for the characters of a PDF and for the boxes that OCR gives. Nothing is taken from
the order in which the pieces come: the order of a PDF's text is not that of reading
(purchase_reading.md A1). What a row means is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

# In heights of the print. A blank is about a quarter of a size, and a loose box is a little higher
# than the size; between columns there is more than a word's distance.
_BLANK: Final = 0.2
_COLUMN: Final = 0.85
_LEAST: Final = 1.0  # points; print of no height is still somewhere


class Piece(NamedTuple):
    """A text and its box, in points from the top left of the page as it is read."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """How high the box is, at least a point."""
        return max(self.bottom - self.top, _LEAST)

    @property
    def middle(self) -> float:
        """The height on the page at which the middle of the box lies."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Row:
    """A printed row: its cells from left to right. `page` counts from 1."""

    page: int
    cells: tuple[Cell, ...]

    @property
    def text(self) -> str:
        """The cells, with three blanks between them."""
        return "   ".join(one.text for one in self.cells)

    @property
    def middle(self) -> float:
        """The height on the page at which the row lies."""
        return self.cells[0].box.middle


@dataclass(frozen=True, slots=True)
class Cell:
    """Words that stand close together in a row; `starts` says where in the text each begins."""

    text: str
    words: tuple[Piece, ...]
    starts: tuple[int, ...]

    @property
    def box(self) -> Piece:
        """The box around the words."""
        return around(self.words)

    def span(self, start: int, end: int) -> Piece:
        """The box around the words that hold those characters of the text."""
        told = zip(self.words, self.starts, strict=True)
        held = [one for one, at in told if at < end and at + len(one.text) > start]
        return around(held or self.words)


class Source(StrEnum):
    """Where the rows of a page come from: its text, its looks, or nowhere since it is a picture."""

    TEXT = "text"
    PICTURE = "picture"
    OCR = "ocr"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its number from 1, its size in points, its rows from top to bottom.

    `faint` are the words of a picture that may be misread.
    """

    number: int
    width: float
    height: float
    rows: tuple[Row, ...]
    source: Source = Source.TEXT
    faint: tuple[Piece, ...] = ()


def around(pieces: Sequence[Piece]) -> Piece:
    """The pieces as one, a blank between their texts."""
    if len(pieces) == 1:
        return pieces[0]
    texts, lefts, tops, rights, bottoms = zip(*pieces, strict=True)
    return Piece(" ".join(texts), min(lefts), min(tops), max(rights), max(bottoms))


def words_of(characters: Iterable[Piece]) -> list[Piece]:
    """Characters, blanks among them, as words; row by row, each row from left to right."""
    return [word for row in in_rows(characters) for word in _words(row)]


def rows_of(words: Iterable[Piece], *, page: int) -> tuple[Row, ...]:
    """Words (or what OCR took for a word or a line) as rows from top to bottom."""
    return tuple(Row(page, tuple(_cells(row))) for row in in_rows(words))


def in_rows(pieces: Iterable[Piece]) -> list[list[Piece]]:
    """Pieces whose middles lie within half a height of each other, from left to right."""
    rows: list[list[Piece]] = []
    top, reach = -1e9, 0.0
    for one in sorted(pieces, key=_depth):
        middle, height = (one.top + one.bottom) / 2, one.bottom - one.top
        if rows and middle - top <= max(min(height, reach), _LEAST) / 2:
            rows[-1].append(one)
            continue
        rows.append([one])
        top, reach = middle, height
    for row in rows:
        row.sort(key=_left)
    return rows


def _words(row: Sequence[Piece]) -> list[Piece]:
    words: list[Piece] = []
    held: list[Piece] = []
    for one in row:
        if held and _is_double(held[-1], one):
            continue
        blank = one.text.isspace()
        if held and (blank or one.left - held[-1].right > _BLANK * one.height):
            words.append(_word(held))
            held = []
        if not blank:
            held.append(one)
    return [*words, _word(held)] if held else words


def _is_double(one: Piece, other: Piece) -> bool:
    """Whether it is the same character once more on the same place: how some programs make bold."""
    return (
        one.text == other.text
        and other.left - one.left < max(one.right - one.left, _LEAST / 2) * 0.4
    )


def _word(held: Sequence[Piece]) -> Piece:
    texts, lefts, tops, rights, bottoms = zip(*held, strict=True)
    return Piece("".join(texts), min(lefts), min(tops), max(rights), max(bottoms))


def _depth(piece: Piece) -> float:
    return piece.top + piece.bottom


def _left(piece: Piece) -> float:
    return piece.left


def _cells(row: Sequence[Piece]) -> list[Cell]:
    groups = [[row[0]]]
    for before, one in pairwise(row):
        if one.left - before.right > _COLUMN * min(before.height, one.height):
            groups.append([])
        groups[-1].append(one)
    return [_cell(group) for group in groups]


def _cell(words: Sequence[Piece]) -> Cell:
    starts, at = [], 0
    for one in words:
        starts.append(at)
        at += len(one.text) + 1
    return Cell(" ".join(one.text for one in words), tuple(words), tuple(starts))
