"""Small pictures of numbers as inline SVG: no script, no inline style, and words for who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

_WIDE, _HIGH, _GAP = 4, 24, 1
# What is put into a Markup by its `format` is escaped.
_HEAD: Final = Markup(
    '<svg class="bars" viewBox="0 0 {width} {high}" role="img" aria-label="{label}">'
)
_BAR: Final = Markup('<rect x="{x}" y="{y}" width="{wide}" height="{high}"/>')
_TAIL: Final = Markup("</svg>")
_WIDER, _HIGHER = 20, 120
_STACK: Final = Markup(
    '<svg class="stacked" viewBox="0 0 {width} {high}" role="img" aria-label="{label}"'
    ' preserveAspectRatio="none">'
)
_GROUP: Final = Markup("<g><title>{title}</title>{parts}</g>")
_PART: Final = Markup('<rect class="{name}" x="{x}" y="{y}" width="{wide}" height="{high}"/>')
_LEAST: Final = 2  # a day with one document is seen beside one with a hundred


@dataclass(frozen=True, slots=True)
class Column:
    """A day of a stacked picture: what it says, and its parts by the class that colours them."""

    title: str
    parts: Mapping[str, int]


def bars(counts: Sequence[int], *, label: str) -> Markup:
    """A bar a day, the highest as high as the picture; days without anything are a thin line."""
    top = max(counts, default=0) or 1
    width = len(counts) * (_WIDE + _GAP)
    head = _HEAD.format(width=width, high=_HIGH, label=label)
    return head + Markup().join(_bar(n, count, top=top) for n, count in enumerate(counts)) + _TAIL


def stacked(columns: Sequence[Column], *, label: str) -> Markup:
    """A column a day, of parts from the ground up; each says its day and numbers when pointed at.

    The numbers stand in a table beside it, for everybody who cannot see or point.
    """
    top = max((sum(column.parts.values()) for column in columns), default=0) or 1
    width = len(columns) * (_WIDER + _GAP)
    head = _STACK.format(width=width, high=_HIGHER, label=label)
    drawn = (_column(n, column, top=top) for n, column in enumerate(columns))
    return head + Markup().join(drawn) + _TAIL


def _column(n: int, column: Column, *, top: int) -> Markup:
    x, y, parts = n * (_WIDER + _GAP), _HIGHER, Markup()
    for name, count in column.parts.items():
        high = max(1, round(count / top * (_HIGHER - 1))) if count else 0
        y -= high
        parts += _PART.format(name=name, x=x, y=y, wide=_WIDER, high=high) if high else ""
    if y == _HIGHER:
        parts = _PART.format(name="none", x=x, y=_HIGHER - 1, wide=_WIDER, high=1)
    return _GROUP.format(title=column.title, parts=parts)


def _bar(n: int, count: int, *, top: int) -> Markup:
    high = max(_LEAST, round(count / top * _HIGH)) if count else 1
    return _BAR.format(x=n * (_WIDE + _GAP), y=_HIGH - high, wide=_WIDE, high=high)
