from __future__ import annotations

import asyncio
import hashlib
import io
import random
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial

import pytest

from maild.errors import DocumentError
from maild.intake import refusals
from maild.intake.filing import Acceptance
from maild.model.bill import Attachment
from maild.model.delivery import HoldCode, Purpose, State
from maild.model.document import Direction, Kind, Role
from maild.model.team import Mode, Rule
from maild.reading.wrap import wrap
from maild.rules.book import RuleBook
from maild.store import documents, marks
from maild.store.database import Tx
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_credit_note, a_party, a_quote
from tests.intake.conftest import A_PDF, World, a_mail, a_purchase, an_invoice


async def test_an_invoice_is_stored_with_its_bytes_its_fate_and_its_reasons(world: World) -> None:
    invoice = an_invoice()
    acceptance = await world.desk.accept(
        world.submission(a_mail(("f.xml", invoice), ("f.pdf", A_PDF)))
    )
    [filed] = acceptance.filed
    stored = await world.db.read(partial(documents.get, id=filed.document.id))
    trace = await world.db.read(partial(documents.trace_of, id=stored.id))
    files = {one.role: one for one in stored.files}
    assert (stored.kind, stored.direction, stored.number) == (
        Kind.INVOICE,
        Direction.SALES,
        "2026-001",
    )
    assert files[Role.UBL].sha256 == hashlib.sha256(invoice).hexdigest()
    assert await world.desk.blobs.read(files[Role.UBL].sha256) == invoice
    assert await world.desk.blobs.read(files[Role.PDF].sha256) == A_PDF
    assert [(one.rule, one.hit) for one in trace] == [
        ("sold", True),
        ("quotes", False),
        ("bought", False),
    ]
    there = await world.deliveries()
    assert {(one.recipient, one.state) for one in there} == {
        ("accountant", State.QUEUED),
        ("books", State.QUEUED),
    }
    assert {one.message_id for one in there} == {f"<{one.id}@acme.example>" for one in there}


async def test_a_team_that_buys_gets_a_purchase(world: World) -> None:
    [filed] = (await world.desk.accept(world.submission(a_mail(("l.xml", a_purchase()))))).filed
    assert filed.document.kind is Kind.PURCHASE_INVOICE
    assert filed.document.counterparty.name == "Leverancier NV"
    assert [one.recipient for one in filed.deliveries] == ["accountant"]


async def test_the_same_document_twice_is_kept_once_and_says_so(world: World) -> None:
    invoice = an_invoice()
    first = await world.desk.accept(world.submission(a_mail(("f.xml", invoice))))
    again = await world.desk.accept(
        world.submission(a_mail(("other name.xml", invoice), subject="again"))
    )
    [known] = again.duplicates
    assert known.document.id == first.filed[0].document.id
    assert again.fresh == ()
    assert "Already known" in again.sentences()[0]
    assert len(await world.documents()) == 1
    assert len(await world.deliveries()) == 2
    arrivals = await world.db.read(partial(documents.arrivals_of, document=known.document.id))
    assert len(arrivals) == 2


async def test_two_doors_at_one_moment_make_one_document(world: World) -> None:
    raw = a_mail(("f.xml", an_invoice()))
    both = await asyncio.gather(*(world.desk.accept(world.submission(raw)) for _ in range(8)))
    assert sum(len(one.fresh) for one in both) == 1
    assert len(await world.documents()) == 1


async def test_one_invoice_twice_in_one_mail_is_one_document(world: World) -> None:
    raw = a_mail(("a.xml", an_invoice()), ("b.xml", an_invoice()))
    assert len((await world.desk.accept(world.submission(raw))).filed) == 1


