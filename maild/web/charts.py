"""Small pictures of numbers as inline SVG: no script, no inline style, and words for who cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

_WIDE, _HIGH, _GAP = 4, 24, 1
# What is put into a Markup by its `format` is escaped.
_HEAD: Final = Markup(
    '<svg class="bars" viewBox="0 0 {width} {high}" role="img" aria-label="{label}">'
)
_BAR: Final = Markup('<rect x="{x}" y="{y}" width="{wide}" height="{high}"/>')
_TAIL: Final = Markup("</svg>")
_LEAST: Final = 2  # a day with one document is seen beside one with a hundred


def bars(counts: Sequence[int], *, label: str) -> Markup:
    """A bar a day, the highest as high as the picture; days without anything are a thin line."""
    top = max(counts, default=0) or 1
    width = len(counts) * (_WIDE + _GAP)
    head = _HEAD.format(width=width, high=_HIGH, label=label)
    return head + Markup().join(_bar(n, count, top=top) for n, count in enumerate(counts)) + _TAIL


def _bar(n: int, count: int, *, top: int) -> Markup:
    high = max(_LEAST, round(count / top * _HIGH)) if count else 1
    return _BAR.format(x=n * (_WIDE + _GAP), y=_HIGH - high, wide=_WIDE, high=high)
