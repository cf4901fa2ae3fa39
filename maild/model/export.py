"""What a team wants exported: a package of the documents of a period, and what one is asked for.

Values read from the configuration or the command line. What a period is says `maild.model.period`;
when one is due, the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from maild.model.document import Direction, Kind
from maild.model.period import Every, Period
from maild.model.run import CatchUp

# What an accountant books. Quotes and files without figures come along where they are asked for.
BOOKED: Final = (
    Kind.INVOICE,
    Kind.CREDIT_NOTE,
    Kind.PURCHASE_INVOICE,
    Kind.PURCHASE_CREDIT_NOTE,
)
# A package holds no packages.
KINDS: Final = tuple(one for one in Kind if one is not Kind.EXPORT)
PERIODS: Final = (Every.WEEK, Every.MONTH, Every.QUARTER, Every.YEAR)
# Values in maild.render.dialects.
DIALECTS: Final = ("excel-nl", "excel-be", "excel-fr", "excel-de", "excel-en", "rfc4180")
# Five whole days after a month, so that what comes late is in it (inboxes.md, Creative Shelter).
WHEN: Final = "month + 5 days 07:00"
# What a common mail server takes, after its files are encoded: Gmail 25 MB, Microsoft 365 35 MB by
# itself and often 25 or 20 set by hand.
MAIL_SIZE: Final = 20_000_000
SMALLEST_MAIL: Final = 1_000_000


class Form(StrEnum):
    """What a package can hold beside `index.json`, which is always in it."""

    PDF = "pdf"
    UBL = "ubl"
    ATTACHMENTS = "attachments"  # what else came with a document
    CSV = "csv"  # index.csv, totals.csv, contacts.csv, items.csv
    XLSX = "xlsx"  # the same as one workbook, index.xlsx


@dataclass(frozen=True, slots=True)
class Choice:
    """Which documents of a period belong in a package, and in which forms."""

    kinds: tuple[Kind, ...] = BOOKED
    direction: Direction | None = None
    since: date | None = None  # only documents dated on this day or later
    only_sent: bool = False  # of sales, only those of which a delivery was handed over
    formats: tuple[Form, ...] = tuple(Form)
    dialect: str = "excel-nl"  # of the CSV files; one of DIALECTS
    documents: frozenset[str] | None = None  # only these by id, and no word on the others
    discreet: bool = False  # no word on documents of kinds that were not asked for


@dataclass(frozen=True, slots=True)
class Export:
    """A package that a team sends each period. `when` is a form of maild.rules.due."""

    name: str
    when: str = WHEN
    to: tuple[str, ...] = ()  # names of recipients; none: the team's rules decide
    choice: Choice = Choice()
    catch_up: CatchUp = CatchUp.ALL
    mail_size: int = MAIL_SIZE  # bytes of one mail, encoded


@dataclass(frozen=True, slots=True)
class Order:
    """One package of one team. Who orders the same again gets the same bytes.

    It holds what is dated in `period` and was accepted by `accepted_by` (aware UTC); with `after`
    (a supplement) only what came after that instant. `label` names it: "2026-03", "2026-03
    supplement 1".
    """

    team: str
    period: Period
    accepted_by: datetime
    choice: Choice
    name: str = ""  # of the export in the configuration; empty: asked for by hand
    after: datetime | None = None
    supplement: int = 0

    @property
    def label(self) -> str:
        """How people and file names call it."""
        extra = f" supplement {self.supplement}" if self.supplement else ""
        return f"{self.period.key}{extra}"
