"""Numbers that are missing in the series of what a team issued. Pure.

A series is what stands before the last row of digits of a number, and behind it: "F2026-" and "".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

from maild.model.series import Break, counted

# Between two numbers this far apart nobody counts one by one: they are two series.
FURTHEST: Final = 1_000
MOST: Final = 5_000  # numbers that are looked for


@dataclass(frozen=True, slots=True)
class Missing:
    """A number that a series lacks, between two that are there."""

    kind: str
    before: str
    at: int
    digits: int
    behind: str

    @property
    def number(self) -> str:
        """As it would be written."""
        return f"{self.before}{self.at:0{self.digits}}{self.behind}"


@dataclass(frozen=True, slots=True)
class Gap:
    """The numbers from `first` to `last`, all of them missing, `count` in all."""

    kind: str
    first: str
    last: str
    count: int

    @property
    def numbers(self) -> str:
        """As people say it: "F-003", or "F-003 - F-005"."""
        return self.first if self.count == 1 else f"{self.first} - {self.last}"


def missing(numbers: Iterable[tuple[str, str]]) -> tuple[Missing, ...]:
    """What the series of these (kind, number) lack, in order, at most `MOST`."""
    series: dict[tuple[str, str, str], dict[int, int]] = {}
    for kind, number in numbers:
        if one := counted(number):
            series.setdefault((kind, one.before, one.behind), {})[one.at] = one.digits
    return between(
        Break(kind, before, behind, low, high, known[low])
        for (kind, before, behind), known in sorted(series.items())
        for low, high in pairwise(sorted(known))
    )


def between(breaks: Iterable[Break]) -> tuple[Missing, ...]:
    """What is missing inside each of these, in order, at most `MOST`."""
    found = (
        Missing(one.kind, one.before, at, one.digits, one.behind)
        for one in breaks
        if one.high - one.low <= FURTHEST
        # As wide as the lower one is written: "009" goes on to "010", "9" to "10".
        for at in range(one.low + 1, one.high)
    )
    return tuple(islice(found, MOST))


def gaps(lacking: Iterable[Missing], *, known: Collection[tuple[str, str]] = ()) -> tuple[Gap, ...]:
    """Runs of missing numbers, less those that are known (kind, number) from elsewhere."""
    runs: list[list[Missing]] = []
    for one in lacking:
        if (one.kind, one.number) in known:
            continue
        last = runs[-1][-1] if runs else None
        if last and _series(last) == _series(one) and last.at + 1 == one.at:
            runs[-1].append(one)
        else:
            runs.append([one])
    return tuple(Gap(run[0].kind, run[0].number, run[-1].number, len(run)) for run in runs)


def _series(one: Missing) -> tuple[str, str, str]:
    return one.kind, one.before, one.behind
