"""Purchases that are only a page: what is sure goes on, what is not waits, and a person's word is remembered."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from maild.errors import UserError
from maild.intake import review
from maild.intake.confirming import Confirming
from maild.intake.filing import Filed
from maild.model.bill import Account, PaymentMeans, Price
from maild.model.delivery import HoldCode, State
from maild.model.document import Document, Kind, Role
from maild.model.money import Amount
from maild.model.team import Conditions, Rule
from maild.outbox import queue
from maild.store import documents, readings, suppliers
from maild.store.database import Tx
from maild.store.hand import DEADLINE
from maild.store.readings import Settled
from maild.store.schema_suppliers import readings as table
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_party
from tests.builders_exempt import ExemptPaper
from tests.builders_page import account
from tests.builders_paper import Paper
from tests.builders_pdf import a_pdf
from tests.intake.conftest import A_PDF, World, a_mail

PAPER = Paper()
KEY = "BE0900000147"
NEW_IBAN = account(random.Random(5))
BOTH = Rule(
    "both",
    ("accountant", "books"),
    conditions=Conditions(kinds=frozenset({Kind.PURCHASE_INVOICE})),
)


async def came(world: World, pdf: bytes, *, name: str = "scan.pdf", tag: str = "purchase") -> Filed:
    [filed] = (await world.desk.accept(world.submission(a_mail((name, pdf)), tag=tag))).filed
    return filed


def confirming(world: World) -> Confirming:
    desk = world.desk
    return Confirming(desk.db, desk.blobs, desk.opener.sandbox, desk.now)


async def confirm(world: World, filed: Filed, **said: str) -> None:
    stored = await world.db.read(partial(documents.get, id=filed.document.id))
    await confirming(world).confirm(stored, world.teams[0], said=said)


async def known(world: World) -> None:
    """The supplier's first page, confirmed."""
    await confirm(world, await came(world, PAPER.page("2026-001", date(2026, 1, 13))))


async def now(world: World, filed: Filed) -> Document:
    return await world.db.read(partial(documents.get, id=filed.document.id))


async def held(world: World, filed: Filed) -> set[tuple[str, Any]]:
    found = await world.deliveries(document=filed.document.id)
    return {(one.state.value, one.hold_code) for one in found}


async def state(world: World, filed: Filed) -> Settled | None:
    found = await world.db.read(partial(readings.of_document, document=filed.document.id))
    return found.state if found else None


def a_bill_of(paper: Paper, number: str, on: date, net: str = "100.00", **more: Any) -> bytes:
    """The UBL that the supplier issues of the same invoice."""
    seller = a_party(name=paper.name, number=paper.vat)
    bill = a_bill(number=number, issued_on=on, seller=seller, buyer=a_party(), **more)
    means = (PaymentMeans("30", account=Account(paper.iban)),)
    bill = replace(bill, due_on=None, payment_terms="30", payment_means=means)
    [line], [tax] = bill.lines[:1], bill.taxes[:1]
    base, vat = Amount(Decimal(net), "EUR"), Amount(Decimal(net) * 21 / 100, "EUR").rounded()
    gross = base + vat
    line = replace(line, net=base, quantity=Decimal(1), price=Price(base))
    totals = replace(bill.totals, lines=base, net=base, tax=vat, gross=gross, payable=gross)
    taxes = (replace(tax, base=base, amount=vat),)
    return ubl.write(replace(bill, lines=(line,), taxes=taxes, totals=totals))


async def test_a_page_of_a_supplier_whom_nobody_confirmed_waits_with_its_candidates(
    world: World,
) -> None:
    filed = await came(world, PAPER.page())
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}
    [one] = await world.deliveries(document=filed.document.id)
    assert "invoice number (2026-017)" in (one.reason or "")
    assert filed.document.total is None
    found = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert found is not None
    assert (found.state, found.supplier) == (Settled.WAITING, KEY)
    assert found.figures["gross_total"]["value"] == "121.00"
    [notice] = [one for one in await world.deliveries() if one.letter]
    assert notice.letter is not None
    assert "cijfers" in notice.letter.text


