"""What documents add up to: for any bills, what they say themselves and nothing else."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from maild.exports import sums
from maild.exports.entries import Entry, entry_of
from maild.exports.sums import Sums
from maild.model.bill import Bill, BillKind
from maild.model.document import Counterparty, Direction, kind_of
from tests.builders_bill import a_bill, a_line
from tests.store.builders import a_document
from tests.strategies_bill import bills

KINDS = (BillKind.INVOICE, BillKind.CREDIT_NOTE)


def an_entry(bill: Bill, direction: Direction = Direction.SALES) -> Entry:
    """A document with that bill, as the index tells of it."""
    other = bill.buyer if direction is Direction.SALES else bill.seller
    document = a_document(
        kind=kind_of(bill.kind, direction),
        direction=direction,
        number=bill.number,
        total=bill.totals.gross,
        counterparty=Counterparty(other.name, other.vat),
    )
    return entry_of(document, bill, on=bill.issued_on, files=(), missing=(), part=1)


@settings(max_examples=40)
@given(st.lists(st.tuples(bills(KINDS), st.sampled_from(Direction)), max_size=3))
def test_the_sums_are_those_of_the_bills_credits_taken_off(
    found: list[tuple[Bill, Direction]],
) -> None:
    told = Sums()
    amounts: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    gross: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for bill, direction in found:
        told.add(an_entry(bill, direction), bill)
        sign = -1 if bill.kind is BillKind.CREDIT_NOTE else 1
        for one in bill.taxes:
            amounts[direction, bill.currency, one.tax.category] += sign * one.amount.value
        assert bill.totals.gross is not None
        gross[direction, bill.currency] += sign * bill.totals.gross.value
    by_category: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for (way, currency, category, _), total in told.rates.items():
        by_category[way, currency, category] += total.amount
    assert by_category == amounts
    by_currency: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for (way, _, currency), whole in told.gross.items():
        by_currency[way, currency] += whole.total
    assert by_currency == gross
    assert sum(one.documents for one in told.gross.values()) == len(found)


def test_a_contact_is_told_as_its_latest_document_names_it() -> None:
    told = Sums()
    old = a_bill(number="F-2", issued_on=date(2026, 3, 1))
    new = a_bill(number="F-1", issued_on=date(2026, 3, 20))
    new = replace(new, buyer=replace(new.buyer, name="Beta Groep NV"))
    for bill in (new, old):
        told.add(an_entry(bill), bill)
    [seen] = told.contacts.values()
    assert (seen.role, seen.party.name, seen.documents) == ("customer", "Beta Groep NV", 2)


def test_an_item_is_counted_over_its_lines_and_taken_off_by_credits() -> None:
    told = Sums()
    line = a_line("1")
    sold = a_bill(number="F-1", lines=(line, replace(line, id="2")))
    back = replace(sold, kind=BillKind.CREDIT_NOTE, number="C-1", lines=(line,))
    for bill in (sold, back):
        told.add(an_entry(bill), bill)
    [seen] = told.items.values()
    assert line.net is not None
    assert (seen.lines, seen.quantity, seen.net) == (3, line.quantity, line.net.value)


def test_numbers_that_nobody_means_are_left_out_of_the_sums() -> None:
    bill = a_bill(number="F-1")
    entry = replace(an_entry(bill), total=Decimal("1E+999999"))
    told = Sums()
    told.add(entry, bill)
    [total] = told.gross.values()
    assert total.total == 0


def test_beyond_a_bound_contacts_and_items_are_not_kept() -> None:
    told = Sums()
    most = sums.MOST
    told.contacts.update({("customer", str(n)): None for n in range(most)})  # type: ignore[misc]
    told.add(an_entry(a_bill(number="F-1")), a_bill(number="F-1"))
    assert len(told.contacts) == most
    assert told.crowded
