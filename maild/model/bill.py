"""The figures of a bill: an invoice, a credit note or a quote, field by field as EN 16931 names them.

This is the semantic model (business terms BT, business groups BG); how it is written as XML is the
business of `maild.ubl`. A quote has no rules of its own in EN 16931; it uses the same groups.
All amounts are exact as written. Amounts of credit notes are positive, as in a UBL CreditNote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from maild.model.money import Amount
from maild.model.party import Address, Identifier, Party


class BillKind(StrEnum):
    """What the sender calls it: the root element in UBL."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Tax:
    """A VAT category with its rate (BT-95/96, BT-102/103, BT-118/119, BT-151/152)."""

    category: str  # UNCL5305: S, Z, E, AE, K, G, O, L, M, B
    percent: Decimal | None = None
    exemption_reason: str | None = None  # BT-120
    exemption_code: str | None = None  # BT-121, a VATEX code
    scheme: str = "VAT"


@dataclass(frozen=True, slots=True)
class AllowanceCharge:
    """A document or line level allowance or charge (BG-20, BG-21, BG-27, BG-28).

    `amount` is positive; `is_charge` tells its direction. Line level ones have no `tax`.
    """

    is_charge: bool
    amount: Amount  # BT-92, BT-99, BT-136, BT-141
    base: Amount | None = None  # BT-93, BT-100, BT-137, BT-142
    percent: Decimal | None = None  # BT-94, BT-101, BT-138, BT-143
    reason: str | None = None  # BT-97, BT-104, BT-139, BT-144
    reason_code: str | None = None  # BT-98, BT-105, BT-140, BT-145
    tax: Tax | None = None  # BT-95/96, BT-102/103


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit, or `base_quantity` units, costs (BG-29)."""

    net: Amount  # BT-146
    base_quantity: Decimal | None = None  # BT-149
    base_unit: str | None = None  # BT-150
    discount: Amount | None = None  # BT-147
    gross: Amount | None = None  # BT-148


@dataclass(frozen=True, slots=True)
class Item:
    """What is sold (BG-31)."""

    name: str = ""  # BT-153
    description: str | None = None  # BT-154
    seller_id: str | None = None  # BT-155
    buyer_id: str | None = None  # BT-156
    standard_id: Identifier | None = None  # BT-157
    classifications: tuple[Identifier, ...] = ()  # BT-158
    origin_country: str | None = None  # BT-159
    attributes: tuple[tuple[str, str], ...] = ()  # BG-32: (BT-160, BT-161)


@dataclass(frozen=True, slots=True)
class Period:
    """A start and an end, either of which may be absent (BG-14, BG-26)."""

    start: date | None = None  # BT-73, BT-134
    end: date | None = None  # BT-74, BT-135
    code: str | None = None  # BT-8, on document level only


@dataclass(frozen=True, slots=True)
class Line:
    """One line (BG-25). `quantity` may be negative, the price may not (BR-27)."""

    id: str  # BT-126
    quantity: Decimal | None  # BT-129
    unit: str | None  # BT-130, UNECE Rec 20/21
    net: Amount | None  # BT-131
    item: Item
    price: Price | None = None
    tax: Tax | None = None  # BT-151, BT-152
    note: str | None = None  # BT-127
    object_id: Identifier | None = None  # BT-128
    order_line: str | None = None  # BT-132
    accounting_cost: str | None = None  # BT-133
    period: Period | None = None  # BG-26
    allowances_charges: tuple[AllowanceCharge, ...] = ()  # BG-27, BG-28


@dataclass(frozen=True, slots=True)
class TaxSubtotal:
    """The VAT of one category and rate (BG-23)."""

    tax: Tax
    base: Amount | None  # BT-116
    amount: Amount  # BT-117


@dataclass(frozen=True, slots=True)
class Totals:
    """The document totals (BG-22)."""

    lines: Amount | None = None  # BT-106
    allowances: Amount | None = None  # BT-107
    charges: Amount | None = None  # BT-108
    net: Amount | None = None  # BT-109, without VAT
    tax: Amount | None = None  # BT-110
    tax_accounting: Amount | None = None  # BT-111, in the accounting currency BT-6
    gross: Amount | None = None  # BT-112, with VAT
    prepaid: Amount | None = None  # BT-113
    rounding: Amount | None = None  # BT-114
    payable: Amount | None = None  # BT-115


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account to pay to (BG-17)."""

    id: str  # BT-84, an IBAN where there is one
    name: str | None = None  # BT-85
    bic: str | None = None  # BT-86


