"""What somebody who looks through documents asks for, and what is counted for him."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from maild.model.document import Direction, Kind
from maild.model.money import Amount

MOST_COUNTED = 1_000  # more are "999+": nobody reads the exact number, and counting has a price


@dataclass(frozen=True, slots=True)
class Wish:
    """Which documents of a team: dated in a stretch of days, of kinds, of a text, not yet processed.

    `days` are the first and the last; `text` is looked for in number, party and VAT number.
    """

    days: tuple[date, date]
    kinds: frozenset[Kind] = frozenset()
    directions: frozenset[Direction] = frozenset()
    text: str = ""
    only_new: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: behind the document of that date and id."""

    dated_on: date
    id: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What all documents of a wish add up to, a row a currency; credit notes count against.

    `more` tells that there were too many to add up.
    """

    count: int
    amounts: tuple[Amount, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Activity:
    """What came for a team: the last, what is new to an office, and a count a day, oldest first."""

    last_at: datetime | None = None
    new: int = 0
    days: tuple[int, ...] = field(default=())
