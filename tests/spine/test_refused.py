"""What maild refuses at its door: the code of the fault table, and a sentence that a person understands."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.spine import papers
from tests.spine.conftest import Running, Shared
from tests.spine.house import House
from tests.spine.post import SENDER, TEAM, a_mail
from tests.spine.sinks import Sink
from tests.spine.waiting import until

TWO_TEAMS = """
[team.beta]
name = "Beta NV"
vat = "BE0456789133"
addresses = ["beta@post.example"]
from = "Beta NV <facturen@beta.example>"

[team.beta.recipients]
accountant = { via = "relay", address = "an@kantoor.example", profile = "mailbox" }

[[team.beta.rules]]
name = "all to the accountant"
kinds = ["invoice", "credit_note", "quote", "purchase_invoice", "purchase_credit_note", "other"]
to = ["accountant"]
"""

DOCTYPE = b'<?xml version="1.0"?><!DOCTYPE Invoice [<!ENTITY a "b">]><Invoice>&a;</Invoice>'
Files = Callable[[], list[tuple[str, bytes]]]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (list, ["no file", "UBL", "+invoice", "+quote", "+purchase"]),
        (lambda: [("scan.pdf", papers.a_pdf("s"))], ["scan.pdf", "+invoice", "+other"]),
        (lambda: [("f.xml", b"<Invoice><cbc:ID>1</Invoice>")], ["f.xml", "line 1"]),
        (lambda: [("f.xml", DOCTYPE)], ["f.xml", "DOCTYPE"]),
        (lambda: [("f.xml", papers.of_strangers("V-1"))], ["Vreemd NV", papers.STRANGER, "tag"]),
        (
            lambda: [("f.xml", papers.invoice("2026-1").replace(b"968.00", b"969.00"))],
            ["f.xml", "969.00", "BT-1"],
        ),
        (
            lambda: [("f.xml", papers.invoice("2026-1").replace(b"<cbc:ID>2026-1</cbc:ID>", b""))],
            ["f.xml", "BT-1"],
        ),
        (lambda: [("f.json", b'{"kind": "invoice", "number": ')], ["f.json"]),
        (lambda: [("f.json", b'{"kind": "invoice", "nummer": "1"}')], ["f.json", "number"]),
        (lambda: [("note.txt", b"hello")], ["note.txt", "tag"]),
    ],
    ids=[
        "an empty mail",
        "a PDF alone without a tag",
        "broken XML",
        "a DOCTYPE",
        "a document of others",
        "totals that do not add up",
        "no number",
        "broken JSON",
        "JSON with wrong keys",
        "a text file",
    ],
)
def test_what_the_sender_has_to_change_is_refused_with_the_reason(
    open_door: Shared, files: Files, words: list[str]
) -> None:
    house, before = open_door.house, open_door.house.status()["teams"][0]["refused"]
    reply = open_door.daemon.hand_in(a_mail(*files()))
    assert str(reply).startswith("554 5.6.0 ")
    for word in words:
        assert word in reply.text
    assert "Traceback" not in reply.text
    assert house.documents() == []
    assert house.status()["teams"][0]["refused"] == before + 1


def test_a_mail_of_forty_megabytes_is_refused_and_the_door_stays_open(
    run: Running, house: House
) -> None:
    daemon = run()
    with smtplib.SMTP("127.0.0.1", daemon.port, timeout=60) as client:
        client.ehlo()
        assert int(client.esmtp_features["size"]) == 35_000_000
        code, text = client.mail(SENDER, ["SIZE=40000000"])
        assert (code, text[:5]) == (552, b"5.3.4")
    # A client that does not say the size beforehand hears it after the dot.
    body = b"Subject: x\r\n\r\n" + (b"x" * 76 + b"\r\n") * 520_000
    reply = daemon.hand_in(body, TEAM)
    assert str(reply).startswith("552 5.3.4")
    assert "35,000,000" in reply.text
    assert daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1")))).code == 250
    assert [one["number"] for one in house.documents()] == ["2026-1"]


def test_the_size_is_what_the_configuration_says(run: Running) -> None:
    daemon = run(("[smtpd]", '[smtpd]\nmax_size = "100kB"'))
    mail = a_mail(("f.xml", papers.invoice("2026-1")), ("big.csv", b"1;2\n" * 40_000))
    assert str(daemon.hand_in(mail)).startswith("552 5.3.4")


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("nobody@post.example", "550 5.1.1 There is no address nobody@post.example here"),
        ("acme+invoise@post.example", "550 5.1.1"),
        ("an@elsewhere.example", "550 5.7.1"),
        ("acme%elsewhere.example@post.example", "550 5.7.1"),
    ],
)
def test_only_the_teams_own_addresses_are_known(
    open_door: Shared, address: str, start: str
) -> None:
    reply = open_door.daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1"))), address)
    assert str(reply).startswith(start)


def test_addresses_are_known_in_any_case(run: Running) -> None:
    reply = run().hand_in(a_mail(("f.xml", papers.invoice("2026-1"))), "ACME@Post.Example")
    assert reply.code == 250


def test_a_document_for_the_wrong_team_is_refused_with_both_names(
    run: Running, house: House
) -> None:
    reply = run(more=TWO_TEAMS).hand_in(
        a_mail(("f.xml", papers.purchase("P-1")), to="beta@post.example")
    )
    assert str(reply).startswith("554 5.6.0")
    assert "Papier NV" in reply.text
    assert "Beta NV" in reply.text
    assert house.documents() == []


def test_a_mail_to_two_teams_is_for_the_first_and_the_second_comes_again(
    run: Running, house: House
) -> None:
    daemon = run(more=TWO_TEAMS)
    content = papers.invoice("2026-1")
    with smtplib.SMTP("127.0.0.1", daemon.port, timeout=60) as client:
        client.ehlo()
        client.mail(SENDER)
        assert client.rcpt(TEAM)[0] == 250
        code, text = client.rcpt("beta@post.example")
        assert (code, text[:5]) == (452, b"4.5.3")
        assert client.data(a_mail(("f.xml", content)).as_bytes())[0] == 250
    again = daemon.hand_in(a_mail(("f.xml", content), to="beta@post.example"))
    assert again.code == 250
    assert [(one["team"], one["kind"]) for one in house.documents()] == [
        ("acme", "invoice"),
        ("beta", "purchase_invoice"),
    ]


def test_who_is_not_allowed_may_not_hand_in(run: Running) -> None:
    daemon = run(('allow = ["127.0.0.0/8"]', 'allow = ["192.0.2.0/24"]'))
    reply = daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-1"))))
    assert str(reply).startswith("550 5.7.1")


def test_the_same_mail_twice_is_accepted_once_and_says_so(
    run: Running, house: House, sink: Sink
) -> None:
    daemon = run()
    mail = a_mail(("f.xml", papers.invoice("2026-1")))
    assert daemon.hand_in(mail).code == 250
    shown = house.settled("2026-1", "handed_over", "handed_over")
    reply = daemon.hand_in(mail)
    assert reply.code == 250
    assert "Already known: invoice 2026-1" in reply.text
    assert len(house.documents()) == 1
    assert len(house.queue()) == 2
    assert len(sink.mails) == 2
    again = house.document("2026-1")
    assert again["deliveries"] == shown["deliveries"]
    assert "arrival.repeated" in [one["event"] for one in again["story"]]


def test_a_second_mail_cannot_be_smuggled_into_the_first(run: Running, house: House) -> None:
    """A dot between bare line feeds is no end of a mail (SMTP smuggling)."""
    port = run().port
    inner = b"\n.\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<acme@post.example>\r\nDATA\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(
            b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<acme@post.example>\r\nDATA\r\n"
        )
        sock.sendall(b"Subject: one\r\n\r\nx" + inner + b"Subject: two\r\n\r\ny\r\n.\r\nQUIT\r\n")
        said = b"".join(iter(lambda: sock.recv(4096), b"")).decode().splitlines()
    finals = [line for line in said if line[:3] in {"250", "550", "554"} and line[3] == " "]
    # EHLO, MAIL and RCPT, then one answer to one mail: a refusal.
    assert len(finals) == 4
    assert finals[-1].startswith("5")
    assert house.documents() == []


def test_a_door_that_is_shut_in_the_middle_of_a_mail_has_taken_nothing(
    run: Running, house: House
) -> None:
    daemon = run()
    half = a_mail(("f.xml", papers.invoice("2026-1"))).as_bytes()[:2000]
    with socket.create_connection(("127.0.0.1", daemon.port), timeout=20) as sock:
        sock.sendall(
            b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<acme@post.example>\r\nDATA\r\n"
        )
        until(lambda: b"354" in sock.recv(4096))
        sock.sendall(half)
    assert daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-2")))).code == 250
    assert [one["number"] for one in house.documents()] == ["2026-2"]


def test_inspect_reads_what_the_door_refuses(house: House, tmp_path: Path) -> None:
    """Reading is lenient, accepting is strict; a file that is none gets a code, no traceback."""
    (house.folder / "good.xml").write_bytes(papers.invoice("2026-1"))
    (house.folder / "bad.xml").write_bytes(b"<Invoice><oops>")
    said = house.process("inspect", "good.xml", "bad.xml", "--json")
    good, bad = said.json()
    assert said.code == 65
    assert (good["kind"], good["number"], good["totals"]["payable"]) == (
        "invoice",
        "2026-1",
        "968.00",
    )
    assert bad["kind"] == "unknown"
    assert bad["problems"]
    assert "Traceback" not in said.err
