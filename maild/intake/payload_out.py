"""A bill as our JSON document: the way back of `maild.intake.payload.to_bill`."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from maild.model.bill import Bill, Line
from maild.model.party import Party


def from_bill(bill: Bill) -> dict[str, Any]:
    """The JSON document of a bill; what our document has no key for is left out."""
    totals = {
        name: amount.value
        for name in ("net", "tax", "gross", "payable", "prepaid", "rounding")
        if (amount := getattr(bill.totals, name)) is not None
    }
    value = {
        "kind": bill.kind.value,
        "number": bill.number,
        "issued_on": bill.issued_on,
        "due_on": bill.due_on,
        "valid_until": bill.valid_until,
        "currency": bill.currency,
        "type_code": bill.type_code,
        "buyer_reference": bill.buyer_reference,
        "order_reference": bill.order_reference,
        "payment_terms": bill.payment_terms,
        "seller": _party_value(bill.seller),
        "buyer": _party_value(bill.buyer),
        "lines": [_line_value(one) for one in bill.lines],
        "totals": totals,
        "notes": [one.text for one in bill.notes],
        "preceding": [{"number": one.id, "issued_on": one.issued_on} for one in bill.preceding],
    }
    if bill.payment_means:
        means = bill.payment_means[0]
        account = means.account
        value["payment"] = {
            "code": means.code,
            "reference": means.remittance,
            "iban": account.id if account else None,
            "account_name": account.name if account else None,
            "bic": account.bic if account else None,
        }
    written: dict[str, Any] = json.loads(json.dumps(value, default=_plain))
    return _without_nothing(written)


def _plain(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_nothing(one) if isinstance(one, dict) else one
        for key, one in value.items()
        if one not in (None, [], {})
    }


def _party_value(party: Party) -> dict[str, Any]:
    address, contact = party.address, party.contact
    return {
        "name": party.name,
        "trading_name": party.trading_name,
        "vat": party.vat,
        "endpoint": party.endpoint.value if party.endpoint else None,
        "endpoint_scheme": party.endpoint.scheme if party.endpoint else None,
        "legal_id": party.legal_id.value if party.legal_id else None,
        "legal_id_scheme": party.legal_id.scheme if party.legal_id else None,
        "address": {
            "street": address.street,
            "additional_street": address.additional_street,
            "city": address.city,
            "postcode": address.postcode,
            "subdivision": address.subdivision,
            "country": address.country,
        },
        "contact": contact
        and {"name": contact.name, "phone": contact.phone, "email": contact.email},
    }


def _line_value(line: Line) -> dict[str, Any]:
    tax, price = line.tax, line.price
    value = {
        "id": line.id,
        "name": line.item.name,
        "description": line.item.description,
        "quantity": line.quantity,
        "unit": line.unit,
        "price": price.net.value if price else None,
        "base_quantity": price.base_quantity if price else None,
        "net": line.net.value if line.net else None,
        "category": tax.category if tax else None,
        "percent": tax.percent if tax else None,
        "note": line.note,
        "seller_id": line.item.seller_id,
    }
    return {key: one for key, one in value.items() if one is not None}
