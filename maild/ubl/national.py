"""What Peppol BIS Billing 3 asks of sellers of some countries: a rule of a country's own law each.

Belgium has none. Germany and Denmark have modules of their own; Greece is not written (see `GREEK`).
Source: OpenPeppol BIS Billing 3.0.21, the rules whose names begin with a country.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from stdnum.no import orgnr as no_orgnr
from stdnum.se import orgnr as se_orgnr

from maild.errors import Problem
from maild.model.bill import Bill, BillKind
from maild.model.party import Party
from maild.ubl.denmark import danish
from maild.ubl.germany import german
from maild.ubl.payment import written_means

# ISO 3166-1 and the European Union name Greece differently.
GREEK: Final = frozenset({"GR", "EL"})

_DUTCH_REGISTERS: Final = frozenset({"0106", "0190"})  # KVK, OIN
_DUTCH_MEANS: Final = frozenset({"30", "48", "49", "57", "58", "59"})
_SWEDISH_RATES: Final = frozenset(map(Decimal, (25, 12, 6)))
_ICELANDIC_REGISTER: Final = "0196"

_PLACE: Final = ("street", "city", "postcode")


def company_country(party: Party) -> str:
    """The country of a party's VAT number, or of its address."""
    return (party.vat or party.address.country or "")[:2].upper()


def seller_country(bill: Bill) -> str:
    """The seller's country as the rules see it: a tax representative's goes before his address."""
    agent = bill.tax_representative
    return company_country(agent if agent and agent.vat and not bill.seller.vat else bill.seller)


def is_domestic(bill: Bill, country: str) -> bool:
    """Whether seller and buyer both have their address in a country."""
    return {bill.seller.address.country, bill.buyer.address.country} == {country}


def national_needs(bill: Bill) -> Iterator[Problem]:
    """Name what the rules of the seller's country miss in a bill."""
    rules = _BY_ADDRESS.get(bill.seller.address.country or "")
    if rules:
        yield from rules(bill)
    rules = _BY_NUMBER.get(seller_country(bill))
    if rules:
        yield from rules(bill)


def _address(rule: str, name: str, party: Party, *parts: str) -> Iterator[Problem]:
    """Name the parts of a party's address that are not said."""
    absent = [part for part in parts if not getattr(party.address, part)]
    if absent:
        term = "BG-5" if name == "seller" else "BG-8"
        yield Problem(rule, term, f"say {' and '.join(absent)} of the {name}'s address")


def _dutch(bill: Bill) -> Iterator[Problem]:
    """NL-R-001 to NL-R-009."""
    seller, buyer, means = bill.seller, bill.buyer, written_means(bill)
    domestic = is_domestic(bill, "NL")
    if bill.kind is BillKind.CREDIT_NOTE and not any(one.id for one in bill.preceding):
        yield Problem("NL-R-001", "BG-3", "say which invoice the credit note is about (preceding)")
    yield from _address("NL-R-002", "seller", seller, *_PLACE)
    yield from _dutch_register("NL-R-003", "BT-30", seller)
    if domestic:
        yield from _address("NL-R-004", "buyer", buyer, *_PLACE)
        yield from _dutch_register("NL-R-005", "BT-47", buyer)
    agent = bill.tax_representative
    if agent and agent.address.country == "NL":
        yield from _address("NL-R-006", "tax representative", agent, *_PLACE)
    payable = bill.totals.payable.value if bill.totals.payable else Decimal(0)
    owed = -payable if bill.kind is BillKind.CREDIT_NOTE else payable
    if owed > 0 and not means:
        yield Problem("NL-R-007", "BG-16", "say how to pay")
    for one in means if domestic else ():
        if one.code not in _DUTCH_MEANS:
            said = f'"{one.code}" is no means of payment inside the Netherlands; 30 is a transfer'
            yield Problem("NL-R-008", "BT-81", said)
    ordered = bill.order_reference or bill.sales_order_reference
    if any(line.order_line for line in bill.lines) and not ordered:
        yield Problem("NL-R-009", "BT-13", "lines of an order are named; say the order too")


