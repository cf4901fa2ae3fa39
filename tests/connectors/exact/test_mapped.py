"""Documents of every sort go by the team's mapping into the books, to the cent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from maild.connectors.exact import ExactConnector
from maild.connectors.exact_entry import booking_of
from maild.errors import ProfileMismatch
from maild.model.bill import Bill, Item, Tax
from maild.model.document import Direction, kind_of
from maild.model.team import Team
from tests.builders_bill import a_bill, a_credit_note, a_line, a_party, enterprise_number, eur
from tests.connectors.conftest import Crossing
from tests.connectors.exact.bench import ExactBench
from tests.connectors.exact.mapping import MAPPING, team_of
from tests.connectors.goods import a_relay_parcel, goods

SUPPLIER = a_party("Leverancier NV", enterprise_number(5_123_456))
SOME = (
    a_line("1", net=eur("99.99"), price=None, item=Item("Stadsfiets", seller_id="FIETS-9")),
    a_line("2", net=eur("0.03"), price=None, item=Item("Ventiel")),
    a_line("3", net=eur("45.10"), price=None, tax=Tax("S", Decimal(6)), item=Item("Boek")),
    a_line("4", net=eur("80.00"), price=None, item=Item("Uur", seller_id="UUR-1")),
)
CASES = {
    "an invoice": (a_bill(number="2026-0001", lines=SOME), Direction.SALES),
    "a credit note": (a_credit_note(number="CN-1", lines=SOME), Direction.SALES),
    "a purchase": (a_bill(number="F-77", seller=SUPPLIER, lines=SOME), Direction.PURCHASE),
    "a purchase's credit": (
        a_credit_note(number="F-78", seller=SUPPLIER, lines=SOME),
        Direction.PURCHASE,
    ),
}


async def book(bench: ExactBench, team: Team, bill: Bill, direction: Direction) -> str:
    plain = goods(bill.number, kind_of(bill.kind, direction))
    document = replace(plain.document, bill=bill, direction=direction, number=bill.number)
    parcel = a_relay_parcel(replace(plain, team=team, document=document), address=bench.division)
    connector = ExactConnector(
        bench.api(), booking=lambda one: booking_of(one.team, one.document), now=bench.now
    )
    try:
        return await connector.deliver(parcel, point_of_no_return=Crossing())
    finally:
        await connector.close()


@pytest.mark.parametrize("lines", ["grouped", "each"])
async def test_every_sort_of_document_is_booked_to_the_cent(bench: ExactBench, lines: str) -> None:
    bench.server.world.books[740001].years[2026].clear()  # every month is open
    team = team_of(f'lines = "{lines}"\nmake_items = true\n{MAPPING}')
    for bill, direction in CASES.values():
        await book(bench, team, bill, direction)
        await book(bench, team, bill, direction)  # once is enough
    sales = bench.server.rows("salesentry/SalesEntries")
    purchases = bench.server.rows("purchaseentry/PurchaseEntries")
    gross = Decimal("265.63")  # 180.02 and its 37.80, 45.10 and its 2.71
    assert [(row["Journal"], row["Type"], row["AmountFC"]) for row in sales] == [
        ("70", 20, gross),
        ("71", 21, -gross),
    ]
    assert [(row["Journal"], row["Type"], row["AmountFC"]) for row in purchases] == [
        ("60", 30, gross),
        ("60", 31, -gross),
    ]
    assert [row["VATAmountFC"] for row in sales] == [Decimal("40.51"), Decimal("-40.51")]
    accounts = [
        (str(row["Name"]), row["Status"], row.get("IsSupplier"))
        for row in bench.server.rows("crm/Accounts")
    ]
    assert accounts == [("Beta NV", "C", None), ("Leverancier NV", None, True)]
    items = {str(row["Code"]) for row in bench.server.rows("logistics/Items")}
    assert items >= {"FIETS-9", "UUR-1"}


async def test_a_code_that_is_missing_costs_no_call(bench: ExactBench) -> None:
    team = team_of(MAPPING.replace('"S 6" = "3"\n', "", 1))
    before = len(bench.server.journal)
    with pytest.raises(ProfileMismatch, match=r'team\.acme\.exact\.sales\.vat\."S 6"'):
        await book(bench, team, *CASES["an invoice"])
    assert len(bench.server.journal) == before
