"""What a bill that maild writes must have: ours and the official rules say the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from maild.model.bill import (
    Account,
    AllowanceCharge,
    Bill,
    Delivered,
    PaymentMeans,
    Tax,
    TaxSubtotal,
)
from maild.model.party import Address, Identifier, Party
from maild.ubl import codes
from maild.ubl.document import write
from maild.ubl.needs import needs
from maild.ubl.units import UNITS
from tests.builders_bill import (
    a_bill,
    a_line,
    a_party,
    a_pdf_attachment,
    a_quote,
    belgian_iban,
    eur,
    settled,
)
from tests.strategies_bill import bills
from tests.ubl.official import CenRules, peppol_failures


def _with(tax: Tax, **changed: Any) -> Bill:
    """A bill whose only line has this tax; its reason stands in the breakdown."""
    bare = replace(tax, exemption_reason=None, exemption_code=None)
    bill = a_bill(lines=(a_line(tax=bare),), **changed)
    rows = (TaxSubtotal(tax, None, eur(0)),)
    return settled(replace(bill, taxes=rows))


INTRA = Tax("K", Decimal(0), exemption_code="VATEX-EU-IC")
REVERSE = Tax("AE", Decimal(0), exemption_code="VATEX-EU-AE")
DELIVERED = Delivered(on=date(2026, 3, 1), address=Address(country="FR"))
NOBODY = Party(name="x", address=Address(country="BE"), endpoint=Identifier("0123456749", "0208"))


@pytest.mark.parametrize(
    ("bill", "rule"),
    [
        (a_bill(type_code="999"), "BR-CL-01"),
        (a_bill(buyer_reference=None), "PEPPOL-EN16931-R003"),
        (a_bill(seller=a_party(endpoint=None)), "PEPPOL-EN16931-R020"),
        (a_bill(buyer=a_party(endpoint=None)), "PEPPOL-EN16931-R010"),
        (a_bill(seller=a_party(address=Address(city="Gent"))), "BR-09"),
        (a_bill(buyer=a_party(address=Address(city="Gent"))), "BR-11"),
        (a_bill(buyer=a_party(address=Address(country="ZZ"))), "BR-CL-14"),
        (a_bill(seller=a_party(vat="0123456749")), "BR-CO-09"),
        (a_bill(seller=a_party(endpoint=Identifier("1", "ZZ"))), "BR-CL-25"),
        (a_bill(seller=a_party(legal_id=Identifier("1", "9999"))), "BR-CL-11"),
        (a_bill(buyer=a_party(endpoint=Identifier("0123456740", "0208"))), "PEPPOL-COMMON-R043"),
        (a_bill(seller=NOBODY), "BR-CO-26"),
        (a_bill(seller=replace(NOBODY, legal_id=Identifier("1"))), "BR-S-02"),
        (_with(REVERSE, buyer=NOBODY), "BR-AE-02"),
        (_with(INTRA, buyer=NOBODY, delivered=DELIVERED), "BR-IC-02"),
        (_with(INTRA), "BR-IC-11"),
        (_with(INTRA), "BR-IC-12"),
        (_with(Tax("O", exemption_code="VATEX-EU-O")), "BR-O-02"),
        (_with(Tax("S", Decimal(0))), "BR-S-05"),
        (_with(Tax("E", Decimal(6), exemption_reason="x")), "BR-E-05"),
        (_with(Tax("E", Decimal(0))), "BR-E-10"),
        (_with(Tax("S", Decimal(21), exemption_reason="x")), "BR-S-10"),
        (_with(Tax("Z", Decimal(0), exemption_reason="x")), "BR-Z-10"),
        (_with(Tax("L", Decimal(7), exemption_reason="x")), "BR-AF-10"),
        (_with(Tax("E", Decimal(0), exemption_code="VATEX-NO")), "BR-CL-22"),
        (a_bill(lines=(a_line(unit="stuk"),)), "BR-CL-23"),
        (a_bill(lines=(a_line(net=eur("800.05")),)), "PEPPOL-EN16931-R120"),
        (
            a_bill(allowances_charges=(AllowanceCharge(False, eur(1), tax=a_line().tax),)),
            "BR-33",
        ),
        (
            a_bill(
                allowances_charges=(
                    AllowanceCharge(False, eur(1), reason_code="QQ", tax=a_line().tax),
                )
            ),
            "BR-CL-19",
        ),
        (
            a_bill(
                allowances_charges=(
                    AllowanceCharge(True, eur(1), reason_code="--", tax=a_line().tax),
                )
            ),
            "BR-CL-20",
        ),
        (a_bill(payment_means=(PaymentMeans("30"),)), "BR-61"),
        (a_bill(payment_means=(PaymentMeans("999", account=Account("1")),)), "BR-CL-16"),
        (
            a_bill(payment_means=(PaymentMeans("59", account=Account(belgian_iban(1))),)),
            "PEPPOL-EN16931-R061",
        ),
        (
            a_bill(attachments=(a_pdf_attachment(content=b"hi", media_type="text/plain"),)),
            "BR-CL-24",
        ),
    ],
)
def test_what_the_official_rules_miss_is_named_by_the_same_rule(
    bill: Bill, rule: str, cen_rules: CenRules
) -> None:
    written = write(bill)
    official = {one.split()[0] for one in (*cen_rules.broken(written), *peppol_failures(written))}
    assert rule in official
    assert rule in {one.code for one in needs(bill)}


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(bill=bills())
def test_a_bill_that_keeps_the_rules_needs_nothing(bill: Bill) -> None:
    assert list(needs(bill)) == []


def test_a_quote_is_held_to_no_rule_of_invoices() -> None:
    assert list(needs(a_quote(buyer=Party(name="x"), lines=(a_line(unit="stuk"),)))) == []


def test_more_than_two_decimals_are_named() -> None:
    tax = a_line().tax
    bill = a_bill(allowances_charges=(AllowanceCharge(False, eur("1.005"), reason="x", tax=tax),))
    assert "BT-92" in {one.where for one in needs(bill)}


def test_the_units_and_lists_are_the_official_ones(official_codes: dict[str, set[str]]) -> None:
    assert official_codes["BR-CL-23"] == UNITS
    assert official_codes["BR-CL-03"] == codes.CURRENCIES
    assert official_codes["BR-CL-14"] == codes.COUNTRIES
    assert official_codes["BR-CL-11"] == codes.REGISTERS
    assert official_codes["BR-CL-16"] == codes.PAYMENT_MEANS
    assert official_codes["BR-CL-19"] == codes.ALLOWANCE_REASONS
    assert official_codes["BR-CL-20"] == codes.CHARGE_REASONS
    assert official_codes["BR-CL-22"] == codes.EXEMPTIONS
    assert official_codes["BR-CL-25"] == codes.EAS
    assert official_codes["BR-CL-17"] == codes.VAT_CATEGORIES
