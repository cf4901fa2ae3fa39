"""A package of a period: what is in it, what it adds up to, and that it is the same each time."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from maild.errors import MaildError
from maild.model.bill import Bill
from maild.model.delivery import State
from maild.model.document import Counterparty, Direction, Kind
from maild.model.export import Form
from maild.store import deliveries, documents
from maild.store.database import Tx
from tests.builders_bill import a_bill, a_credit_note, a_party
from tests.exports.conftest import DUE, IN_TIME, Books, Packed
from tests.spine.papers import SUPPLIER
from tests.store.builders import LEASE, claimed, handed_over, stored_delivery


def an_invoice(number: str, **changes: object) -> Bill:
    """An invoice of March."""
    return replace(a_bill(number=number, issued_on=date(2026, 3, 12)), **changes)  # type: ignore[arg-type]


def bought(number: str) -> Bill:
    """An invoice of a supplier."""
    seller = a_party("Papier NV", SUPPLIER)
    return an_invoice(number, seller=seller, buyer=a_party("Acme BV"))


async def test_a_package_holds_the_documents_of_its_period_in_folders_that_sort(
    books: Books,
) -> None:
    await books.file(an_invoice("F-002"))
    await books.file(an_invoice("F-001", issued_on=date(2026, 3, 31)))
    await books.file(replace(a_credit_note(number="C-001"), issued_on=date(2026, 3, 1)))
    await books.file(bought("P/77"), sold=False, extra=[("bijlage.txt", b"uren")])
    await books.file(an_invoice("F-003", issued_on=date(2026, 4, 1)))
    packed = await books.pack()
    assert packed.documents == [
        "purchase/invoice/2026-03-12_P-77_Papier NV.pdf",
        "purchase/invoice/2026-03-12_P-77_Papier NV.xml",
        "purchase/invoice/2026-03-12_P-77_Papier NV_bijlage.txt",
        "sales/credit_note/2026-03-01_C-001_Beta NV.pdf",
        "sales/credit_note/2026-03-01_C-001_Beta NV.xml",
        "sales/invoice/2026-03-12_F-002_Beta NV.pdf",
        "sales/invoice/2026-03-12_F-002_Beta NV.xml",
        "sales/invoice/2026-03-31_F-001_Beta NV.pdf",
        "sales/invoice/2026-03-31_F-001_Beta NV.xml",
    ]
    assert [name for name in packed.names if "/" not in name] == [
        "index.json",
        "index.csv",
        "totals.csv",
        "contacts.csv",
        "items.csv",
        "remarks.csv",
        "index.xlsx",
    ]


async def test_every_file_of_the_index_is_there_with_its_hash(books: Books) -> None:
    await books.file(an_invoice("F-001"), extra=[("a.txt", b"1"), ("a.txt", b"2")])
    await books.file(bought("P-1"), sold=False)
    packed = await books.pack()
    told = {
        held["path"]: held["sha256"] for one in packed.index["documents"] for held in one["files"]
    }
    assert sorted(told) == sorted(packed.documents)
    for path, sha256 in told.items():
        assert hashlib.sha256(packed.read(path)).hexdigest() == sha256


async def test_the_same_order_gives_the_same_bytes_whatever_came_since(books: Books) -> None:
    for number in range(20):
        await books.file(an_invoice(f"F-{number:03}"))
    first = await books.pack()
    await books.file(an_invoice("F-999"), accepted_at=DUE + timedelta(seconds=1))
    await books.file(an_invoice("F-998"), accepted_at=DUE + timedelta(days=40))
    assert (await books.pack()).parts == first.parts


async def test_what_comes_late_is_in_the_supplement_and_nowhere_else(books: Books) -> None:
    await books.file(an_invoice("F-001"))
    await books.file(an_invoice("F-002"), accepted_at=DUE + timedelta(days=2))
    later = DUE + timedelta(days=30)
    april = await books.pack(books.order("2026-04", accepted_by=later))
    supplement = await books.pack(books.order(accepted_by=later, after=DUE, supplement=1))
    assert april.documents == []
    assert supplement.documents == [
        "sales/invoice/2026-03-12_F-002_Beta NV.pdf",
        "sales/invoice/2026-03-12_F-002_Beta NV.xml",
    ]
    assert supplement.index["label"] == "2026-03 supplement 1"


async def test_a_document_without_a_date_counts_by_the_day_on_which_it_came(books: Books) -> None:
    # 23:30 in UTC on the last of March is the first of April in Brussels.
    late = IN_TIME.replace(day=31, hour=23)
    await books.file(None, accepted_at=late)
    await books.file(None, accepted_at=IN_TIME)
    packed = await books.pack()
    [one] = packed.index["documents"]
    assert (one["issued_on"], one["dated"]) == ("2026-03-20", False)


async def test_the_sums_are_those_of_the_documents_with_credits_taken_off(books: Books) -> None:
    bills = [an_invoice("F-001"), an_invoice("F-002")]
    credit = replace(a_credit_note(number="C-001"), issued_on=date(2026, 3, 2))
    for bill in (*bills, credit):
        await books.file(bill)
    packed = await books.pack()
    expected: dict[tuple[str, str], Decimal] = {}
    for bill, sign in ((bills[0], 1), (bills[1], 1), (credit, -1)):
        for one in bill.taxes:
            key = (one.tax.category, f"{one.tax.percent or 0:f}")
            expected[key] = expected.get(key, Decimal(0)) + sign * one.amount.value
    told = {
        (one["category"], one["percent"] or "0"): Decimal(one["amount"])
        for one in packed.index["vat"]
    }
    assert told == expected
    gross = {one["kind"]: Decimal(one["total"]) for one in packed.index["totals"]}
    assert bills[0].totals.gross is not None
    assert gross["invoice"] == 2 * bills[0].totals.gross.value
    rows = list(
        csv.reader(io.StringIO(packed.read("index.csv").decode("utf-8-sig")), delimiter=";")
    )
    at = rows[0].index("incl. btw")
    column = sum(Decimal(row[at].replace(",", ".")) for row in rows[1:])
    assert column == sum(gross.values())


async def test_a_missing_page_is_made_once_and_kept(books: Books) -> None:
    document = await books.file(an_invoice("F-001"), pdf=None)
    first = await books.pack()
    again = await books.pack()
    assert first.parts == again.parts
    assert books.typewriter.made == ["F-001"]
    stored = await books.db.read(lambda tx: documents.get(tx, document.id))
    assert stored.files[-1].made
    assert b"page of F-001 nl" in first.read("sales/invoice/2026-03-12_F-001_Beta NV.pdf")


async def test_what_is_missing_is_said(books: Books) -> None:
    await books.file(None)  # a PDF alone
    await books.file(bought("P-1"), sold=False)
    packed = await books.pack()
    [lacks] = packed.index["missing"]
    assert lacks["missing"] == ["ubl"]
    assert packed.made.missing == 1


async def test_gaps_are_told_unless_the_number_is_elsewhere(books: Books) -> None:
    for number in ("F-001", "F-002", "F-006"):
        await books.file(an_invoice(number))
    await books.file(an_invoice("F-004", issued_on=date(2026, 4, 2)))
    packed = await books.pack()
    assert [(one["first"], one["last"]) for one in packed.index["gaps"]] == [
        ("F-003", "F-003"),
        ("F-005", "F-005"),
    ]


async def test_what_was_not_asked_for_is_left_out_and_counted(books: Books) -> None:
    await books.file(an_invoice("F-001"))
    await books.file(bought("P-1"), sold=False)
    await books.file(None, kind=Kind.OTHER)
    packed = await books.pack(books.order(direction=Direction.SALES, since=date(2026, 3, 13)))
    assert packed.documents == []
    assert packed.index["left_out"] == [
        {"reason": "before", "kind": "invoice", "count": 1},
        {"reason": "direction", "kind": "purchase_invoice", "count": 1},
        {"reason": "kind", "kind": "other", "count": 1},
    ]


async def test_only_what_was_sent_by_then_is_in_it_and_all_that_was_bought(books: Books) -> None:
    sent, later, held = [await books.file(an_invoice(f"F-{n}")) for n in range(3)]
    await books.file(bought("P-1"), sold=False)

    def deliver(tx: Tx) -> None:
        for document, at in ((sent, DUE), (later, DUE + timedelta(seconds=1))):
            stored_delivery(tx, document)
            one = claimed(tx, now=at - LEASE)
            deliveries.begin(tx, one, message="0" * 64, now=at - LEASE)
            deliveries.settle(tx, one, replace(handed_over(), now=at))
        stored_delivery(tx, held, state=State.HELD)

    await books.db.write(deliver)
    packed = await books.pack(books.order(only_sent=True))
    assert [one["number"] for one in packed.index["documents"]] == ["P-1", "F-0"]
    assert packed.index["left_out"] == [{"reason": "unsent", "kind": "invoice", "count": 2}]
    assert packed.index["only"] == "sent"


async def test_what_waits_for_a_person_or_was_rejected_is_left_out(books: Books) -> None:
    await books.file(an_invoice("F-001"), review="waiting")
    await books.file(an_invoice("F-001"), review="rejected")
    await books.file(an_invoice("F-001"), review="confirmed")
    packed = await books.pack()
    assert len(packed.index["documents"]) == 1
    assert {one["reason"] for one in packed.index["left_out"]} == {"waited", "rejected"}


async def test_only_the_forms_that_are_asked_for_are_in_it(books: Books) -> None:
    await books.file(an_invoice("F-001"), pdf=None, extra=[("a.txt", b"1")])
    packed = await books.pack(books.order(formats=(Form.UBL,)))
    assert packed.names == ["sales/invoice/2026-03-12_F-001_Beta NV.xml", "index.json"]
    assert books.typewriter.made == []
    assert packed.index["vat"]


async def test_parts_are_small_enough_and_keep_a_documents_files_together(books: Books) -> None:
    noise = [hashlib.shake_256(bytes([n])).digest(30_000) for n in range(12)]
    for number, content in enumerate(noise):
        await books.file(an_invoice(f"F-{number:03}"), pdf=b"%PDF-1.7 " + content)
    most = 80_000
    packed = await books.pack(most=most)
    assert len(packed.parts) > 4
    assert all(len(part) <= most for part in packed.parts)
    stems = [
        {name.rpartition(".")[0] for name in packed.opened(part).namelist() if "/" in name}
        for part in packed.parts
    ]
    assert sum(map(len, stems)) == len(set().union(*stems)) == 12
    assert "index.json" in packed.opened(packed.parts[-1]).namelist()
    for one in packed.index["documents"]:
        assert one["files"][0]["path"] in packed.opened(packed.parts[one["part"] - 1]).namelist()


async def test_a_document_that_is_too_large_by_itself_has_a_part_of_its_own(books: Books) -> None:
    large = hashlib.shake_256(b"large").digest(3 << 20)
    for number in range(3):
        await books.file(an_invoice(f"F-{number}"), pdf=large if number == 1 else b"%PDF-1.7")
    packed = await books.pack(most=1 << 20)
    assert [len(packed.opened(part).namelist()) for part in packed.parts] == [2, 2, 9]
    assert packed.read("sales/invoice/2026-03-12_F-1_Beta NV.pdf") == large


HOSTILE = (
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "C:\\autoexec.bat",
    "/etc/shadow",
    "con",
    "LPT1.txt",
    "gpj.\u202exdp.exe",
    "a\x00b\nc\td",
    "x" * 300,
    "\u00e9" * 300,
    "trailing. . .",
    "\ud800half",
    '<>:"|?*',
    "....",
    "   ",
)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
async def test_no_name_leads_out_of_its_folder_or_off_any_disk(books: Books, name: str) -> None:
    told = name.encode("utf-8", "replace").decode()  # a database holds no half characters
    bill = an_invoice("F-1")
    party = Counterparty(told)
    extra = [(told, b"1"), (told.upper(), b"2")]
    await books.file(bill, extra=extra, number=told, counterparty=party)
    packed = await books.pack()
    _check_names(packed)
    assert len(packed.documents) == 4


def _check_names(packed: Packed) -> None:
    names = packed.names
    assert len({name.casefold() for name in names}) == len(names)
    for name in packed.documents:
        folders, base = name.rsplit("/", 1)
        assert folders == "sales/invoice"
        assert base.isprintable()
        assert not set(base) & set('<>:"|?*\\\u202e')
        assert base.startswith("2026-03-12_")
        assert len(base.encode()) <= 140
        assert not base.endswith((" ", "."))


async def test_two_of_one_name_get_two_names(books: Books) -> None:
    for _ in range(3):
        await books.file(an_invoice("F-1"))
    packed = await books.pack()
    assert packed.documents == [
        f"sales/invoice/2026-03-12_F-1_Beta NV{copy}.{form}"
        for copy in ("", "-2", "-3")
        for form in ("pdf", "xml")
    ]


async def test_lost_bytes_are_told_and_the_rest_is_packed(books: Books) -> None:
    large = hashlib.shake_256(b"large").digest(100_000)
    await books.file(an_invoice("F-1"), pdf=large)
    await books.file(an_invoice("F-2"))
    key = hashlib.sha256(large).hexdigest()
    (books.folder / "blobs" / key[:2] / key).unlink()
    packed = await books.pack()
    assert len(packed.documents) == 3
    assert packed.index["missing"][0]["missing"] == ["pdf"]
    assert "maild verify" in packed.index["notes"][0]


async def test_damaged_bytes_end_it_and_leave_nothing_behind(books: Books) -> None:
    large = hashlib.shake_256(b"large").digest(100_000)
    await books.file(an_invoice("F-1"), pdf=large)
    key = hashlib.sha256(large).hexdigest()
    (books.folder / "blobs" / key[:2] / key).write_bytes(b"x" * 100_000)
    with pytest.raises((OSError, MaildError), match="damaged"):
        await books.pack()
    assert list((books.folder / "blobs" / "parts").iterdir()) == []