async def test_confirmed_it_goes_on_with_a_ubl_that_says_that_it_was_derived(world: World) -> None:
    filed = await came(world, PAPER.page())
    await confirm(world, filed)
    document = await now(world, filed)
    assert (document.number, document.issued_on) == ("2026-017", date(2026, 2, 24))
    assert document.total == Amount(Decimal("121.00"), "EUR")
    assert (document.counterparty.name, document.counterparty.vat) == ("Atelier Noord BV", KEY)
    assert await held(world, filed) == {("cancelled", None), ("queued", None)}
    file = document.file(Role.UBL)
    assert file is not None
    assert (file.made, file.name) == (True, "scan-derived.xml")
    bill = ubl.read(await world.desk.blobs.read(file.sha256))
    assert "not issued by the supplier" in bill.notes[0].text
    assert bill.seller.name == "Atelier Noord BV"
    assert bill.totals.gross == Amount(Decimal("121.00"), "EUR")
    assert await state(world, filed) is Settled.CONFIRMED


async def test_the_next_page_of_a_confirmed_supplier_goes_on_by_itself(world: World) -> None:
    await known(world)
    filed = await came(world, PAPER.page("2026-017", net="1250.40", depth=14))
    assert await held(world, filed) == {("queued", None)}
    document = filed.document
    assert (document.number, document.issued_on) == ("2026-017", date(2026, 2, 24))
    assert document.counterparty.name == "Atelier Noord BV"
    assert document.total == Amount(Decimal("1512.98"), "EUR")
    assert document.file(Role.UBL) is not None
    assert await state(world, filed) is Settled.PROVEN


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (PAPER.page("KLANT-77"), "invoice number (KLANT-77)"),
        (PAPER.page("2026-018", depth=200), "invoice number (2026-018)"),
        (PAPER.page("2026-018", gross="122.00"), "gross total"),
        (PAPER.page("2026-018", title="Creditnota"), "credit note"),
    ],
    ids=["another series", "at another place", "does not add up", "it calls itself something else"],
)
async def test_a_page_that_looks_otherwise_waits_although_its_supplier_is_known(
    world: World, page: bytes, words: str
) -> None:
    await known(world)
    filed = await came(world, page)
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}
    [one] = await world.deliveries(document=filed.document.id)
    assert words in (one.reason or "")


async def test_an_account_that_the_supplier_never_had_holds_his_page_and_says_so(
    world: World,
) -> None:
    await known(world)
    filed = await came(world, PAPER.page(iban=NEW_IBAN, term=True))
    assert await held(world, filed) == {("held", HoldCode.NEW_ACCOUNT)}
    [notice] = [
        one for one in await world.deliveries() if one.letter and "Let op" in one.letter.text
    ]
    assert notice.letter is not None
    assert NEW_IBAN[:4] + " " + NEW_IBAN[4:8] in notice.letter.text
    with pytest.raises(UserError, match="never one of Atelier Noord BV"):
        await confirm(world, filed)
    await confirm(world, filed, iban=NEW_IBAN)
    assert ("queued", None) in await held(world, filed)
    again = await came(world, PAPER.page("2026-018", iban=NEW_IBAN))
    assert await held(world, again) == {("queued", None)}


async def test_a_ubl_with_an_account_that_its_known_supplier_never_had_waits_too(
    world: World,
) -> None:
    await known(world)
    other = replace(PAPER, iban=NEW_IBAN)
    said = {
        number: a_bill_of(other, number, date(2026, 2, 24)) for number in ("2026-77", "2026-78")
    }
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", said["2026-77"]))))).filed
    assert await held(world, filed) == {("held", HoldCode.NEW_ACCOUNT)}
    confirm_it = partial(
        review.confirm, document=filed.document.id, team=world.teams[0], now=world.clock[0]
    )
    await world.db.write(confirm_it)
    assert await held(world, filed) == {("queued", None)}
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", said["2026-78"]))))).filed
    assert await held(world, filed) == {("queued", None)}


