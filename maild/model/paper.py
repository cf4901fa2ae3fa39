"""The figures of an invoice that is only a page, as far as they are proven or a person confirmed them.

A value; how it becomes a bill is said in `maild.intake.paper_bill`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from maild.model.bill import BillKind
from maild.model.figures import Figures, Rate, Value, Verdict
from maild.model.party import company_key
from maild.model.supplier import ACCOUNT_KEY

# What must be sure before a document goes on by itself, besides its supplier.
NEEDED: Final = (
    "invoice_number",
    "issue_date",
    "net_total",
    "vat_total",
    "gross_total",
    "currency",
)
SUPPLIER: Final = ("supplier_vat", "supplier_enterprise_no")


@dataclass(frozen=True, slots=True)
class Paper:
    """What may be said of a page; absent is what is not sure.

    Amounts are as printed, of a credit note maybe below zero. `rates` may be there without the whole
    breakdown being sure: then it is empty. `exemption` is why there is no VAT.
    """

    kind: BillKind
    number: str | None = None
    issued_on: date | None = None
    due_on: date | None = None
    currency: str | None = None
    seller: str | None = None
    vat: str | None = None
    enterprise: str | None = None
    accounts: tuple[str, ...] = ()
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    due: Decimal | None = None
    rates: tuple[Rate, ...] = ()
    exemption: str | None = None
    communication: str | None = None

    @property
    def key(self) -> str:
        """By what its supplier is known: his number, else his first account; empty for neither."""
        return supplier_key(self.vat, self.enterprise, self.accounts)


def supplier_key(vat: str | None, enterprise: str | None, accounts: tuple[str, ...]) -> str:
    """By what a supplier is known: his VAT or enterprise number, else his first account."""
    number = company_key(vat) or company_key(enterprise)
    return number or (ACCOUNT_KEY + accounts[0] if accounts else "")


def proven(figures: Figures) -> Paper:
    """What is proven of a page."""
    return paper_of(
        {key: one.value for key, one in figures.items() if one.verdict is Verdict.PROVEN}
    )


def likely(figures: Figures) -> Paper:
    """What a page would say if everything was read right; what fails its check is left out."""
    sure = {Verdict.PROVEN, Verdict.LIKELY}
    return paper_of({key: one.value for key, one in figures.items() if one.verdict in sure})


def paper_of(values: Mapping[str, Value | None]) -> Paper:
    """The figures under the keys of `maild.model.figures`, of the types that they have.

    Raises ValueError for a date or amount that is none: readers and forms check them before.
    """
    given: dict[str, Any] = {key: one for key, one in values.items() if one}
    days = {
        key: date.fromisoformat(given[key]) for key in ("issue_date", "due_date") if key in given
    }
    sums = {
        key: Decimal(given[key])
        for key in ("net_total", "vat_total", "gross_total", "amount_due")
        if key in given
    }
    credit = given.get("doc_type") == "credit_note"
    return Paper(
        kind=BillKind.CREDIT_NOTE if credit else BillKind.INVOICE,
        number=given.get("invoice_number"),
        issued_on=days.get("issue_date"),
        due_on=days.get("due_date"),
        currency=given.get("currency"),
        seller=given.get("supplier_name"),
        vat=given.get("supplier_vat"),
        enterprise=given.get("supplier_enterprise_no"),
        accounts=tuple(given.get("iban", ())),
        net=sums.get("net_total"),
        tax=sums.get("vat_total"),
        gross=sums.get("gross_total"),
        due=sums.get("amount_due"),
        rates=tuple(given.get("vat_breakdown", ())),
        exemption=given.get("exemption_reason"),
        communication=given.get("structured_communication"),
    )
