"""A document as it is to be booked at Exact Online: what the mapping gives, and the connector takes.

Values only; nothing here asks Exact. Amounts are in the currency of the document, and credit is
negative (exact_online.md A4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Partner:
    """The customer or supplier (crm/Accounts): by what he is found, and what a new one gets.

    `vat` is as Exact writes it ("BE0123456749"), `enterprise` is digits (KBO, KVK), `code` is his
    code there, without padding, where the configuration or the document gives one. `values` are the
    properties of a new account, Name among them, without Status and IsSupplier.
    """

    name: str
    vat: str = ""
    enterprise: str = ""
    code: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A line: the code of its G/L account, and its other properties (AmountFC, VATCode ...)."""

    gl_account: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ItemWanted:
    """An item (logistics/Items) that is to be there; `values` are the properties of a new one."""

    code: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Booking:
    """An entry, its document and what both need to be there first.

    `reference` goes into YourRef and is looked up before anything is created. `total` is what the
    entry comes to there, with VAT. `values` are the other properties of the header (Currency,
    DueDate, Description, PaymentReference ...), without Journal, YourRef, EntryDate, the party and
    the lines.
    """

    purchase: bool
    journal: str
    reference: str
    booked_on: date
    total: Decimal
    partner: Partner
    lines: tuple[EntryLine, ...]
    values: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""  # of the document
    document_type: int = 10
    document_values: Mapping[str, Any] = field(default_factory=dict)
    items: tuple[ItemWanted, ...] = ()

    @property
    def entity(self) -> str:
        """Where it is booked."""
        return "purchaseentry/PurchaseEntries" if self.purchase else "salesentry/SalesEntries"

    @property
    def lines_name(self) -> str:
        """The property that holds its lines."""
        return "PurchaseEntryLines" if self.purchase else "SalesEntryLines"

    @property
    def party(self) -> str:
        """The property that names the other side."""
        return "Supplier" if self.purchase else "Customer"