@dataclass(frozen=True, slots=True)
class Mandate:
    """A direct debit (BG-19)."""

    id: str | None = None  # BT-89
    debited_account: str | None = None  # BT-91


@dataclass(frozen=True, slots=True)
class Card:
    """A payment card (BG-18), its number already shortened by the sender."""

    number: str  # BT-87
    network: str | None = None
    holder: str | None = None  # BT-88


@dataclass(frozen=True, slots=True)
class PaymentMeans:
    """How to pay (BG-16), with at most one account; UBL repeats the group for more."""

    code: str  # BT-81, UNCL4461
    text: str | None = None  # BT-82
    remittance: str | None = None  # BT-83: a structured communication, or free text
    account: Account | None = None
    card: Card | None = None
    mandate: Mandate | None = None
    due_on: date | None = None  # BT-9 of a credit note, where UBL has it


@dataclass(frozen=True, slots=True)
class Delivered:
    """Where and when the goods or services arrived (BG-13); an outbox `Delivery` is something else."""

    name: str | None = None  # BT-70
    location_id: Identifier | None = None  # BT-71
    on: date | None = None  # BT-72
    address: Address | None = None  # BG-15


@dataclass(frozen=True, slots=True)
class Note:
    """Free text (BG-1)."""

    text: str  # BT-22
    subject_code: str | None = None  # BT-21


@dataclass(frozen=True, slots=True)
class Reference:
    """Another document, with its date where known (BG-3: BT-25, BT-26)."""

    id: str
    issued_on: date | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A supporting document (BG-24). Either `content` (decoded bytes) or `uri`, or neither."""

    id: str  # BT-122
    description: str | None = None  # BT-123
    uri: str | None = None  # BT-124
    content: bytes | None = field(default=None, repr=False)  # BT-125
    name: str | None = None  # BT-125-2
    media_type: str | None = None  # BT-125-1
    type_code: str | None = None  # as found on UBL.BE and e-fff; not part of EN 16931


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice, credit note or quote as values. Absent means that the sender did not say it."""

    kind: BillKind
    number: str  # BT-1
    issued_on: date  # BT-2
    currency: str  # BT-5
    seller: Party  # BG-4
    buyer: Party  # BG-7
    totals: Totals  # BG-22
    lines: tuple[Line, ...] = ()  # BG-25
    taxes: tuple[TaxSubtotal, ...] = ()  # BG-23
    type_code: str | None = None  # BT-3, UNCL1001
    due_on: date | None = None  # BT-9
    valid_until: date | None = None  # quotes: cac:ValidityPeriod
    tax_point_on: date | None = None  # BT-7
    tax_currency: str | None = None  # BT-6
    customization: str | None = None  # BT-24
    process: str | None = None  # BT-23
    buyer_reference: str | None = None  # BT-10
    project_reference: str | None = None  # BT-11
    contract_reference: str | None = None  # BT-12
    order_reference: str | None = None  # BT-13
    sales_order_reference: str | None = None  # BT-14
    receipt_reference: str | None = None  # BT-15
    despatch_reference: str | None = None  # BT-16
    tender_reference: str | None = None  # BT-17
    object_id: Identifier | None = None  # BT-18
    accounting_cost: str | None = None  # BT-19
    payment_terms: str | None = None  # BT-20
    notes: tuple[Note, ...] = ()  # BG-1
    preceding: tuple[Reference, ...] = ()  # BG-3
    payee: Party | None = None  # BG-10
    tax_representative: Party | None = None  # BG-11
    delivered: Delivered | None = None  # BG-13
    period: Period | None = None  # BG-14, with BT-8
    payment_means: tuple[PaymentMeans, ...] = ()  # BG-16
    creditor_id: str | None = None  # BT-90
    allowances_charges: tuple[AllowanceCharge, ...] = ()  # BG-20, BG-21
    attachments: tuple[Attachment, ...] = ()  # BG-24