def _dutch_register(rule: str, term: str, party: Party) -> Iterator[Problem]:
    number = party.legal_id
    if number and number.scheme not in _DUTCH_REGISTERS:
        said = f'"{number.value}" should be a KVK or OIN number (legal_id_scheme 0106 or 0190)'
        yield Problem(rule, term, said)


def _swedish(bill: Bill) -> Iterator[Problem]:
    """SE-R-001 to SE-R-006 and SE-R-013."""
    seller = bill.seller
    legal = seller.legal_id.value if seller.legal_id else None
    registered = (seller.vat or "").startswith("SE")
    if registered and not re.fullmatch(r"SE[0-9]{12}", seller.vat or "", re.ASCII):
        said = f'"{seller.vat}" is no Swedish VAT number: SE and twelve digits'
        yield Problem("SE-R-001", "BT-31", said)
    if legal and not (re.fullmatch(r"[0-9]{10}", legal, re.ASCII) and se_orgnr.is_valid(legal)):
        said = (
            f'"{legal}" is no Swedish organisation number: ten digits, the last checks the others'
        )
        yield Problem("SE-R-013", "BT-30", said)
    if (
        legal
        and (seller.tax_registration or "godkänd för f-skatt").lower() != "godkänd för f-skatt"
    ):
        said = 'a Swedish tax registration reads "Godkänd för F-skatt"'
        yield Problem("SE-R-005", "BT-32", said)
    for one in bill.taxes if registered else ():
        if one.tax.category == "S" and one.tax.percent not in _SWEDISH_RATES:
            said = "Swedish rates of VAT are 25, 12 and 6 %"
            yield Problem("SE-R-006", "BT-119", said)


def _icelandic(bill: Bill) -> Iterator[Problem]:
    """IS-R-002 to IS-R-007."""
    parties = [("IS-R-002", "IS-R-003", "seller", bill.seller)]
    if is_domestic(bill, "IS"):
        parties.append(("IS-R-004", "IS-R-005", "buyer", bill.buyer))
    for number, place, name, party in parties:
        if not party.legal_id or party.legal_id.scheme != _ICELANDIC_REGISTER:
            said = f"say the kennitala of the {name} (legal_id, with legal_id_scheme 0196)"
            yield Problem(number, "BT-30" if name == "seller" else "BT-47", said)
        yield from _address(place, name, party, "street", "postcode")
    for one in written_means(bill):
        account = one.account.id if one.account else ""
        if one.code in {"9", "42"} and len(account) != 12:
            rule = "IS-R-006" if one.code == "9" else "IS-R-007"
            yield Problem(rule, "BT-84", f"means {one.code} needs an account of twelve digits")


def _italian(bill: Bill) -> Iterator[Problem]:
    """IT-R-001 to IT-R-004."""
    number = bill.seller.tax_registration
    if number and not re.fullmatch(r"[A-Z0-9]{11,16}", number, re.ASCII):
        said = f'"{number}" is no Italian tax number: 11 to 16 capital letters and digits'
        yield Problem("IT-R-001", "BT-32", said)
    yield from _address("IT-R-002", "seller", bill.seller, *_PLACE)


def _norwegian(bill: Bill) -> Iterator[Problem]:
    """NO-R-001."""
    number = bill.seller.vat or ""
    form = re.fullmatch(r"NO([0-9]{9})MVA", number, re.ASCII)
    if number.startswith("NO") and not (form and no_orgnr.is_valid(form[1])):
        said = f'"{number}" is no Norwegian VAT number: NO, the organisation number, and MVA'
        yield Problem("NO-R-001", "BT-31", said)


_BY_ADDRESS: Final[dict[str, Callable[[Bill], Iterator[Problem]]]] = {
    "NL": _dutch,
    "DE": german,
    "DK": danish,
    "SE": _swedish,
    "IS": _icelandic,
}
_BY_NUMBER: Final[dict[str, Callable[[Bill], Iterator[Problem]]]] = {
    "IT": _italian,
    "NO": _norwegian,
}
