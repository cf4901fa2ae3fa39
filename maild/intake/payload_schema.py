"""The shape of our JSON document: the keys of `maild inspect --json`, plus what a whole bill needs.

Shape only; what it means is `maild.intake.payload`'s business. Numbers are decimal strings or JSON
numbers, dates are ISO.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

# XML 1.0 section 2.2: characters that no document may hold; what we take in becomes XML.
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _writable(text: str) -> str:
    if found := _NO_XML.search(text):
        raise ValueError(f"holds the character U+{ord(found[0]):04X}, which no XML may hold")
    return text


def _number(value: object) -> object:
    """A decimal string or a JSON number; nothing else counts as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError('should be a number, such as "12.50"')  # noqa: TRY004 - pydantic collects these
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,8})?", value):
        raise ValueError('should be a decimal number, such as "12.50"')
    return value


def _day(value: object) -> object:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError('should be a date, such as "2026-11-24"')
    return value


Number = Annotated[Decimal, BeforeValidator(_number), Field(max_digits=26, decimal_places=8)]
Positive = Annotated[Number, Field(gt=0)]
Day = Annotated[date, BeforeValidator(_day)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_writable),
]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000),
    AfterValidator(_writable),
]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,20}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Category = Literal["S", "Z", "E", "AE", "K", "G", "O", "L", "M"]


class Shape(BaseModel):
    """Unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AddressShape(Shape):
    """A postal address (BG-5, BG-8)."""

    street: Text | None = None
    additional_street: Text | None = None
    city: Text | None = None
    postcode: Text | None = None
    subdivision: Text | None = None
    country: Country


class ContactShape(Shape):
    """A person or department (BG-6, BG-9)."""

    name: Text | None = None
    phone: Text | None = None
    email: Text | None = None


class PartyShape(Shape):
    """A seller or buyer. `endpoint` and `legal_id` follow from a Belgian VAT number when absent."""

    name: Text
    vat: Text | None = None
    endpoint: Text | None = None
    endpoint_scheme: Code | None = None
    legal_id: Text | None = None
    legal_id_scheme: Code | None = None
    trading_name: Text | None = None
    address: AddressShape
    contact: ContactShape | None = None


class ChargeShape(Shape):
    """An allowance or charge (BG-20, BG-21, BG-27, BG-28); `amount` is positive."""

    amount: Positive
    reason: Text
    reason_code: Code | None = None
    category: Category | None = None  # document level only
    percent: Number | None = None  # of VAT; document level only


class LineShape(Shape):
    """One line (BG-25). `net` follows from quantity and price when absent."""

    id: Text | None = None
    name: Text
    description: LongText | None = None
    quantity: Number = Decimal(1)
    unit: Code = "C62"
    price: Annotated[Number, Field(ge=0)]
    base_quantity: Positive | None = None
    net: Number | None = None
    category: Category = "S"
    percent: Annotated[Number, Field(ge=0, le=100)] | None = None
    note: Text | None = None
    seller_id: Text | None = None
    allowances: tuple[ChargeShape, ...] = ()
    charges: tuple[ChargeShape, ...] = ()


class TaxShape(Shape):
    """The VAT of one category and rate (BG-23): compared when given, but for the reason."""

    category: Category
    percent: Number | None = None
    base: Number | None = None
    amount: Number | None = None
    exemption_reason: Text | None = None
    exemption_code: Code | None = None


class TotalsShape(Shape):
    """The document totals (BG-22): compared when given; `prepaid` and `rounding` are taken."""

    net: Number | None = None
    tax: Number | None = None
    gross: Number | None = None
    payable: Number | None = None
    prepaid: Number | None = None
    rounding: Number | None = None


class PaymentShape(Shape):
    """How to pay (BG-16, BG-17)."""

    iban: Text | None = None
    reference: Text | None = None  # BT-83: a structured communication or free text
    account_name: Text | None = None
    bic: Code | None = None
    code: Code | None = None  # BT-81; 30 when there is an account


class AttachmentShape(Shape):
    """A supporting document (BG-24); `content` is base64. `size` and `sha256` are not needed."""

    name: Text
    media_type: Text = "application/pdf"
    content: str
    description: Text | None = None
    size: int | None = None
    sha256: str | None = None


class PrecedingShape(Shape):
    """The invoice that a credit note corrects (BG-3)."""

    number: Text
    issued_on: Day | None = None


class DeliveredShape(Shape):
    """Where and when it arrived (BG-13); needed inside the EU without VAT (category K)."""

    on: Day | None = None
    country: Country | None = None


class DocumentShape(Shape):
    """Our JSON document. `file`, `direction`, `dialect` and `problems` of an inspection are ignored."""

    kind: Literal["invoice", "credit_note", "quote"]
    number: Text
    issued_on: Day
    currency: Currency = "EUR"
    seller: PartyShape
    buyer: PartyShape
    lines: Annotated[tuple[LineShape, ...], Field(min_length=1, max_length=10_000)]
    type_code: Code | None = None
    due_on: Day | None = None
    valid_until: Day | None = None
    buyer_reference: Text | None = None
    order_reference: Text | None = None
    payment_terms: LongText | None = None
    notes: tuple[LongText, ...] = ()
    allowances: tuple[ChargeShape, ...] = ()
    charges: tuple[ChargeShape, ...] = ()
    totals: TotalsShape = TotalsShape()
    taxes: tuple[TaxShape, ...] = ()
    payment: PaymentShape = PaymentShape()
    preceding: tuple[PrecedingShape, ...] = ()
    delivered: DeliveredShape | None = None
    attachments: Annotated[tuple[AttachmentShape, ...], Field(max_length=20)] = ()
    file: Any = None
    direction: Any = None
    dialect: Any = None
    problems: Any = None