async def test_the_same_number_with_other_content_waits_and_the_team_is_told(world: World) -> None:
    first = await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    changed = an_invoice(due_on=date(2026, 12, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", changed))))).filed
    assert filed.document.review == "waiting"
    assert filed.document.correction_of == first.filed[0].document.id
    assert {(one.state, one.hold_code) for one in filed.deliveries} == {
        (State.HELD, HoldCode.REVIEW)
    }
    [notice] = [one for one in await world.deliveries() if one.purpose is Purpose.NOTICE]
    assert notice.address == "baas@acme.example"
    assert notice.letter is not None
    assert filed.document.id in notice.letter.text


async def test_a_number_of_another_supplier_or_year_is_another_number(world: World) -> None:
    other = ubl.write(
        a_bill(number="2026-001", seller=a_party("Ander NV", "0403170701"), buyer=a_party())
    )
    for content in (an_invoice(), other, an_invoice(issued_on=date(2025, 3, 1), due_on=None)):
        [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", content))))).filed
        assert filed.document.review is None


async def test_shadow_mode_holds_everything_until_golive(world: World) -> None:
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))).filed
    assert {one.hold_code for one in filed.deliveries} == {HoldCode.SHADOW}
    await world.db.write(partial(marks.put, name="golive:acme", value={}, now=world.clock[0]))
    second = a_mail(("g.xml", an_invoice("2026-002")))
    [filed] = (await world.desk.accept(world.submission(second))).filed
    assert {one.state for one in filed.deliveries} == {State.QUEUED}


async def test_a_document_without_a_rule_is_kept_and_the_team_is_told(world: World) -> None:
    acceptance = await world.desk.accept(
        world.submission(a_mail(("contract.pdf", A_PDF)), tag="other")
    )
    [filed] = acceptance.filed
    assert filed.document.kind is Kind.OTHER
    assert filed.deliveries == ()
    assert filed.warnings
    [notice] = await world.deliveries()
    assert notice.purpose is Purpose.NOTICE
    events = await world.db.read(partial(documents.events_of, document=filed.document.id))
    assert "document.without_fate" in {one.event for one in events}


async def test_an_inbox_that_wants_one_file_a_mail_gets_one_delivery_a_file(world: World) -> None:
    team = world.teams[0]
    accountant = team.recipients[0]
    one_file = replace(accountant.profile, one_file_a_mail=True)
    world.teams[0] = replace(
        team,
        recipients=(replace(accountant, profile=one_file),),
        rules=(Rule("all", ("accountant",)),),
    )
    raw = a_mail(("f.xml", an_invoice()), ("f.pdf", A_PDF), ("timesheet.csv", b"a;b\n1;2\n"))
    [filed] = (await world.desk.accept(world.submission(raw))).filed
    assert [one.part for one in filed.deliveries] == list(range(1, len(filed.deliveries) + 1))
    assert len({one.message_id for one in filed.deliveries}) == len(filed.deliveries) > 1


async def test_a_mail_with_one_wrong_document_is_refused_whole_with_every_reason(
    world: World,
) -> None:
    raw = a_mail(("good.xml", an_invoice()), ("bad.xml", b"<Invoice"), ("worse.xml", b"<Invoice>"))
    with pytest.raises(DocumentError) as caught:
        await world.desk.accept(world.submission(raw))
    assert {one.where.split(":")[0] for one in caught.value.problems} == {"bad.xml", "worse.xml"}
    assert await world.documents() == ()


async def test_what_was_refused_is_kept_with_its_reason_and_told_once(world: World) -> None:
    raw = a_mail(("bad.xml", b"<Invoice"), subject="Factuur 12")
    for _ in range(2):
        with pytest.raises(DocumentError):
            await world.desk.accept(world.submission(raw))
    kept = await world.refusals()
    assert [one.subject for one in kept] == ["Factuur 12", "Factuur 12"]
    assert kept[0].original is not None
    assert await world.desk.blobs.read(kept[0].original) == raw
    book = RuleBook(world.teams)
    for hour in ("10", "11"):
        await world.db.write(partial(refusals.digest, book, _period=hour, now=world.clock[0]))
    [notice] = await world.deliveries()
    assert notice.letter is not None
    words = " ".join(notice.letter.text.split())
    assert "bad.xml: Dit kan niet gelezen worden" in words
    assert kept[0].message.startswith(
        "bad.xml: this is not well-formed XML"
    )  # for the log and status


