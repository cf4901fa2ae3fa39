"""The quick reading of figures says what the whole reading says, less what is not asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given

from maild.errors import Unreadable
from maild.model.bill import Bill, Item, Line, PaymentMeans, Price
from maild.ubl.document import look, read, write
from maild.ubl.figures import read_figures
from tests.builders_bill import a_bill
from tests.strategies_bill import bills
from tests.ubl.conftest import Expected


def bare(bill: Bill) -> Bill:
    """A bill with nothing but its figures."""
    return Bill(
        kind=bill.kind,
        number=bill.number,
        issued_on=bill.issued_on,
        currency=bill.currency,
        seller=bill.seller,
        buyer=bill.buyer,
        totals=bill.totals,
        taxes=bill.taxes,
        due_on=bill.due_on,
        payment_means=tuple(
            PaymentMeans(code=one.code, account=replace(one.account, name=None, bic=None))
            for one in bill.payment_means
            if one.account
        ),
        lines=tuple(_bare_line(one) for one in bill.lines),
    )


def _bare_line(line: Line) -> Line:
    item, price = line.item, line.price
    return Line(
        id="",
        quantity=line.quantity,
        unit=line.unit,
        net=line.net,
        item=Item(item.name, item.description, item.seller_id),
        price=Price(price.net, base_quantity=price.base_quantity) if price else None,
        tax=line.tax,
    )


@given(bills())
def test_the_figures_of_any_bill_are_those_of_the_whole_reading(bill: Bill) -> None:
    content = write(bill)
    assert read_figures(content) == bare(read(content))


def test_the_figures_of_every_bill_of_the_corpus_are_those_of_the_whole_reading(
    corpus: Callable[[str], bytes], whole_documents: list[Expected]
) -> None:
    taken = [one["file"] for one in whole_documents if one["valid"]]
    for name in taken:
        seen = look(corpus(name))
        if seen.kind is not None:
            assert read_figures(corpus(name)) == bare(seen.bill), name
    assert len(taken) == 243


@pytest.mark.parametrize("content", [b"", b"<a/>", write(a_bill()).replace(b"2026-03", b"2026-99")])
def test_what_is_no_bill_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_figures(content)
