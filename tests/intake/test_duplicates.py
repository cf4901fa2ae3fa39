"""The same invoice by several roads and in several forms is one document; what differs is not."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from alembic import command

from maild.intake import payload_out
from maild.intake.filing import Filed
from maild.intake.sameness import plain_number
from maild.model.bill import Account, PaymentMeans
from maild.model.document import Role
from maild.store import documents, engines, migrate
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_line, a_party, belgian_iban
from tests.intake.conftest import A_PDF, World, a_mail

SUPPLIER = a_party(name="Leverancier NV", number="0403170701")


def bought(number: str = "L-0077", **overrides: Any) -> bytes:
    return ubl.write(a_bill(number=number, seller=SUPPLIER, buyer=a_party(), **overrides))


def as_json(number: str = "L-0077", **overrides: Any) -> bytes:
    bill = a_bill(number=number, seller=SUPPLIER, buyer=a_party(), **overrides)
    return json.dumps(payload_out.from_bill(bill), default=str).encode()


def zipped(name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr(name, content)
    return held.getvalue()


async def come(world: World, *files: tuple[str, bytes], tag: str | None = None) -> Filed:
    [filed] = (await world.desk.accept(world.submission(a_mail(*files), tag=tag))).filed
    return filed


async def test_by_mail_in_a_zip_and_as_json_it_is_one_document_with_three_arrivals(
    world: World,
) -> None:
    first = await come(world, ("f.xml", bought()), ("f.pdf", A_PDF))
    again = await come(world, ("f.zip", zipped("f.xml", bought())))
    other = await come(world, ("f.json", as_json()))
    assert (first.repeated, again.repeated, other.repeated) == (False, True, True)
    [stored] = await world.documents()
    arrivals = await world.db.read(partial(documents.arrivals_of, document=stored.id))
    assert len(arrivals) == 3
    events = await world.db.read(partial(documents.events_of, document=stored.id))
    assert [one.event for one in events].count("arrival.repeated") == 2
    assert any("in another form" in one.detail for one in events)
    assert len(await world.deliveries()) == 1


@pytest.mark.parametrize(
    ("written", "same"),
    [("L-77", True), ("l 0077", True), ("L/077", True), ("L-78", False), ("L-770", False)],
)
async def test_a_number_is_compared_without_signs_and_leading_zeros(
    world: World, *, written: str, same: bool
) -> None:
    await come(world, ("f.xml", bought("L-0077")))
    assert (await come(world, ("f.xml", bought(written)))).repeated is same


@pytest.mark.parametrize(
    "changed",
    [
        {"lines": (a_line(), a_line("2"))},
        {"due_on": date(2026, 12, 24)},
        {"issued_on": date(2026, 3, 1)},
        {"payment_means": (PaymentMeans("58", account=Account(belgian_iban(4711))),)},
    ],
    ids=["amount", "due day", "date", "bank account"],
)
async def test_what_would_be_booked_differently_is_no_copy_and_waits(
    world: World, changed: dict[str, Any]
) -> None:
    await come(world, ("f.xml", bought()))
    filed = await come(world, ("f.json", as_json(**changed)))
    assert not filed.repeated
    assert filed.document.review == "waiting"


async def test_an_invoice_to_another_customer_is_no_copy(world: World) -> None:
    await come(world, ("f.xml", ubl.write(a_bill(number="2026-001"))))
    other = a_bill(number="2026-001", buyer=a_party(name="Gamma", number="0403170701"))
    filed = await come(world, ("f.xml", ubl.write(other)))
    assert filed.document.review == "waiting"


async def test_another_form_of_the_same_lends_the_files_that_were_missing(world: World) -> None:
    await come(world, ("f.json", as_json()))
    again = await come(world, ("f.xml", bought()), ("f.pdf", A_PDF))
    assert again.repeated
    [stored] = await world.documents()
    assert {one.role for one in stored.files} == {Role.UBL, Role.ORIGINAL, Role.PDF}


async def test_the_pdf_of_a_known_invoice_is_that_invoice(world: World) -> None:
    await come(world, ("f.xml", bought()), ("f.pdf", A_PDF))
    assert (await come(world, ("scan.pdf", A_PDF), tag="purchase")).repeated
    [stored] = await world.documents()
    assert stored.number == "L-0077"


async def test_the_ubl_of_an_invoice_that_came_as_a_mere_pdf_joins_it(world: World) -> None:
    await come(world, ("scan.pdf", A_PDF), tag="purchase")
    assert (await come(world, ("f.xml", bought()), ("f.pdf", A_PDF))).repeated
    [stored] = await world.documents()
    assert stored.file(Role.UBL) is not None


async def test_the_same_page_beside_two_invoices_makes_them_no_one(world: World) -> None:
    await come(world, ("a.xml", bought("L-1")), ("a.pdf", A_PDF))
    assert not (await come(world, ("b.xml", bought("L-2")), ("b.pdf", A_PDF))).repeated


async def test_a_near_match_is_sent_with_a_warning(world: World) -> None:
    first = await come(world, ("f.xml", bought("L-1")))
    near = await come(world, ("f.xml", bought("L-2", issued_on=date(2026, 3, 4))))
    far = await come(world, ("f.xml", bought("L-3", issued_on=date(2026, 3, 9))))
    assert not near.repeated
    assert {one.state.value for one in near.deliveries} == {"queued"}
    [warning] = near.warnings
    assert first.document.id in warning
    assert "same supplier and amount" in warning
    assert far.warnings == ()


async def test_sales_of_one_amount_on_one_day_are_nothing_odd(world: World) -> None:
    await come(world, ("f.xml", ubl.write(a_bill(number="1"))))
    assert (await come(world, ("f.xml", ubl.write(a_bill(number="2"))))).warnings == ()


def test_zeros_inside_a_number_stay() -> None:
    assert plain_number("2026-001") == plain_number("2026/1") == "20261"
    assert plain_number("F 1001") == "f1001"
    assert plain_number("---") == ""


def test_numbers_that_are_stored_already_are_compared_the_new_way(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    path.touch()
    engine = engines.writer_engine(path)
    with engine.begin() as tx:
        config = migrate._config()
        config.attributes["connection"] = tx
        command.upgrade(config, "0005")
    engine.dispose()
    with sqlite3.connect(path) as old:
        old.execute(
            "INSERT INTO arrivals (id, team, door, received_at, size, original)"
            " VALUES ('a-1', 'acme', 'smtp', '2026-03-02T09:00:00.000000Z', 1, 'x')"
        )
        old.execute(
            "INSERT INTO documents (id, team, kind, number, arrival, accepted_at, content_sha256,"
            " tags, trace, warnings, same_number_key) VALUES ('d-1', 'acme', 'invoice',"
            " '2026-0042', 'a-1', '2026-03-02T09:00:00.000000Z', 'y', '[]', '[]', '[]',"
            " 'invoice|BE0123456749|20260042|2026')"
        )
    old.close()
    migrate.bring_up_to_date(path, allowed=True)
    found = sqlite3.connect(path)
    keys = found.execute("SELECT same_number_key FROM documents").fetchall()
    found.close()
    assert keys == [("invoice|BE0123456749|202642|2026",)]
