"""What maild takes, in every form and by every door, and what leaves for it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.spine import papers
from tests.spine.conftest import Running, Shared
from tests.spine.house import ACCOUNTANT, BOOKS, UNREAD, House, configured
from tests.spine.post import a_mail, files_of, sha256, text_of
from tests.spine.sinks import Sink
from tests.spine.waiting import until


def test_a_json_document_leaves_as_ubl_and_pdf(run: Running, house: House, sink: Sink) -> None:
    reply = run().hand_in(a_mail(("factuur.json", papers.as_json("J-001"))))
    assert reply.code == 250
    files = files_of(sink.wait_for(BOOKS)[0])
    assert sorted(files) == ["factuur-J-001.pdf", "factuur-J-001.xml"]
    bill = papers.read(files["factuur-J-001.xml"])
    assert (bill.number, bill.seller.vat) == ("J-001", "BE0123456749")
    assert str(bill.totals.payable) == "968.00 EUR"
    roles = {one["role"]: one["made"] for one in house.document("J-001")["files"]}
    assert roles == {"ubl": True, "original": False, "pdf": True}


def test_the_pdf_that_came_beside_the_ubl_goes_out_and_none_is_made(
    run: Running, house: House, sink: Sink
) -> None:
    content, pdf = papers.invoice("2026-002"), papers.a_pdf("mine")
    daemon = run()
    assert daemon.hand_in(a_mail(("f.xml", content), ("f.pdf", pdf))).code == 250
    for address in (ACCOUNTANT, BOOKS):
        files = files_of(sink.wait_for(address)[0])
        assert {sha256(one) for one in files.values()} == {sha256(content), sha256(pdf)}
    assert not any(one["made"] for one in house.document("2026-002")["files"])


def test_the_pdf_inside_the_ubl_goes_out_beside_it(run: Running, sink: Sink) -> None:
    pdf = papers.a_pdf("inside")
    content = papers.with_pdf_inside("2026-003", pdf)
    run().hand_in(a_mail(("f.xml", content)))
    files = files_of(sink.wait_for(BOOKS)[0])
    assert files == {"factuur-2026-003.xml": content, "factuur-2026-003.pdf": pdf}


@pytest.mark.parametrize(
    ("tag", "kind", "direction"),
    [
        ("invoice", "invoice", "sales"),
        ("credit", "credit_note", "sales"),
        ("quote", "quote", "sales"),
        ("purchase", "purchase_invoice", "purchase"),
        ("purchase-credit", "purchase_credit_note", "purchase"),
        ("other", "other", None),
    ],
)
def test_a_pdf_alone_is_what_the_tag_says(
    open_door: Shared, tag: str, kind: str, direction: str | None
) -> None:
    pdf = papers.a_pdf(tag)
    mail = a_mail(("scan.pdf", pdf), to=f"acme+{tag}@post.example", subject="Factuur 2026-77")
    assert open_door.daemon.hand_in(mail).code == 250
    document = open_door.house.documents()[-1]
    assert (document["kind"], document["direction"]) == (kind, direction)
    assert document["total"] is None
    assert document["files"][0]["sha256"] == sha256(pdf)


def test_a_pdf_with_a_tag_goes_where_the_rules_say(run: Running, house: House, sink: Sink) -> None:
    pdf = papers.a_pdf("bought")
    mail = a_mail(("2026-88.pdf", pdf), to="acme+purchase@post.example", subject="Factuur 2026-88")
    assert run(UNREAD).hand_in(mail).code == 250
    [received] = sink.wait_for(ACCOUNTANT)
    assert list(files_of(received).values()) == [pdf]
    assert house.document("2026-88")["kind"] == "purchase_invoice"


def test_what_we_buy_goes_by_the_rule_for_purchases(run: Running, house: House, sink: Sink) -> None:
    run().hand_in(a_mail(("f.xml", papers.purchase("P-1"))))
    [received] = sink.wait_for(ACCOUNTANT)
    assert received["Subject"] == "Aankoopfactuur P-1 van Papier NV aan Acme BV"
    shown = house.document("P-1")
    assert (shown["kind"], shown["direction"]) == ("purchase_invoice", "purchase")
    assert [one["rule"] for one in shown["trace"] if one["hit"]] == [
        "what we buy, to the accountant"
    ]


def test_a_mail_with_several_documents_is_taken_whole(run: Running, house: House) -> None:
    daemon = run()
    both = a_mail(("1.xml", papers.invoice("2026-010")), ("2.xml", papers.credit_note("CN-10")))
    reply = daemon.hand_in(both)
    assert reply.code == 250
    assert "2026-010" in reply.text
    assert "CN-10" in reply.text
    assert {one["number"] for one in house.documents()} == {"2026-010", "CN-10"}


def test_a_mail_with_one_wrong_document_is_refused_whole(run: Running, house: House) -> None:
    mail = a_mail(("1.xml", papers.invoice("2026-011")), ("2.xml", b"<Invoice>broken"))
    reply = run().hand_in(mail)
    assert str(reply).startswith("554 5.6.0")
    assert "2.xml" in reply.text
    assert house.documents() == []


def test_a_file_in_the_folder_is_taken_like_a_mail(
    run: Running, house: House, sink: Sink, tmp_path: Path
) -> None:
    folder = tmp_path / "drop"
    folder.mkdir()
    content = papers.invoice("2026-012")
    run(more='\n[folder.erp]\npath = "../drop"\nteam = "acme"\n')
    (folder / "f.xml").write_bytes(content)
    (folder / "wrong.xml").write_bytes(b"<!DOCTYPE x><x/>")
    assert content in files_of(sink.wait_for(BOOKS)[0]).values()
    until((folder / "done" / "f.xml").is_file)
    reason = until(lambda: list((folder / "refused").glob("wrong.xml.txt")))[0]
    assert "DOCTYPE" in reason.read_text()
    assert [path.name for path in folder.iterdir() if path.is_file()] == []
    assert house.status()["teams"][0]["refused"] == 1


def test_what_is_sent_while_the_daemon_is_down_leaves_when_it_is_up(
    house: House, sink: Sink
) -> None:
    house.write(configured(sink.port))
    content = papers.invoice("2026-013")
    (house.folder / "f.xml").write_bytes(content)
    said = house.process("send", "f.xml", "--team", "acme", "--json")
    assert said.code == 0, said.err
    [document] = said.json()[0]["documents"]
    assert [one["state"] for one in document["deliveries"]] == ["queued", "queued"]
    assert house.status()["state"] == "down"
    assert sink.mails == []
    with house.running():
        assert content in files_of(sink.wait_for(BOOKS)[0]).values()
        # While it still runs: leaving the block kills it, and the other mail may be on the wire.
        assert house.settled("2026-013", "handed_over", "handed_over")


def test_the_daemon_takes_up_what_a_command_writes_within_a_second(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run()
    # With its own PDF, so that the time is that of the outbox alone.
    (house.folder / "f.xml").write_bytes(papers.with_pdf_inside("2026-014", papers.a_pdf("x")))
    warm = a_mail(("w.xml", papers.with_pdf_inside("2026-015", papers.a_pdf("w"))))
    daemon.hand_in(warm)
    house.settled("2026-015", "handed_over", "handed_over")
    house.json("send", "f.xml", "--team", "acme")
    written = time.monotonic()
    until(lambda: len(sink.to(BOOKS)) == 2 and len(sink.to(ACCOUNTANT)) == 2)
    assert time.monotonic() - written < 1


def test_a_kind_without_a_rule_is_kept_and_the_team_is_told(
    run: Running, house: House, sink: Sink
) -> None:
    told = ("[team.acme.recipients]", 'people = ["chef@acme.example"]\n\n[team.acme.recipients]')
    daemon = run(told)
    mail = a_mail(("contract.pdf", papers.a_pdf("c")), to="acme+other@post.example")
    assert daemon.hand_in(mail).code == 250
    [notice] = sink.wait_for("chef@acme.example")
    [document] = house.documents()
    assert document["deliveries"] == []
    assert document["id"] in text_of(notice)
    assert files_of(notice) == {}
    assert any("other" in one for one in house.status()["warnings"])
    [shown] = house.json("documents", "show", document["id"])
    assert "document.without_fate" in [one["event"] for one in shown["story"]]


def test_explain_says_beforehand_what_happens(run: Running, house: House) -> None:
    daemon = run()
    content = papers.invoice("2026-016")
    (house.folder / "f.xml").write_bytes(content)
    [before] = house.json("explain", "f.xml", "--team", "acme")
    assert house.documents() == []
    daemon.hand_in(a_mail(("f.xml", content)))
    after = house.settled("2026-016", "handed_over", "handed_over")
    keys = ("recipient", "address", "connector", "profile", "attach")
    assert [{key: one[key] for key in keys} for one in before["deliveries"]] == [
        {key: one[key] for key in keys} for one in after["deliveries"]
    ]
    assert before["trace"] == after["trace"]
