"""The UBL that is made of a page: valid, and marked as derived."""

from __future__ import annotations

from decimal import Decimal

import pytest

from maild.intake.paper_bill import bill_of, derived_ubl
from maild.model.figures import Rate, Value
from maild.model.money import Amount
from maild.model.paper import Paper, paper_of
from maild.ubl import document as ubl
from tests.intake.conftest import a_team
from tests.ubl.official import CenRules

VALUES: dict[str, Value | None] = {
    "doc_type": "invoice",
    "invoice_number": "2026-017",
    "issue_date": "2026-02-24",
    "currency": "EUR",
    "supplier_name": "Atelier Noord BV",
    "supplier_vat": "BE0900000147",
    "net_total": "150.00",
    "vat_total": "24.00",
    "gross_total": "174.00",
    "vat_breakdown": (Rate("21", "100.00", "21.00"), Rate("6", "50.00", "3.00")),
}
EXEMPT = "Vrijgesteld van btw, art. 44 WBTW"
EXEMPTED: dict[str, Value | None] = {
    "vat_total": "0.00",
    "net_total": "174.00",
    "vat_breakdown": (Rate("0", "174.00", "0.00"),),
    "exemption_reason": EXEMPT,
}


def paper(**values: Value | None) -> Paper:
    return paper_of(VALUES | values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"due_date": "2026-03-26", "iban": ("BE71096123456769",)},
        {"amount_due": "100.00", "structured_communication": "090933755493"},
        {"amount_due": "0.00"},
        {"supplier_vat": "NL004495445B01", "iban": ("NL91ABNA0417164300",)},
        EXEMPTED,
        {
            "doc_type": "credit_note",
            "net_total": "-150.00",
            "vat_total": "-24.00",
            "gross_total": "-174.00",
            "vat_breakdown": (Rate("21", "-100.00", "-21.00"), Rate("6", "-50.00", "-3.00")),
        },
    ],
    ids=[
        "the least",
        "account and due day",
        "prepaid",
        "paid",
        "a Dutch supplier",
        "exempt",
        "a credit note",
    ],
)
def test_it_keeps_the_rules_of_cen_and_says_that_the_supplier_did_not_issue_it(
    values: dict[str, Value | None], cen_rules: CenRules
) -> None:
    bill = bill_of(paper(**values), a_team())
    assert bill is not None
    written = derived_ubl(bill)
    assert written is not None
    assert cen_rules.broken(written) == []
    assert "not issued by the supplier" in ubl.read(written).notes[0].text
    assert b"peppol" not in written


def test_of_a_page_that_is_paid_nothing_is_due() -> None:
    bill = bill_of(paper(amount_due="0.00"), a_team())
    assert bill is not None
    assert bill.totals.payable == Amount.zero("EUR")
    assert bill.totals.prepaid == bill.totals.gross


@pytest.mark.parametrize(
    "values",
    [
        {"supplier_name": None},
        {"vat_total": "0", "net_total": "174.00", "vat_breakdown": (Rate("0", "174.00", "0"),)},
        {"vat_breakdown": (Rate("21", "100.00", "21.00"),)},
        {"vat_breakdown": ()},
        {"vat_breakdown": (), "exemption_reason": EXEMPT},
        EXEMPTED | {"supplier_vat": None, "iban": ("BE71096123456769",)},
    ],
    ids=[
        "nobody's name",
        "no VAT for a reason unsaid",
        "a row is missing",
        "no rows",
        "exempt with VAT",
        "exempt without a number",
    ],
)
def test_there_is_none_where_the_page_does_not_say_enough(values: dict[str, Value | None]) -> None:
    bill = bill_of(paper(**values), a_team())
    assert bill is not None
    assert derived_ubl(bill) is None


def test_an_exempt_page_says_so_with_its_reason() -> None:
    bill = bill_of(paper(**EXEMPTED), a_team())
    assert bill is not None
    written = derived_ubl(bill)
    assert written is not None
    [tax] = ubl.read(written).taxes
    assert (tax.tax.category, tax.tax.percent, tax.tax.exemption_reason) == (
        "E",
        Decimal(0),
        EXEMPT,
    )
    assert (tax.base, tax.amount) == (bill.totals.gross, Amount(Decimal("0.00"), "EUR"))