async def test_a_page_that_proves_itself_goes_on_though_nobody_knows_its_supplier(
    world: World,
) -> None:
    filed = await came(world, PAPER.page(term=True, reference=True))
    assert await held(world, filed) == {("queued", None)}
    assert filed.document.counterparty.vat == KEY
    # His name is proven by nothing, so it is not claimed, and no UBL is made.
    assert (filed.document.counterparty.name, filed.document.file(Role.UBL)) == (None, None)


async def test_a_forgotten_supplier_is_asked_about_again(world: World) -> None:
    await known(world)
    assert await world.db.write(partial(suppliers.forget, team="acme", key=KEY))
    assert await held(world, await came(world, PAPER.page())) == {("held", HoldCode.FIGURES)}


async def test_what_a_person_corrects_is_what_goes_on_and_is_looked_for_next_time(
    world: World,
) -> None:
    filed = await came(world, PAPER.page("2026-017"))
    await confirm(world, filed, invoice_number="2026/17", issue_date="2026-02-25", due_date="")
    document = await now(world, filed)
    assert (document.number, document.issued_on) == ("2026/17", date(2026, 2, 25))
    found = await world.db.read(partial(suppliers.find, team="acme", key=KEY))
    assert found is not None
    # Neither stands on the page, so nothing is remembered of how they look.
    assert {one.field for one in found.signs} == set()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"invoice_number": ""}, "invoice_number: nothing sure was read"),
        ({"gross_total": "120"}, "gross_total: 100.00 and 21.00 of VAT make 121.00, not 120.00"),
        ({"issue_date": "24/02/2026"}, "no date such as 2026-11-24"),
        ({"iban": "BE71 0961 2345 6768"}, "is no IBAN"),
        ({"supplier_vat": "BE0900000148"}, "check digits"),
        ({"colour": "red"}, "there is no such figure"),
    ],
    ids=["no number", "wrong sum", "no date", "no account", "wrong number", "no figure"],
)
async def test_a_figure_that_cannot_be_is_told_with_its_key(
    world: World, said: dict[str, str], words: str
) -> None:
    filed = await came(world, PAPER.page())
    with pytest.raises(UserError) as fault:
        await confirm(world, filed, **said)
    assert words in str(fault.value)
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}


async def test_a_page_may_be_passed_on_as_a_file_that_claims_nothing(world: World) -> None:
    filed = await came(world, a_pdf(("Kassaticket", "Bedankt")))
    document = await now(world, filed)
    await confirming(world).pass_on(document, world.teams[0])
    assert await held(world, filed) == {("queued", None)}
    document = await now(world, filed)
    assert (document.total, document.file(Role.UBL)) == (None, None)
    assert await state(world, filed) is Settled.FILE


async def test_rejected_it_goes_nowhere_and_nothing_is_remembered(world: World) -> None:
    filed = await came(world, PAPER.page())
    await world.db.write(partial(review.reject, document=filed.document.id, now=world.clock[0]))
    assert await held(world, filed) == {("cancelled", None)}
    assert await world.db.read(partial(suppliers.find, team="acme", key=KEY)) is None
    assert await state(world, filed) is Settled.REJECTED


@pytest.mark.parametrize("pdf", [A_PDF, a_pdf(())], ids=["damaged", "without text"])
async def test_a_page_that_cannot_be_read_waits(world: World, pdf: bytes) -> None:
    filed = await came(world, pdf)
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}


async def test_a_team_may_have_its_pages_passed_on_unread(world: World) -> None:
    world.teams[0] = replace(world.teams[0], reads_pages=False)
    filed = await came(world, PAPER.page())
    assert await held(world, filed) == {("queued", None)}
    assert await state(world, filed) is None