async def test_refusals_are_forgotten_after_thirty_days(world: World) -> None:
    with pytest.raises(DocumentError):
        await world.desk.accept(world.submission(a_mail(("bad.xml", b"<Invoice"))))
    await world.db.write(lambda tx: refusals.forget(tx, "", world.later(days=29)))
    assert len(await world.refusals()) == 1
    await world.db.write(lambda tx: refusals.forget(tx, "", world.later(days=2)))
    assert await world.refusals() == ()


async def test_above_its_quota_only_the_hash_of_a_refusal_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "REFUSED_PER_DAY", 2)
    for number in range(3):
        raw = a_mail((f"{number}.xml", b"<Invoice"))
        with pytest.raises(DocumentError):
            await world.desk.accept(world.submission(raw))
    newest, *older = await world.refusals()
    assert newest.original == hashlib.sha256(raw).hexdigest()
    with pytest.raises(Exception, match="no bytes"):
        await world.desk.blobs.read(newest.original)
    assert all([await world.desk.blobs.read(one.original or "") for one in older])


async def test_explain_says_what_would_happen_and_stores_nothing(world: World) -> None:
    raw = a_mail(("f.xml", an_invoice()))
    [explained] = await world.desk.explain(world.submission(raw))
    assert {one.recipient for one in explained.considered.decision.planned} == {
        "accountant",
        "books",
    }
    assert explained.same_content is None
    assert await world.documents() == ()
    await world.desk.accept(world.submission(raw))
    [explained] = await world.desk.explain(world.submission(raw))
    assert explained.same_content is not None
    stored = await world.desk.explain_stored(explained.same_content.id)
    assert stored.same_number == ()


async def test_our_own_mail_that_comes_back_is_a_loop(world: World) -> None:
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))).filed
    ours = filed.deliveries[0].id
    back = f"X-Maild-Delivery: {ours}\r\n".encode() + a_mail(("f.xml", an_invoice("2026-009")))
    with pytest.raises(DocumentError) as caught:
        await world.desk.accept(world.submission(back))
    assert caught.value.smtp == "554 5.4.6"
    others = b"X-Maild-Delivery: v-of-another-maild\r\n" + a_mail(("p.xml", a_purchase()))
    assert len((await world.desk.accept(world.submission(others))).fresh) == 1


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (b"Received: x\r\n" * 101, "554 5.4.6"),
        (b"Auto-Submitted: auto-replied\r\n", "554 5.6.0"),
    ],
    ids=["a hundred hops", "an automatic reply"],
)
async def test_mail_about_mail_is_no_document(world: World, head: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        await world.desk.accept(world.submission(head + a_mail(("f.xml", an_invoice()))))
    assert caught.value.smtp == code


async def test_an_invoicing_program_may_say_that_it_is_one(world: World) -> None:
    raw = b"Auto-Submitted: auto-generated\r\n" + a_mail(("f.xml", an_invoice()))
    assert len((await world.desk.accept(world.submission(raw))).fresh) == 1


async def test_a_quote_goes_to_the_owner_and_a_credit_note_to_the_books(world: World) -> None:
    raw = a_mail(("q.xml", ubl.write(a_quote())), ("c.xml", ubl.write(a_credit_note())))
    filed = (await world.desk.accept(world.submission(raw))).filed
    assert {
        (one.document.kind, *sorted(d.recipient or "" for d in one.deliveries)) for one in filed
    } == {
        (Kind.QUOTE, "owner"),
        (Kind.CREDIT_NOTE, "accountant", "books"),
    }


async def test_files_handed_in_twice_make_the_same_bytes() -> None:
    files = [("één factuur.pdf", A_PDF), ("f.xml", an_invoice())]
    assert wrap(files) == wrap(files)


@dataclass
class Noted:
    """A mark that writes into the store what it is told."""

    fails: bool = False

    def accepted(self, tx: Tx, acceptance: Acceptance) -> None:
        self._put(tx, f"accepted {len(acceptance.fresh)} new, {len(acceptance.duplicates)} known")

    def refused(self, tx: Tx, refusal: str, fault: DocumentError) -> None:
        self._put(tx, f"refused {refusal}")

    def _put(self, tx: Tx, said: str) -> None:
        if self.fails:
            raise RuntimeError("no room")
        marks.put(tx, "door", {"said": said}, now=datetime(2026, 3, 2, tzinfo=UTC))


async def test_a_doors_mark_is_stored_with_what_it_brought(world: World) -> None:
    submission = world.submission(a_mail(("f.xml", an_invoice())))
    for said in ("accepted 1 new, 0 known", "accepted 0 new, 1 known"):
        await world.desk.accept(submission, mark=Noted())
        assert await world.db.read(partial(marks.get, name="door")) == {"said": said}
    with pytest.raises(DocumentError):
        await world.desk.accept(world.submission(a_mail(("f.xml", b"<no"))), mark=Noted())
    [refusal] = await world.refusals()
    assert await world.db.read(partial(marks.get, name="door")) == {"said": f"refused {refusal.id}"}


async def test_without_its_mark_nothing_of_a_submission_is_stored(world: World) -> None:
    broken = Noted(fails=True)
    with pytest.raises(RuntimeError, match="no room"):
        await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))), mark=broken)
    with pytest.raises(DocumentError):
        await world.desk.accept(world.submission(a_mail(("f.xml", b"<no"))), mark=broken)
    assert await world.documents() == ()
    assert await world.refusals() == ()


