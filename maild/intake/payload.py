"""Our JSON document, for senders that have no UBL: read, completed, verified, and made a bill.

What follows from the lines (net amounts, VAT, totals) is computed when absent and compared when
given. A bill that has what Peppol BIS Billing 3 asks (a reference, both addresses of its network)
becomes one; else it is plain EN 16931, since a document must not claim more than it holds.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from maild.errors import Incomplete, Problem, did_you_mean
from maild.intake.payload_json import parsed
from maild.intake.payload_schema import (
    AttachmentShape,
    ChargeShape,
    DocumentShape,
    LineShape,
    PartyShape,
    PaymentShape,
)
from maild.intake.payload_sums import compared, needed
from maild.model.bill import (
    Account,
    AllowanceCharge,
    Attachment,
    Bill,
    BillKind,
    Delivered,
    Item,
    Line,
    Note,
    PaymentMeans,
    Price,
    Reference,
    Tax,
    Totals,
)
from maild.model.money import Amount
from maild.model.party import Address, Contact, Identifier, Party, company_key
from maild.ubl import sums
from maild.ubl.check import check, is_warning
from maild.ubl.dialects import PEPPOL_BIS_3, PEPPOL_PROCESS
from maild.ubl.needs import needs
from maild.ubl.peppol import can_be_peppol

EN16931: Final = "urn:cen.eu:en16931:2017"
_TYPE_CODES: Final = {BillKind.INVOICE: "380", BillKind.CREDIT_NOTE: "381", BillKind.QUOTE: None}
# Why there is no VAT, where the category itself says it (EN 16931 VATEX list).
_EXEMPTIONS: Final = {
    "AE": ("Reverse charge", "VATEX-EU-AE"),
    "K": ("Intra-Community supply", "VATEX-EU-IC"),
    "G": ("Export outside the EU", "VATEX-EU-G"),
    "O": ("Not subject to VAT", "VATEX-EU-O"),
}
_CREDIT_TRANSFER: Final = "30"  # UNCL4461
_NOT_DEFINED: Final = "1"


def schema() -> dict[str, Any]:
    """The JSON schema of the document, for `maild schema document`."""
    return DocumentShape.model_json_schema()


def to_bill(data: bytes) -> Bill:
    """The bill that a JSON document describes.

    Raises Unreadable when it is no JSON object, and Incomplete with every problem at once, each
    with its place such as "lines[0].price".
    """
    shape = _shaped(parsed(data))
    bill = _bill(shape)
    problems = [
        *compared(shape, bill),
        *needed(bill),
        *needs(bill),
        *(one for one in check(bill) if not is_warning(one)),
    ]
    if problems:
        raise Incomplete(problems)
    return bill


def _shaped(value: dict[str, Any]) -> DocumentShape:
    try:
        return DocumentShape.model_validate(value)
    except ValidationError as fault:
        told = fault.errors(include_url=False)[:100]
        # A list whose items are wrong is told to be too short as well: that is no news.
        inner = {one["loc"][:1] for one in told if len(one["loc"]) > 1}
        problems = [_problem(one) for one in told if one["loc"] not in inner]
        raise Incomplete(problems) from fault


def _problem(error: ErrorDetails) -> Problem:
    where = re.sub(r"\.?(\d+)(?=\.|$)", r"[\1]", ".".join(map(str, error["loc"])))
    if error["type"] == "missing":
        return Problem("json.missing", where, "is missing")
    if error["type"] == "extra_forbidden":
        known = {
            key for shape in (DocumentShape, PartyShape, LineShape) for key in shape.model_fields
        }
        hint = did_you_mean(str(error["loc"][-1]), known)
        return Problem("json.unknown_key", where, f"is no key of our document{hint}")
    said = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    given = error.get("input")
    quoted = f"; it is {str(given)[:60]!r}" if isinstance(given, str | int | Decimal) else ""
    return Problem("json.value", where, f"{said}{quoted}")


def _bill(shape: DocumentShape) -> Bill:
    kind, currency = BillKind(shape.kind), shape.currency
    lines = tuple(_line(n, one, shape) for n, one in enumerate(shape.lines, start=1))
    charges = _charges(shape)
    taxes = sums.breakdown(lines, charges, currency=currency)
    known = Totals(
        prepaid=_amount(shape.totals.prepaid, currency),
        rounding=_amount(shape.totals.rounding, currency),
    )
    seller, buyer = _party(shape.seller), _party(shape.buyer)
    quote = kind is BillKind.QUOTE
    referred = bool(shape.buyer_reference or shape.order_reference)
    peppol = referred and can_be_peppol(seller, buyer)
    return Bill(
        kind=kind,
        number=shape.number,
        issued_on=shape.issued_on,
        currency=currency,
        seller=seller,
        buyer=buyer,
        totals=sums.totals(lines, charges, taxes, currency=currency, known=known),
        lines=tuple(replace(line, tax=_bare(line.tax)) for line in lines),
        taxes=taxes,
        type_code=shape.type_code or _TYPE_CODES[kind],
        due_on=shape.due_on if kind is BillKind.INVOICE else None,
        valid_until=shape.valid_until,
        customization=None if quote else PEPPOL_BIS_3 if peppol else EN16931,
        process=PEPPOL_PROCESS if peppol and not quote else None,
        buyer_reference=shape.buyer_reference,
        order_reference=shape.order_reference,
        payment_terms=shape.payment_terms,
        notes=tuple(Note(text) for text in shape.notes),
        preceding=tuple(Reference(one.number, one.issued_on) for one in shape.preceding),
        delivered=_delivered(shape),
        payment_means=_payment(shape.payment),
        allowances_charges=tuple(replace(one, tax=_bare(one.tax)) for one in charges),
        attachments=tuple(_attachment(n, one) for n, one in enumerate(shape.attachments)),
    )


def _charges(shape: DocumentShape) -> tuple[AllowanceCharge, ...]:
    """The allowances and charges of the whole document."""
    return tuple(
        _charge(
            one,
            currency=shape.currency,
            is_charge=is_charge,
            tax=_tax(one.category or "S", one.percent, shape),
        )
        for is_charge, given in ((False, shape.allowances), (True, shape.charges))
        for one in given
    )


def _line(n: int, one: LineShape, shape: DocumentShape) -> Line:
    currency = shape.currency
    price = Price(net=Amount(one.price, currency), base_quantity=one.base_quantity)
    charges = tuple(
        _charge(each, currency=currency, is_charge=is_charge, tax=None)
        for is_charge, given in ((False, one.allowances), (True, one.charges))
        for each in given
    )
    return Line(
        id=one.id or str(n),
        quantity=one.quantity,
        unit=one.unit,
        net=_amount(one.net, currency) or sums.line_net(one.quantity, price, charges=charges),
        item=Item(name=one.name, description=one.description, seller_id=one.seller_id),
        price=price,
        tax=_tax(one.category, one.percent, shape),
        note=one.note,
        allowances_charges=charges,
    )


def _tax(category: str, percent: Decimal | None, shape: DocumentShape) -> Tax:
    """A category with its rate, and its reason where the document gives one or the category is one."""
    if category == "O":
        percent = None
    elif percent is None and category != "S":
        percent = Decimal(0)
    reason, code = _EXEMPTIONS.get(category, (None, None))
    for one in shape.taxes:
        if one.category == category and (one.exemption_reason or one.exemption_code):
            reason, code = one.exemption_reason, one.exemption_code
    return Tax(category=category, percent=percent, exemption_reason=reason, exemption_code=code)


def _bare(tax: Tax | None) -> Tax | None:
    """The same tax: why there is no VAT stands in the breakdown only (BT-120, BT-121)."""
    return tax and replace(tax, exemption_reason=None, exemption_code=None)


def _charge(
    one: ChargeShape, *, currency: str, is_charge: bool, tax: Tax | None
) -> AllowanceCharge:
    return AllowanceCharge(
        is_charge=is_charge,
        amount=Amount(one.amount, currency),
        reason=one.reason,
        reason_code=one.reason_code,
        tax=tax,
    )


def _amount(value: Decimal | None, currency: str) -> Amount | None:
    return None if value is None else Amount(value, currency)


def _party(one: PartyShape) -> Party:
    """A party; what a Belgian VAT number says about register and address is filled in."""
    key = company_key(one.vat)
    number = key[2:] if re.fullmatch(r"BE[0-9]{10}", key) else None
    legal = Identifier(one.legal_id, one.legal_id_scheme) if one.legal_id else None
    endpoint = Identifier(one.endpoint, one.endpoint_scheme or "0208") if one.endpoint else None
    if number:
        legal, endpoint = (
            legal or Identifier(number, "0208"),
            endpoint or Identifier(number, "0208"),
        )
    return Party(
        name=one.name,
        trading_name=one.trading_name,
        legal_id=legal,
        vat=one.vat,
        endpoint=endpoint,
        address=Address(**one.address.model_dump()),
        contact=Contact(**one.contact.model_dump()) if one.contact else None,
    )


def _payment(one: PaymentShape) -> tuple[PaymentMeans, ...]:
    if not (one.iban or one.reference or one.code):
        return ()
    account = None
    if one.iban:
        account = Account(re.sub(r"\s", "", one.iban), one.account_name, one.bic)
    code = one.code or (_CREDIT_TRANSFER if account else _NOT_DEFINED)
    return (PaymentMeans(code=code, remittance=one.reference, account=account),)


def _delivered(shape: DocumentShape) -> Delivered | None:
    one = shape.delivered
    if one is None:
        return None
    return Delivered(on=one.on, address=Address(country=one.country) if one.country else None)


def _attachment(n: int, one: AttachmentShape) -> Attachment:
    try:
        content = base64.b64decode(one.content, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise Incomplete(
            Problem("json.value", f"attachments[{n}].content", "should be base64")
        ) from fault
    return Attachment(
        id=one.name,
        description=one.description,
        content=content,
        name=one.name,
        media_type=one.media_type,
    )
