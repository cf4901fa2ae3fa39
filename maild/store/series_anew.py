"""The unbroken rows of numbers as the documents themselves give them: to compare with what is kept, and to keep.

`maild.store.series` keeps them as documents come. A team at a time: its numbers have room in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from maild.model.series import counted

_TEAMS: Final = "SELECT team FROM documents UNION SELECT team FROM series ORDER BY team"
_NUMBERS: Final = (
    "SELECT kind, number, dated_on FROM documents WHERE team = :team AND direction = 'sales'"
    " AND number IS NOT NULL ORDER BY id"
)
_KEPT: Final = (
    'SELECT kind, "before", behind, first, last, digits, first_on FROM series'
    ' WHERE team = :team ORDER BY kind, "before", behind, first'
)
_ADD: Final = (
    'INSERT INTO series (team, kind, "before", behind, first, last, digits, first_on) VALUES'
    " (:team, :kind, :before, :behind, :first, :last, :digits, :first_on)"
)
# How a number is written and when it is dated; several documents may have it.
_Written = tuple[tuple[int, str], ...]
_Numbers = dict[tuple[str, str, str], dict[int, _Written]]


@dataclass(frozen=True, slots=True)
class _Row:
    """An unbroken row of a series: its kind, what stands before and behind, and both of its ends."""

    series: tuple[str, str, str]
    first: int
    last: int
    at_first: _Written
    at_last: _Written

    def is_kept_as(self, kept: Any) -> bool:
        """Whether a row of the table says the same; of a number that came twice either may count."""
        kind, before, behind, first, last, digits, first_on = kept
        ends = (self.series, self.first, self.last) == ((kind, before, behind), first, last)
        wide = {one for one, _ in self.at_last}
        return ends and digits in wide and first_on in {day for _, day in self.at_first}


def is_wrong(connection: Any) -> bool:
    """Whether the kept rows are not those of the documents. `connection` is one of SQLite's driver."""
    for (team,) in connection.execute(_TEAMS).fetchall():
        found = list(_rows(_numbers(connection.execute(_NUMBERS, {"team": team}))))
        kept = connection.execute(_KEPT, {"team": team}).fetchall()
        if len(found) != len(kept):
            return True
        if not all(one.is_kept_as(row) for one, row in zip(found, kept, strict=True)):
            return True
    return False


def fill(tx: Connection) -> None:
    """Keep what the documents give, in place of what was kept; for a store that nobody else has open."""
    teams = [row[0] for row in tx.execute(text(_TEAMS)).all()]
    tx.execute(text("DELETE FROM series"))
    for team in teams:
        numbers = _numbers(map(tuple, tx.execute(text(_NUMBERS), {"team": team})))
        made = [
            dict(zip(("kind", "before", "behind"), one.series, strict=True))
            | {"team": team, "first": one.first, "last": one.last}
            | {"digits": one.at_last[0][0], "first_on": one.at_first[0][1]}
            for one in _rows(numbers)
        ]
        if made:
            tx.execute(text(_ADD), made)


def _numbers(found: Iterable[Any]) -> _Numbers:
    """What counts, by its series; the document that came first stands first."""
    known: _Numbers = {}
    same: dict[
        _Written, _Written
    ] = {}  # of many numbers few are written otherwise: each is held once
    for kind, number, dated_on in found:
        one = counted(number)
        if one is None:
            continue
        numbers = known.setdefault((kind, one.before, one.behind), {})
        written, before = (one.digits, str(dated_on)), numbers.get(one.at, ())
        if written not in before:
            told = (*before, written)
            numbers[one.at] = same.setdefault(told, told)
    return known


def _rows(known: _Numbers) -> Iterator[_Row]:
    for series in sorted(known):
        numbers = known[series]
        first = last = None
        for at in sorted(numbers):
            if first is not None and last is not None and at != last + 1:
                yield _Row(series, first, last, numbers[first], numbers[last])
                first = None
            first, last = (at if first is None else first), at
        if first is not None and last is not None:
            yield _Row(series, first, last, numbers[first], numbers[last])
