"""A number as a place in a series: what stands before its last row of digits, and behind it. Pure.

"F2026-014" is the 14th of "F2026-" and "".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(r"(.{0,40}?)(\d{1,15})(\D{0,40})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that counts: `at`, written `digits` wide."""

    before: str
    at: int
    digits: int
    behind: str


@dataclass(frozen=True, slots=True)
class Break:
    """Two numbers of a series between which none is there; as wide as the lower one, `digits`."""

    kind: str
    before: str
    behind: str
    low: int
    high: int
    digits: int


def counted(number: str) -> Counted | None:
    """What a number counts; None when it counts nothing that can be told."""
    match = _NUMBER.fullmatch(number)
    if match is None:
        return None
    before, digits, behind = match.groups()
    return Counted(before, int(digits), len(digits), behind)
