"""What maild reads in a file, as the JSON object that `maild inspect --json` prints.

The keys are fixed. Amounts are decimal strings as the document writes them, dates are ISO.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from maild.errors import Problem
from maild.model.bill import Attachment, Bill, PaymentMeans, TaxSubtotal
from maild.model.money import Amount
from maild.model.party import Party
from maild.ubl.check import NO_DATE, check
from maild.ubl.dialects import detect
from maild.ubl.document import Look


def describe(seen: Look | Bill, *, file: str, direction: str | None = None) -> dict[str, Any]:
    """Describe a document. `direction` is "sales" or "purchase", or None when no team was asked."""
    if isinstance(seen, Bill):
        kind, problems = seen.kind.value, check(seen)
        bill, dialect = seen, detect(seen.customization, seen.process).name
    else:
        kind, problems = seen.kind.value if seen.kind else "other", seen.problems
        bill, dialect = seen.bill, seen.dialect.name
    return _blank(file, kind=kind, direction=direction) | {
        "type_code": bill.type_code,
        "buyer_reference": bill.buyer_reference,
        "number": bill.number or None,
        "issued_on": None if bill.issued_on == NO_DATE else bill.issued_on.isoformat(),
        "due_on": _date(bill.due_on),
        "currency": bill.currency or None,
        "seller": _party(bill.seller),
        "buyer": _party(bill.buyer),
        "totals": _totals(bill),
        "taxes": [_tax(one) for one in bill.taxes],
        "lines": len(bill.lines),
        "payment": _payment(bill.payment_means),
        "dialect": dialect,
        "attachments": [_attachment(one) for one in bill.attachments],
        "problems": problems_json(problems),
    }


def describe_unknown(file: str, problems: Sequence[Problem]) -> dict[str, Any]:
    """Describe a file that could not be read at all: every key, and why nothing is known."""
    return _blank(file, kind="unknown", direction=None) | {"problems": problems_json(problems)}


def _blank(file: str, *, kind: str, direction: str | None) -> dict[str, Any]:
    """Every key in its order, with nothing known yet."""
    nobody = {"name": None, "vat": None, "endpoint": None}
    return {
        "file": file,
        "kind": kind,
        "direction": direction,
        "type_code": None,
        "buyer_reference": None,
        "number": None,
        "issued_on": None,
        "due_on": None,
        "currency": None,
        "seller": nobody,
        "buyer": dict(nobody),
        "totals": {"net": None, "tax": None, "gross": None, "payable": None},
        "taxes": [],
        "lines": 0,
        "payment": {"iban": None, "reference": None},
        "dialect": None,
        "attachments": [],
        "problems": [],
    }


def _party(party: Party) -> dict[str, str | None]:
    endpoint = party.endpoint.value if party.endpoint else None
    return {"name": party.name, "vat": party.vat, "endpoint": endpoint}


def _totals(bill: Bill) -> dict[str, str | None]:
    totals = bill.totals
    return {
        "net": _amount(totals.net),
        "tax": _amount(totals.tax),
        "gross": _amount(totals.gross),
        "payable": _amount(totals.payable),
    }


def _tax(one: TaxSubtotal) -> dict[str, str | None]:
    return {
        "category": one.tax.category or None,
        "percent": _number(one.tax.percent),
        "base": _amount(one.base),
        "amount": _amount(one.amount),
    }


def _payment(means: Sequence[PaymentMeans]) -> dict[str, str | None]:
    """The first account and the first communication: a document may give a way to pay for each."""
    return {
        "iban": next((one.account.id for one in means if one.account), None),
        "reference": next((one.remittance for one in means if one.remittance), None),
    }


def _attachment(one: Attachment) -> dict[str, Any]:
    content = one.content
    return {
        "name": one.name or one.id or None,
        "media_type": one.media_type,
        "size": None if content is None else len(content),
        "sha256": None if content is None else hashlib.sha256(content).hexdigest(),
    }


def problems_json(problems: Sequence[Problem]) -> list[dict[str, str]]:
    """Problems as objects."""
    return [{"code": one.code, "where": one.where, "message": one.message} for one in problems]


def _date(value: date | None) -> str | None:
    return value.isoformat() if value else None


def _amount(amount: Amount | None) -> str | None:
    return None if amount is None else _number(amount.value)


def _number(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
