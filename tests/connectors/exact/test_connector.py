"""What is booked: entries, their document and files, customers and suppliers; each once."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.exact_booking import EntryLine, ItemWanted, Partner
from maild.errors import ProfileMismatch, Refused
from maild.model.document import Kind, Role
from maild.model.party import Address, Party
from tests.connectors.exact.bench import ExactBench
from tests.connectors.goods import THE_PDF, a_relay_parcel, an_enclosure, goods
from tests.letters.builders import eur

PEETERS = Party(name="Bakkerij Peeters", vat="BE0766123457", address=Address(country="BE"))


async def test_an_invoice_is_an_entry_with_its_document_and_files(bench: ExactBench) -> None:
    reply = await bench.deliver(bench.parcel("2026-0412", buyer=PEETERS))
    [entry] = bench.server.rows("salesentry/SalesEntries")
    assert reply == (
        f"entry {entry['EntryNumber']} in journal 70 of division {bench.division} with its document"
        " and 2 files"
    )
    assert (entry["YourRef"], entry["AmountFC"], entry["Type"]) == (
        "2026-0412",
        Decimal("1234.50"),
        20,
    )
    [document] = bench.server.rows("documents/Documents")
    assert entry["Document"] == document["ID"]
    assert document["FinancialTransactionEntryID"] == entry["EntryID"]
    files = bench.server.rows("documents/DocumentAttachments")
    assert {row["FileName"]: row["Document"] for row in files} == {
        "factuur-2026-0412.pdf": document["ID"],
        "factuur-2026-0412.xml": document["ID"],
    }
    assert files[0]["Attachment"] == THE_PDF
    [customer] = bench.server.rows("crm/Accounts")
    assert (customer["ID"], customer["Status"]) == (entry["Customer"], "C")
    assert customer["VATNumber"] == "BE0766123457"


async def test_a_second_invoice_of_a_customer_needs_six_calls(bench: ExactBench) -> None:
    connector = bench.connector
    for number in ("1", "2"):
        before = len(bench.server.journal)
        await connector.deliver(bench.parcel(number, buyer=PEETERS), point_of_no_return=_crossed)
    assert [one.call for one in bench.server.journal[before:]] == [
        "GET crm/Accounts",
        "GET salesentry/SalesEntries",
        "POST salesentry/SalesEntries",
        "POST documents/Documents",
        "POST documents/DocumentAttachments",
        "POST documents/DocumentAttachments",
    ]


@pytest.mark.parametrize(
    ("kind", "entity", "type_"),
    [
        (Kind.CREDIT_NOTE, "salesentry/SalesEntries", 21),
        (Kind.PURCHASE_INVOICE, "purchaseentry/PurchaseEntries", 30),
        (Kind.PURCHASE_CREDIT_NOTE, "purchaseentry/PurchaseEntries", 31),
    ],
)
async def test_every_kind_of_bill_is_booked_once(
    bench: ExactBench, kind: Kind, entity: str, type_: int
) -> None:
    for _ in range(2):
        await bench.deliver(bench.parcel("2026-0412", kind))
    [entry] = bench.server.rows(entity)
    assert entry["Type"] == type_
    assert bench.there() == ["2026-0412"]
    assert len(bench.server.rows("documents/DocumentAttachments")) == 2


async def test_a_credit_note_with_the_number_of_an_invoice_is_another_entry(
    bench: ExactBench,
) -> None:
    for kind in (Kind.INVOICE, Kind.CREDIT_NOTE):
        for _ in range(2):
            await bench.deliver(bench.parcel("100", kind))
    assert [row["Type"] for row in bench.server.rows("salesentry/SalesEntries")] == [20, 21]


async def test_what_a_person_booked_by_hand_is_completed_and_not_booked_again(
    bench: ExactBench,
) -> None:
    await bench.deliver(bench.parcel("1"))
    reply = await bench.deliver(bench.parcel("1"))
    assert "booked before, with its document and 2 files" in reply
    for path in ("documents/DocumentAttachments", "documents/Documents"):
        bench.server.book().rows(path).clear()
    for row in bench.server.rows("salesentry/SalesEntries"):
        row["Document"] = None
    await bench.deliver(bench.parcel("1"))
    assert bench.there() == ["1"]
    assert len(bench.files()) == 2


async def test_the_same_reference_with_another_amount_is_told_and_not_booked(
    bench: ExactBench,
) -> None:
    await bench.deliver(bench.parcel("1"))
    totals = {"net": eur("1.00"), "tax": eur("0.21"), "gross": eur("1.21"), "payable": eur("1.21")}
    other = bench.parcel("1")
    assert other.consignment
    assert other.consignment.document.bill
    bill = other.consignment.document.bill
    bill = replace(bill, totals=replace(bill.totals, **totals))
    document = replace(other.consignment.document, bill=bill)
    changed = replace(other, consignment=replace(other.consignment, document=document))
    with pytest.raises(Refused, match=r"1 is entry \d+ in journal 70 .* already, with 1234.5"):
        await bench.deliver(changed)
    assert changed.consignment
    wanted = replace(changed, consignment=replace(changed.consignment, correction=True))
    await bench.deliver(wanted)
    assert bench.there() == ["1", "1"]


KNOWN: dict[str, tuple[dict[str, Any], Partner]] = {
    "by VAT number": (
        {"VATNumber": "BE0766123457"},
        Partner("Peeters", vat="BE0766123457", values={"Name": "Peeters"}),
    ),
    "by VAT number with points": (
        {"VATNumber": "BE 0766.123.457"},
        Partner("Peeters", vat="BE0766123457", values={"Name": "Peeters"}),
    ),
    "by enterprise number": (
        {"ChamberOfCommerce": "0766.123.457"},
        Partner("Peeters", enterprise="0766123457", values={"Name": "Peeters"}),
    ),
    "by code": ({"Code": "25"}, Partner("Peeters", code="25", values={"Name": "Peeters"})),
    "by name": ({}, Partner("Bakkerij O'Peeters", values={"Name": "Bakkerij O'Peeters"})),
}


@pytest.mark.parametrize(("row", "partner"), KNOWN.values(), ids=KNOWN)
async def test_a_customer_who_is_there_is_found(
    bench: ExactBench, row: dict[str, Any], partner: Partner
) -> None:
    values = {"Name": "Bakkerij O'Peeters", "Status": "C"} | row
    known = bench.server.add("crm/Accounts", **values)
    bench.server.add("crm/Accounts", Name="Somebody else", Status="C", Code="7")
    bench.changes["partner"] = partner
    await bench.deliver(bench.parcel("1"))
    [entry] = bench.server.rows("salesentry/SalesEntries")
    assert entry["Customer"] == known["ID"]
    assert "POST crm/Accounts" not in bench.server.counters


async def test_a_prospect_becomes_a_customer_and_keeps_what_he_has(bench: ExactBench) -> None:
    bench.server.add(
        "crm/Accounts", Name="Peeters NV", VATNumber="BE0766123457", Status="P", Email="a@b.example"
    )
    values = {"Name": "Peeters", "Email": "c@d.example", "ChamberOfCommerce": "0766123457"}
    bench.changes["partner"] = Partner("Peeters", vat="BE0766123457", values=values)
    await bench.deliver(bench.parcel("1"))
    [account] = bench.server.rows("crm/Accounts")
    assert (account["Status"], account["Name"]) == ("C", "Peeters NV")
    assert (account["Email"], account["ChamberOfCommerce"]) == ("a@b.example", "0766123457")
    assert bench.server.counters["PUT crm/Accounts"] == 1


async def test_a_customer_who_sells_to_us_becomes_a_supplier_too(bench: ExactBench) -> None:
    bench.server.add("crm/Accounts", Name="Peeters", VATNumber="BE0766123457", Status="C")
    await bench.deliver(bench.parcel("1", Kind.PURCHASE_INVOICE, seller=PEETERS))
    [account] = bench.server.rows("crm/Accounts")
    assert (account["Status"], account["IsSupplier"]) == ("C", True)


async def test_of_two_accounts_the_customer_is_taken_and_of_two_customers_a_person_chooses(
    bench: ExactBench,
) -> None:
    for status in ("P", "C"):
        bench.server.add("crm/Accounts", Name="Peeters", VATNumber="BE0766123457", Status=status)
    await bench.deliver(bench.parcel("1", buyer=PEETERS))
    bench.server.add("crm/Accounts", Name="Peeters", VATNumber="BE0766123457", Status="C")
    with pytest.raises(ProfileMismatch, match=r"several accounts .* \(codes 2, 3\); merge them"):
        await bench.deliver(bench.parcel("2", buyer=PEETERS))
    assert bench.there() == ["1"]


async def test_a_code_that_the_division_does_not_have_holds_and_sends_nothing(
    bench: ExactBench,
) -> None:
    bench.changes["lines"] = (EntryLine("799999", {"AmountFC": "1"}), EntryLine("700000", {}))
    with pytest.raises(ProfileMismatch, match=r"has no G/L account 799999; correct the accounts"):
        await bench.deliver(bench.parcel("1"))
    assert not [one for one in bench.calls() if not one.startswith("GET")]


async def test_items_are_made_when_they_are_not_there(bench: ExactBench) -> None:
    there = bench.server.rows("logistics/Items")[0]["Code"]
    bench.changes["items"] = (
        ItemWanted(there, {"Description": "x"}),
        ItemWanted("BOL-1", {"Description": "Bolus"}),
    )
    for number in ("1", "2"):
        await bench.deliver(bench.parcel(number))
    assert bench.server.counters["POST logistics/Items"] == 1
    assert bench.server.rows("logistics/Items")[-1]["Description"] == "Bolus"


async def test_a_large_file_is_sent_from_the_disk_piece_by_piece(
    bench: ExactBench, tmp_path: Path
) -> None:
    class Large:
        """A file of 3 MB that is never read whole."""

        longest = 0
        content = bytes(range(256)) * 12_000 + b"x"

        def __len__(self) -> int:
            return len(self.content)

        def read(self, size: int | None = None, *, start: int = 0) -> bytes:
            assert size is not None
            self.longest = max(self.longest, size)
            return self.content[start : start + size]

    large = Large()
    pdf = replace(an_enclosure("groot.pdf", "application/pdf", b"", Role.PDF), content=large)
    parcel = a_relay_parcel(replace(goods("1"), files=(pdf,)), address=bench.division)
    await bench.deliver(parcel)
    [row] = bench.server.rows("documents/DocumentAttachments")
    assert row["Attachment"] == large.content
    assert large.longest <= 1 << 20


async def _crossed() -> None:
    return
