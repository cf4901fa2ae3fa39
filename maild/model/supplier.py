"""What a team's people confirmed about a supplier, so that his next page can be checked against it.

Values; kept in `maild.store.suppliers`, compared with pages in `maild.reading.memory`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

MOST_SIGNS: Final = 4  # a field: suppliers change their paper now and then
ACCOUNT_KEY: Final = "IBAN:"  # before the account by which one without any number is known


@dataclass(frozen=True, slots=True)
class Sign:
    """How a field looked on a page that a person confirmed.

    `label` is the word before it, `page` counts from 1; `left`, `top` and `right` are points from the
    top left of the page. `pattern` says how it is written (see `maild.reading.memory`).
    """

    field: str
    label: str | None
    page: int
    left: float
    top: float
    right: float
    pattern: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a page is compared with.

    `key` is the supplier's VAT or enterprise number as `company_key` gives it, else his first account
    after `ACCOUNT_KEY`. `accounts` are IBANs in plain form.
    """

    key: str
    name: str | None
    currency: str | None
    accounts: frozenset[str]
    signs: tuple[Sign, ...] = field(repr=False)

    def of(self, name: str) -> tuple[Sign, ...]:
        """How a field looked, as often as that was kept."""
        return tuple(one for one in self.signs if one.field == name)


@dataclass(frozen=True, slots=True)
class Supplier(Remembered):
    """A supplier of one team, as far as a person confirmed him; `document` was confirmed last."""

    team: str
    confirmed_at: datetime
    confirmed_by: str
    document: str
