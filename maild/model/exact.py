"""How a team's bills are booked at Exact Online: journals, G/L accounts, VAT codes, and what chooses them.

Values read from [team.NAME.exact]; what they make of a bill is the business of
`maild.connectors.exact_entry`. Codes are those of the team's own administration.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

# UNCL5305 as EN 16931 uses it, with what a person calls it.
CATEGORIES: Final[Mapping[str, str]] = {
    "S": "standard rate",
    "Z": "zero rate",
    "E": "exempt",
    "AE": "reverse charge",
    "K": "supply within the EU",
    "G": "export outside the EU",
    "O": "outside the scope of VAT",
    "L": "Canary Islands",
    "M": "Ceuta and Melilla",
    "B": "transferred",
}
# Members of the EU by their ISO code; Greece writes EL in VAT numbers, and goods of Northern Ireland
# (XI) count as goods of the EU.
_MEMBERS: Final = (
    "AT BE BG CY CZ DE DK EE EL ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI"
)
EU: Final = frozenset(_MEMBERS.split())


class Group(StrEnum):
    """Where the other side is, as VAT returns ask."""

    DOMESTIC = "domestic"
    EU = "eu"
    OUTSIDE = "outside"


class Numbering(StrEnum):
    """Who numbers an entry."""

    EXACT = "exact"
    DOCUMENT = "document"  # the digits of the document's number


class Grouping(StrEnum):
    """What becomes one line of an entry."""

    GROUPED = "grouped"  # all that has one account, VAT code and cost centre
    EACH = "each"  # each line of the bill


@dataclass(frozen=True, slots=True)
class VatKey:
    """What one VAT code or account is for; an empty field does not ask.

    Written as words: "S 21", "AE domestic", "E VATEX-EU-132", "K eu".
    """

    category: str = ""
    percent: Decimal | None = None
    group: Group | None = None
    reason: str = ""  # a VATEX code (BT-121)

    def holds(self, case: VatKey) -> bool:
        """Whether a case, which has every field that is known of it, is one of these."""
        return (
            (not self.category or self.category == case.category)
            and (self.percent is None or self.percent == (case.percent or Decimal(0)))
            and (self.group is None or self.group is case.group)
            and (not self.reason or self.reason == case.reason)
        )

    @property
    def weight(self) -> tuple[bool, bool, bool, bool]:
        """How much it asks; the reason weighs most, then the country, then the rate."""
        return (
            bool(self.reason),
            self.group is not None,
            self.percent is not None,
            bool(self.category),
        )

    def __str__(self) -> str:
        percent = "" if self.percent is None else f"{self.percent.normalize():f}"
        return " ".join(filter(None, (self.category, percent, self.group or "", self.reason)))


def chosen(pairs: Iterable[tuple[VatKey, str]], case: VatKey) -> str | None:
    """The value of the key that asks most among those that hold."""
    held = [(key.weight, value) for key, value in pairs if key.holds(case)]
    return max(held, key=lambda one: one[0])[1] if held else None


def matched(pairs: Iterable[tuple[str, str]], names: Iterable[str]) -> str | None:
    """The value of the first pattern (* as wildcard, case ignored) that one of the names fits."""
    folded = [name.casefold() for name in names if name]
    for pattern, value in pairs:
        if any(fnmatchcase(name, pattern.casefold()) for name in folded):
            return value
    return None


@dataclass(frozen=True, slots=True)
class ExactSide:
    """How sales, or purchases, are booked.

    `items` and `cost_centers` go by patterns of an item's number, class or tag; `partners` by the
    VAT number of the other side.
    """

    journal: str
    account: str = ""  # the G/L account where nothing below says another
    credit_notes: str = ""  # the journal of credit notes; empty: the same
    cost_center: str = ""
    vat: tuple[tuple[VatKey, str], ...] = ()
    accounts: tuple[tuple[VatKey, str], ...] = ()
    items: tuple[tuple[str, str], ...] = ()
    cost_centers: tuple[tuple[str, str], ...] = ()
    partners: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ExactMapping:
    """Everything that [team.NAME.exact] says."""

    sales: ExactSide | None = None
    purchases: ExactSide | None = None
    rounding_account: str = ""
    payment_conditions: tuple[tuple[int, str], ...] = ()  # days until due, code
    codes: tuple[tuple[str, str], ...] = ()  # the other side's VAT number, his code at Exact
    numbering: Numbering = Numbering.EXACT
    lines: Grouping = Grouping.GROUPED
    make_items: bool = False
    document_types: tuple[int, int] = field(default=(10, 20))  # of sales, of purchases