async def test_a_large_mail_with_a_zip_is_stored_file_by_file(world: World) -> None:
    scan = A_PDF + random.Random(1).randbytes(1_200_000)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("f1.xml", an_invoice("2026-001"))
        archive.writestr("f1.pdf", scan)
        archive.writestr("f2.xml", an_invoice("2026-002"))
    acceptance = await world.desk.accept(world.submission(a_mail(("bills.zip", out.getvalue()))))
    first, second = (one.document for one in acceptance.fresh)
    assert (first.number, second.number) == ("2026-001", "2026-002")
    [pdf] = [one for one in first.files if one.role is Role.PDF]
    assert (pdf.name, pdf.size) == ("f1.pdf", len(scan))
    assert await world.desk.blobs.read(pdf.sha256) == scan
    assert await world.desk.blobs.sweep() == 0


async def test_a_mail_whose_archive_cannot_be_opened_is_refused_and_kept(world: World) -> None:
    raw = a_mail(("bills.zip", b"PK\x03\x04" + bytes(100)))
    with pytest.raises(DocumentError, match=r"bills\.zip: the ZIP file is damaged"):
        await world.desk.accept(world.submission(raw))
    [refusal] = await world.refusals()
    assert refusal.original is not None
    assert await world.desk.blobs.read(refusal.original) == raw


async def test_a_large_pdf_inside_the_ubl_is_stored_and_the_ubl_stays_as_it_came(
    world: World,
) -> None:
    scan = A_PDF + random.Random(2).randbytes(1_200_000)
    slip = b"%PDF-1.4 1 0 obj " + bytes(100_000)
    inside = (
        Attachment(id="slip", description="werkbon", name="slip.pdf", content=slip),
        Attachment(id="2026-001", name="f.pdf", media_type="application/pdf", content=scan),
    )
    invoice = ubl.write(replace(a_bill(number="2026-001"), attachments=inside))
    acceptance = await world.desk.accept(world.submission(a_mail(("f.xml", invoice))))
    [document] = [one.document for one in acceptance.fresh]
    files = {one.role: one for one in document.files}
    assert (files[Role.PDF].name, files[Role.PDF].size) == ("f.pdf", len(scan))
    assert await world.desk.blobs.read(files[Role.PDF].sha256) == scan
    assert await world.desk.blobs.read(files[Role.UBL].sha256) == invoice
