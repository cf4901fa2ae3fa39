"""What the documents of a package add up to: VAT per rate, whom they name, what they sell.

Only what the documents say is added, never reckoned anew. Currencies never meet in one sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from maild.exports.entries import Entry
from maild.model.bill import Bill, Line
from maild.model.document import Direction
from maild.model.party import Party, company_key
from maild.render.dialects import is_sane

MOST: Final = 100_000  # contacts, and items, that one package tells of
_NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class RateTotal:
    """The VAT of one category and rate, in one direction and currency."""

    base: Decimal = _NOTHING
    amount: Decimal = _NOTHING
    documents: int = 0


@dataclass(slots=True)
class Gross:
    """What documents of one kind and currency amount to; `unsplit` of them say nothing of VAT."""

    total: Decimal = _NOTHING
    documents: int = 0
    unsplit: int = 0


@dataclass(slots=True)
class ContactSeen:
    """A customer or supplier as its latest document names it."""

    role: str
    party: Party
    account: str | None
    documents: int = 0
    last_on: date = date.min


@dataclass(slots=True)
class ItemSeen:
    """What was sold or bought, as its latest line names it."""

    direction: str
    supplier: str | None  # of what was bought
    line: Line
    currency: str
    quantity: Decimal = _NOTHING
    net: Decimal = _NOTHING
    lines: int = 0
    last_on: date = date.min


RateKey = tuple[str, str, str, str]  # direction, currency, category, percent
GrossKey = tuple[str, str, str]  # direction, kind, currency


@dataclass(slots=True)
class Sums:
    """The running sums of one package."""

    rates: dict[RateKey, RateTotal] = field(default_factory=dict)
    gross: dict[GrossKey, Gross] = field(default_factory=dict)
    contacts: dict[tuple[str, str], ContactSeen] = field(default_factory=dict)
    items: dict[tuple[str, ...], ItemSeen] = field(default_factory=dict)
    crowded: bool = False  # more contacts or items than `MOST`: the rest is left out

    def add(self, entry: Entry, bill: Bill | None) -> None:
        """Add one document with its bill, if it has one."""
        self._add_amounts(entry)
        if bill is None:
            party = Party(name=entry.name, vat=entry.vat_number)
            self._add_contact(entry, party, account=None)
            return
        buys = entry.direction == Direction.PURCHASE
        account = next((one.account.id for one in bill.payment_means if one.account), None)
        other = bill.seller if buys else bill.buyer
        self._add_contact(entry, other, account=account if buys else None)
        self._add_items(entry, bill, supplier=bill.seller if buys else None)

    def _add_amounts(self, entry: Entry) -> None:
        direction, currency = entry.direction or "", entry.currency or ""
        gross = self.gross.setdefault((direction, entry.kind, currency), Gross())
        gross.documents += 1
        gross.unsplit += not entry.rates
        gross.total += entry.sign * _sane(entry.total)
        seen = set()
        for rate in entry.rates:
            key = (direction, currency, rate.category, _percent(rate.percent))
            total = self.rates.setdefault(key, RateTotal())
            total.base += entry.sign * _sane(rate.base)
            total.amount += entry.sign * _sane(rate.amount)
            total.documents += key not in seen
            seen.add(key)

    def _add_contact(self, entry: Entry, party: Party, *, account: str | None) -> None:
        name = party.name or party.trading_name
        key = company_key(party.vat) or min(party.keys(), default="") or (name or "").casefold()
        role = {"sales": "customer", "purchase": "supplier"}.get(entry.direction or "")
        if not key or role is None or self._is_full(self.contacts, (role, key)):
            return
        seen = self.contacts.setdefault((role, key), ContactSeen(role, party, account))
        seen.documents += 1
        if entry.issued_on >= seen.last_on:
            seen.party, seen.last_on = party, entry.issued_on
            seen.account = account or seen.account

    def _add_items(self, entry: Entry, bill: Bill, *, supplier: Party | None) -> None:
        whose = (company_key(supplier.vat) or supplier.name or "") if supplier else ""
        for line in bill.lines:
            item = line.item
            named = item.seller_id or item.name.casefold() or (item.description or "").casefold()
            key = (entry.direction or "", whose, named, line.unit or "", bill.currency)
            if not named or self._is_full(self.items, key):
                continue
            fresh = ItemSeen(key[0], supplier.name if supplier else None, line, bill.currency)
            seen = self.items.setdefault(key, fresh)
            seen.lines += 1
            seen.quantity += entry.sign * _sane(line.quantity)
            seen.net += entry.sign * _sane(line.net.value if line.net else None)
            if entry.issued_on >= seen.last_on:
                seen.line, seen.last_on = line, entry.issued_on

    def _is_full(
        self,
        known: dict[tuple[str, str], ContactSeen] | dict[tuple[str, ...], ItemSeen],
        key: Iterable[str],
    ) -> bool:
        full = len(known) >= MOST and key not in known
        self.crowded |= full
        return full


def _sane(value: Decimal | None) -> Decimal:
    return value if value is not None and is_sane(value) else _NOTHING


def _percent(percent: Decimal | None) -> str:
    """A rate as one text, however it is written: "6", "21", "5.5"."""
    if percent is None or not is_sane(percent):
        return ""
    text = f"{percent:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