async def test_the_ubl_of_a_page_that_waits_proves_it_and_both_are_one_document(
    world: World,
) -> None:
    page = await came(world, PAPER.page("2026-017"))
    bill = a_bill_of(PAPER, "2026-017", date(2026, 2, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", bill))))).filed
    assert (filed.repeated, filed.document.id) == (True, page.document.id)
    assert await held(world, page) == {("cancelled", None), ("queued", None)}
    document = await now(world, page)
    assert [one.role for one in document.files] == [Role.PDF, Role.UBL]
    assert document.number == "2026-017"
    assert await state(world, page) is Settled.ISSUED
    arrivals = await world.db.read(partial(documents.arrivals_of, document=document.id))
    assert len(arrivals) == 2


async def test_the_page_of_a_bill_that_is_there_is_its_pdf_though_nothing_of_it_is_proven(
    world: World,
) -> None:
    bill = a_bill_of(PAPER, "2026-017", date(2026, 2, 24))
    [first] = (await world.desk.accept(world.submission(a_mail(("f.xml", bill))))).filed
    page = await came(world, PAPER.page("2026-017"))
    assert (page.repeated, page.document.id) == (True, first.document.id)
    document = await now(world, first)
    assert [one.role for one in document.files] == [Role.UBL, Role.PDF]
    assert len(await world.deliveries(document=document.id)) == 1


async def test_a_ubl_that_comes_when_its_page_went_on_goes_to_nobody_and_takes_the_place_of_ours(
    world: World,
) -> None:
    await known(world)
    page = await came(world, PAPER.page("2026-017"))
    bill = a_bill_of(PAPER, "2026-017", date(2026, 2, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", bill))))).filed
    assert filed.repeated
    document = await now(world, page)
    assert [one.role for one in document.files] == [Role.PDF, Role.COPY, Role.UBL]
    assert len(await world.deliveries(document=document.id)) == 1


@pytest.mark.parametrize(
    ("paper", "net"),
    [(PAPER, "100.01"), (replace(PAPER, iban=NEW_IBAN), "100.00")],
    ids=["another amount", "another account"],
)
async def test_a_bill_that_says_something_else_is_not_the_page(
    world: World, paper: Paper, net: str
) -> None:
    page = await came(world, PAPER.page("2026-017"))
    bill = a_bill_of(paper, "2026-017", date(2026, 2, 24), net)
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", bill))))).filed
    assert not filed.repeated
    assert await held(world, page) == {("held", HoldCode.FIGURES)}
    # Confirmed as it is, the page has a number that came with other content.
    await confirm(world, page)
    assert ("held", HoldCode.REVIEW) in await held(world, page)


async def test_a_page_that_a_person_reads_as_a_known_bill_goes_nowhere(world: World) -> None:
    bill = a_bill_of(PAPER, "2026-017", date(2026, 2, 24))
    [first] = (await world.desk.accept(world.submission(a_mail(("f.xml", bill))))).filed
    page = await came(world, PAPER.page("2026-0l7"))
    assert not page.repeated
    await confirm(world, page, invoice_number="2026-017")
    assert {one for one, _ in await held(world, page)} == {"cancelled"}
    assert (await now(world, page)).review == "rejected"
    document = await now(world, first)
    assert document.file(Role.PDF) is not None
    arrivals = await world.db.read(partial(documents.arrivals_of, document=document.id))
    assert len(arrivals) == 2


async def test_a_credit_note_that_is_confirmed_is_one(world: World) -> None:
    filed = await came(world, PAPER.page("CN-1", title="Creditnota"))
    assert filed.document.kind is Kind.PURCHASE_CREDIT_NOTE
    await confirm(world, filed)
    document = await now(world, filed)
    file = document.file(Role.UBL)
    assert file is not None
    content = await world.desk.blobs.read(file.sha256)
    assert b"<CreditNote" in content
    [one] = [each for each in await world.deliveries(document=document.id) if each.generation == 2]
    assert one.state is State.QUEUED


EXEMPT = ExemptPaper()


async def exempt_known(world: World, paper: ExemptPaper, **said: str) -> None:
    filed = await came(world, paper.page("2026-001"))
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}
    await confirm(world, filed, **said)


async def test_the_next_page_of_a_small_exempt_supplier_goes_on_with_the_reason(
    world: World,
) -> None:
    await exempt_known(world, EXEMPT)
    filed = await came(world, EXEMPT.page(lines=("80.00", "12.50", "7.25")))
    assert await held(world, filed) == {("queued", None)}
    assert filed.document.total == Amount(Decimal("99.75"), "EUR")
    file = filed.document.file(Role.UBL)
    assert file is not None
    [tax] = ubl.read(await world.desk.blobs.read(file.sha256)).taxes
    assert (tax.tax.category, tax.tax.exemption_reason) == ("E", EXEMPT.reason)


@pytest.mark.parametrize("reason", ["", "Kleine onderneming, btw-vrij"], ids=["unsaid", "said"])
async def test_a_page_that_says_nothing_of_vat_goes_on_as_a_person_confirmed_the_first(
    world: World, reason: str
) -> None:
    paper = ExemptPaper(reason=None)
    said = {"net_total": "100.00", "vat_total": "0.00", "exemption_reason": reason}
    await exempt_known(world, paper, **said)
    filed = await came(world, paper.page(lines=("80.00", "19.75")))
    assert await held(world, filed) == {("queued", None)}
    assert filed.document.total == Amount(Decimal("99.75"), "EUR")
    assert (filed.document.file(Role.UBL) is not None) is bool(reason)


async def test_a_small_supplier_who_begins_to_charge_vat_waits(world: World) -> None:
    await exempt_known(world, EXEMPT)
    filed = await came(world, EXEMPT.page(below=[("waarvan btw 21 %", "17.36")]))
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}


async def test_a_page_that_was_read_before_a_figure_was_known_is_shown_whole(world: World) -> None:
    filed = await came(world, PAPER.page())
    kept = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert kept is not None
    old = {key: one for key, one in kept.figures.items() if key != "exemption_reason"}

    def as_before(tx: Tx) -> None:
        tx.execute(delete(table).where(table.c.document == kept.document))
        readings.add(tx, replace(kept, figures=old))

    await world.db.write(as_before)
    found = await world.db.read(partial(readings.of_document, document=kept.document))
    assert found is not None
    assert found.figures["exemption_reason"]["verdict"] == "absent"
    await confirm(world, filed)


async def test_the_queue_lets_no_page_go_whose_figures_wait_but_says_how(world: World) -> None:
    filed = await came(world, PAPER.page())
    [one] = await world.deliveries(document=filed.document.id)
    let_go = partial(queue.release, world.db, one.id, now=world.desk.now(), deadline=DEADLINE)
    with pytest.raises(UserError, match="invoice number") as told:
        await let_go()
    assert f"maild review confirm {filed.document.id}" in (told.value.hint or "")
    assert await held(world, filed) == {("held", HoldCode.FIGURES)}
    assert await state(world, filed) is Settled.WAITING


async def test_let_go_anyway_it_is_a_mere_file_and_its_story_says_so(world: World) -> None:
    filed = await came(world, PAPER.page())
    [one] = await world.deliveries(document=filed.document.id)
    await queue.release(world.db, one.id, now=world.desk.now(), deadline=DEADLINE, anyway=True)
    assert await held(world, filed) == {("queued", None)}
    assert await state(world, filed) is Settled.FILE
    document = await now(world, filed)
    assert (document.total, document.file(Role.UBL)) == (None, None)
    told = await world.db.read(partial(documents.events_of, document=document.id))
    assert [one.detail for one in told if one.event == "delivery.released"] == [
        "let go as a file: nobody confirmed its figures or its account"
    ]


async def test_while_another_delivery_of_the_page_waits_its_figures_can_be_confirmed(
    world: World,
) -> None:
    world.teams[:] = [replace(world.teams[0], rules=(BOTH,))]
    filed = await came(world, PAPER.page())
    first, _ = await world.deliveries(document=filed.document.id)
    await queue.release(world.db, first.id, now=world.desk.now(), deadline=DEADLINE, anyway=True)
    assert await state(world, filed) is Settled.WAITING
    await confirm(world, filed)
    assert await state(world, filed) is Settled.CONFIRMED


async def test_a_page_with_a_new_account_is_not_let_go_by_the_queue_either(world: World) -> None:
    await known(world)
    filed = await came(world, PAPER.page(iban=NEW_IBAN))
    [one] = await world.deliveries(document=filed.document.id)
    assert one.hold_code is HoldCode.NEW_ACCOUNT
    with pytest.raises(UserError, match="was never"):
        await queue.release(world.db, one.id, now=world.desk.now(), deadline=DEADLINE)
