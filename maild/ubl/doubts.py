"""Doubts about a bill: check digits that fail, dates in an odd order, codes that no list has.

They are told and never a reason to refuse: real documents have mistyped numbers, sample invoices
are full of made-up ones (purchase_reading.md A2), and the accountant wants to see both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from stdnum.be import ogm_vcs
from stdnum.nl import btw as nl_vat

from maild.errors import Problem
from maild.model.bill import Bill, PaymentMeans, Tax
from maild.model.party import Identifier, Party
from maild.ubl.check_digits import is_belgian_number, is_iban
from maild.ubl.codes import EAS, MEDIA_TYPES, TYPE_CODES, VAT_CATEGORIES

# "+++123/4567/89012+++", also printed with stars: only what looks like one is checked.
_OGM = re.compile(r"(\+\+\+|\*\*\*)\s*(\d{3}/?\d{4}/?\d{5})\s*(\+\+\+|\*\*\*)", re.ASCII)

# Payments to an account by credit transfer: 30 and SEPA's 58 (UNCL4461).
_TRANSFERS = frozenset({"30", "58"})

_ENTERPRISE_NUMBER = "0208"


def doubts(bill: Bill) -> Iterator[Problem]:
    """Tell every doubt about a bill."""
    yield from _party(bill.seller, vat="BT-31", legal_id="BT-30", endpoint="BT-34")
    yield from _party(bill.buyer, vat="BT-48", legal_id="BT-47", endpoint="BT-49")
    for means in bill.payment_means:
        yield from _payment(means)
    if bill.due_on and bill.due_on < bill.issued_on:
        yield _doubt(
            "due", "BT-9", f"it is due on {bill.due_on}, before it was issued on {bill.issued_on}"
        )
    if bill.valid_until and bill.valid_until < bill.issued_on:
        yield _doubt(
            "validity",
            "cac:ValidityPeriod",
            f"the offer ends on {bill.valid_until}, before it was made on {bill.issued_on}",
        )


def code_doubts(bill: Bill) -> Iterator[Problem]:
    """Tell which codes of a bill that follows EN 16931 are in no list."""
    if bill.kind in TYPE_CODES and bill.type_code not in TYPE_CODES[bill.kind]:
        yield _doubt("code", "BT-3", f'"{bill.type_code or ""}" is no type code of UNCL1001 for it')
    categories: list[tuple[str, Tax]] = [("BT-118", one.tax) for one in bill.taxes]
    categories += [(f"line {n} BT-151", one.tax) for n, one in enumerate(bill.lines, 1) if one.tax]
    for term, tax in categories:
        if tax.category not in VAT_CATEGORIES:
            yield _doubt("code", term, f'"{tax.category}" is no VAT category of UNCL5305')
    for term, party in (("BT-34", bill.seller), ("BT-49", bill.buyer)):
        if party.endpoint and party.endpoint.scheme not in EAS:
            scheme = party.endpoint.scheme or ""
            yield _doubt("code", term, f'"{scheme}" is no scheme of electronic addresses (EAS)')
    for one in bill.attachments:
        if one.content is not None and one.media_type not in MEDIA_TYPES:
            said = one.media_type or "no media type"
            yield _doubt(
                "code", "BT-125", f'"{one.name or one.id}" is {said}, which no bill may hold'
            )


def _party(party: Party, *, vat: str, legal_id: str, endpoint: str) -> Iterator[Problem]:
    country = (party.vat or "")[:2].upper()
    if party.vat and country == "BE" and not is_belgian_number(party.vat):
        yield _doubt("vat", vat, f'the VAT number "{party.vat}" has a wrong check digit')
    if party.vat and country == "NL" and not nl_vat.is_valid(party.vat):
        yield _doubt("vat", vat, f'the VAT number "{party.vat}" has a wrong check digit')
    for term, number in ((legal_id, party.legal_id), (endpoint, party.endpoint)):
        if _is_wrong_enterprise_number(number):
            yield _doubt(
                "enterprise",
                term,
                f'"{number.value if number else ""}" is no Belgian enterprise number: '
                "ten digits, of which the last two check the others",
            )


def _payment(means: PaymentMeans) -> Iterator[Problem]:
    said = means.remittance or ""
    if (match := _OGM.fullmatch(said)) and not ogm_vcs.is_valid(match[2]):
        yield _doubt(
            "ogm", "BT-83", f'the structured communication "{said}" has a wrong check digit'
        )
    number = means.account.id if means.account else ""
    if means.code in _TRANSFERS and number[:2].isalpha() and not is_iban(number):
        yield _doubt(
            "iban", "BT-84", f'the IBAN "{number}" has wrong check digits or a wrong length'
        )


def _is_wrong_enterprise_number(number: Identifier | None) -> bool:
    if number is None or number.scheme != _ENTERPRISE_NUMBER:
        return False
    return len(number.value) != 10 or not is_belgian_number(number.value)


def _doubt(code: str, where: str, message: str) -> Problem:
    return Problem(code=f"warning.{code}", where=where, message=message)
