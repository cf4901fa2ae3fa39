"""What maild writes, judged by the official schema and rules."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, settings

from maild.model.bill import Bill, BillKind, Note
from maild.ubl.check import check
from maild.ubl.document import read, write
from tests.builders_bill import a_bill, a_credit_note, a_pdf_attachment, a_quote
from tests.strategies_bill import bills
from tests.ubl.official import CenRules, peppol_failures

# Explaining a failure would run the judges a thousand times more.
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
judged = settings(max_examples=500, phases=PHASES, suppress_health_check=list(HealthCheck))
INVOICES = (BillKind.INVOICE, BillKind.CREDIT_NOTE)


@judged
@given(bill=bills(INVOICES))
def test_every_invoice_and_credit_note_keeps_schema_and_official_rules(
    bill: Bill, schema_errors: Callable[[bytes], list[str]], cen_rules: CenRules
) -> None:
    written = write(bill)
    assert schema_errors(written) == []
    assert cen_rules.broken(written) == []
    if bill.customization and "peppol" in bill.customization:
        assert peppol_failures(written) == []


@settings(judged, max_examples=100)
@given(bill=bills((BillKind.QUOTE,)))
def test_every_quotation_keeps_the_schema(
    bill: Bill, schema_errors: Callable[[bytes], list[str]]
) -> None:
    assert schema_errors(write(bill)) == []


@settings(judged, max_examples=100)
@given(bill=bills())
def test_a_consistent_bill_has_no_problems(bill: Bill) -> None:
    due = [one for one in check(bill) if one.code not in {"warning.due", "warning.validity"}]
    assert due == []


def test_the_official_rules_do_fire(cen_rules: CenRules) -> None:
    written = write(a_bill()).replace(b">968.00<", b">969.00<")
    assert any(one.startswith("BR-CO-15") for one in cen_rules.broken(written))
    assert "BR-CO-15" in {one.split()[0] for one in peppol_failures(written)}


def test_the_same_bill_gives_the_same_bytes() -> None:
    for build in (a_bill, a_credit_note, a_quote):
        assert write(build()) == write(build())


def test_an_invoice_is_peppol_bis_3_when_nothing_else_is_said() -> None:
    again = read(write(a_bill(customization=None, process=None, type_code=None)))
    assert again == a_bill()


def test_several_notes_become_one_where_peppol_allows_one() -> None:
    bill = a_bill(notes=(Note("one"), Note("two")))
    assert read(write(bill)).notes == (Note("one\ntwo"),)


def test_a_due_date_of_a_credit_note_stands_with_its_means_of_payment() -> None:
    credit = a_credit_note(payment_means=())
    again = read(write(credit))
    assert again.due_on == credit.due_on
    assert [one.code for one in again.payment_means] == ["1"]


def test_an_embedded_pdf_comes_back_byte_by_byte() -> None:
    pdf = a_pdf_attachment()
    assert read(write(a_bill(attachments=(pdf,)))).attachments == (pdf,)
