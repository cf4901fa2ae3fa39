"""What an accountant's office wants sent by itself: which kinds, how often, to whom.

A row that a partner switched on in the pages. It becomes a recipient with a rule or an export of the
team (`maild.rules.automatic`), so everything that sends and explains treats it like the team's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from maild.model.document import Kind
from maild.model.period import Every

# Why a delivery was given up whose automatic export ended; who ended it comes behind.
ENDED_BY: Final = "the automatic export was ended by "

# What the rule of one is called; the office comes behind.
SWITCHED_ON_BY: Final = "switched on by "


class Often(StrEnum):
    """Each document by itself, or the documents of a period as one package."""

    DOCUMENT = "document"  # as soon as it is there
    DAY = "day"  # each by itself, in the evening of a working day
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"

    @property
    def every(self) -> Every | None:
        """The period of a package; None where documents go by themselves."""
        return None if self in {Often.DOCUMENT, Often.DAY} else Every(self.value)


@dataclass(frozen=True, slots=True)
class Automatic:
    """One automatic export. `name` is unique in its team: recipient, rule and export are called so.

    `office` is the name of the partner's office, for people who read a trace.
    """

    id: str
    team: str
    partner: str
    office: str
    name: str  # "kantoor-peeters-month"
    address: str
    language: str
    kinds: frozenset[Kind]
    often: Often
    since: date | None  # of packages: only documents dated on this day or later
    created_at: datetime
    created_by: str
    ended_at: datetime | None = None
    ended_by: str | None = None
