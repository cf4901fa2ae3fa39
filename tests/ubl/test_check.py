"""What keeps a bill from being accepted, and what is only a doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from maild.errors import Incomplete
from maild.model.bill import Account, Bill, PaymentMeans, Period, Tax, Totals
from maild.model.party import Identifier
from maild.ubl.check import check, is_warning
from maild.ubl.document import look, read, write
from tests.builders_bill import (
    a_bill,
    a_credit_note,
    a_line,
    a_party,
    a_pdf_attachment,
    a_quote,
    belgian_iban,
    eur,
    ogm,
)


def _totals(bill: Bill, **changed: Any) -> Bill:
    return replace(bill, totals=replace(bill.totals, **changed))


@pytest.mark.parametrize("build", [a_bill, a_credit_note, a_quote])
def test_a_sound_bill_has_no_problem(build: Callable[[], Bill]) -> None:
    assert check(build()) == ()


@pytest.mark.parametrize(
    ("bill", "code", "where"),
    [
        (a_bill(number=""), "BR-02", "BT-1"),
        (a_bill(issued_on=date.min), "BR-03", "BT-2"),
        (a_bill(seller=a_party(name=None)), "BR-06", "BT-27"),
        (a_bill(buyer=a_party(name=None)), "BR-07", "BT-44"),
        (replace(a_bill(), lines=()), "BR-16", "BG-25"),
        (_totals(a_bill(), payable=None), "BR-15", "BT-115"),
        (_totals(a_bill(), gross=None), "BR-14", "BT-112"),
        (_totals(a_bill(), lines=eur("800.01")), "BR-CO-10", "BT-106"),
        (_totals(a_bill(), allowances=eur("1.00")), "BR-CO-11", "BT-107"),
        (_totals(a_bill(), charges=eur("1.00")), "BR-CO-12", "BT-108"),
        (_totals(a_bill(), net=eur("799.99")), "BR-CO-13", "BT-109"),
        (_totals(a_bill(), tax=eur("168.01")), "BR-CO-14", "BT-110"),
        (_totals(a_bill(), gross=eur("968.01")), "BR-CO-15", "BT-112"),
        (_totals(a_bill(), payable=eur("900.00")), "BR-CO-16", "BT-115"),
        (_totals(a_bill(), prepaid=eur("5.00")), "BR-CO-16", "BT-115"),
        (a_bill(lines=(a_line(price=None, net=eur(1)),)), "BR-26", "line 1 BT-146"),
        (a_bill(period=Period(date(2026, 2, 1), date(2026, 1, 1))), "BR-29", "BG-14"),
        (a_bill(lines=(a_line(tax=None, net=eur(5)), a_line("2"))), "BR-CO-04", "line 1 BT-151"),
    ],
)
def test_a_fault_is_named_by_its_rule_and_business_term(bill: Bill, code: str, where: str) -> None:
    assert (code, where) in {(one.code, one.where) for one in check(bill)}


def test_the_tax_of_a_rate_may_differ_by_less_than_one_unit_as_the_official_rule_allows() -> None:
    bill = a_bill()

    def with_tax(value: str) -> set[str]:
        taxes = (replace(bill.taxes[0], amount=eur(value)),)
        return {one.code for one in check(replace(bill, taxes=taxes))}

    assert "BR-CO-17" not in with_tax("168.99")
    assert "BR-CO-17" in with_tax("169.00")


def test_a_rate_that_lines_have_and_the_breakdown_has_not_is_a_fault() -> None:
    exempt = a_line("2", tax=Tax("E", Decimal(0)))
    bill = replace(a_bill(lines=(a_line(), exempt)), taxes=a_bill().taxes)
    assert "BR-E-01" in {one.code for one in check(bill)}


def test_an_amount_in_another_currency_is_a_fault() -> None:
    usd = replace(eur("968.00"), currency="USD")
    found = {(one.code, one.where) for one in check(_totals(a_bill(), payable=usd))}
    assert ("currency", "BT-115") in found


def test_every_problem_is_told_at_once() -> None:
    bill = replace(a_bill(number="", buyer=a_party(name=None)), lines=())
    with pytest.raises(Incomplete) as caught:
        read(write(bill))
    assert {"BT-1", "BT-44", "BG-25"} <= {one.where for one in caught.value.problems}


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"seller": a_party(vat="BE0123456748")}, "warning.vat", "BT-31"),
        ({"buyer": a_party(vat="NL123456789B01")}, "warning.vat", "BT-48"),
        (
            {"seller": a_party(endpoint=Identifier("0123456740", "0208"))},
            "warning.enterprise",
            "BT-34",
        ),
        (
            {"buyer": a_party(legal_id=Identifier("BE0123456749", "0208"))},
            "warning.enterprise",
            "BT-47",
        ),
        (
            {"payment_means": (PaymentMeans("30", remittance="+++202/6000/04200+++"),)},
            "warning.ogm",
            "BT-83",
        ),
        (
            {"payment_means": (PaymentMeans("30", account=Account("BE00111400000000")),)},
            "warning.iban",
            "BT-84",
        ),
        ({"due_on": date(2026, 3, 1)}, "warning.due", "BT-9"),
        ({"type_code": "999"}, "warning.code", "BT-3"),
        (
            {"attachments": (a_pdf_attachment(content=b"PK", media_type="application/zip"),)},
            "warning.code",
            "BT-125",
        ),
    ],
)
def test_a_doubt_is_told_and_does_not_refuse(
    changed: dict[str, Any], code: str, where: str
) -> None:
    data = write(a_bill(**changed))
    assert (code, where) in {(one.code, one.where) for one in look(data).problems}
    read(data)


@pytest.mark.parametrize("n", [0, 97, 1, 2_026_000_042])
def test_right_check_digits_raise_no_doubt(n: int) -> None:
    means = PaymentMeans("30", remittance=ogm(n), account=Account(belgian_iban(n)))
    assert check(a_bill(payment_means=(means,))) == ()


def test_a_quote_that_does_not_add_up_is_passed_on_with_a_doubt() -> None:
    quote = _totals(a_quote(), gross=eur("1.00"))
    assert read(write(quote)) == quote
    assert [one.code for one in check(quote) if "BR-CO-15" in one.code] == ["warning.BR-CO-15"]


def test_a_quote_without_number_or_amount_is_refused() -> None:
    codes = {
        one.code
        for one in check(replace(a_quote(number=""), totals=Totals()))
        if not is_warning(one)
    }
    assert codes == {"BR-02", "BR-15"}


def test_sums_with_many_digits_stay_exact() -> None:
    line = a_line(quantity=Decimal(1), net=eur("999999999999999999.99"))
    bill = a_bill(lines=(line, a_line("2", net=eur("0.01"))))
    assert bill.totals.lines == eur("1000000000000000000.00")
    assert not {one.code for one in check(bill)} & {"BR-CO-10", "BR-CO-13", "BR-CO-15"}
