"""The main job with real servers: mail in, a real Postfix out, and the mailboxes looked into by IMAP.

`maild run` is a process, its configuration is the issue's own, and what the commands tell afterwards
is compared with what lies in the mailboxes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
import pytest

from tests.promised import PROMISED
from tests.servers.dovecot import Dovecot, Received
from tests.servers.fixtures import StartPostfix
from tests.servers.instance import require
from tests.servers.ports import free_port
from tests.servers.tls import Certificates
from tests.servers.world import MailWorld, settings_towards
from tests.spine import papers
from tests.spine.house import ACCOUNTANT, BOOKS, OWNER, House, configured
from tests.spine.post import a_mail, hand_in, sha256

# An invoice, a credit note and a quote, in the dialects of the corpus; each gets a team of its own.
CORPUS = (
    "own-inv-k-016623.xml",  # Peppol BIS 3, Belgian
    "own-cn-s-495908.xml",
    "own-broken-quotation-07-same.xml",
    "cen-examples-ubl-tc434-example8.xml",  # plain EN 16931
    "ubl-be-ublbe-be0000000196-v01-15000006.xml",  # UBL.BE
    "si-ubl-si-ubl-2-0-ok-allowance.xml",  # NLCIUS
    "xrechnung-01-01-comprehensive-test-ubl.xml",
    "peppol-examples-base-creditnote-correction.xml",
    "phive-en16931-guide-example2.xml",
    "oasis-ubl-quotation-2-1-example.xml",  # UBL 2.1, no VAT number of the seller
)


@dataclass(frozen=True, slots=True)
class Paper:
    """A document of the corpus, with what `expected.jsonl` says of it."""

    slug: str
    name: str
    content: bytes
    root: str
    fields: dict[str, Any]

    @property
    def own_number(self) -> str:
        """What identifies its seller."""
        return str(self.fields.get("seller_vat") or self.fields["seller_endpoint"])


@pytest.fixture
def own_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """A Dovecot whose mailboxes no other test writes to: addresses here are the issue's own."""
    require("dovecot")
    with ExitStack() as stack:
        server = Dovecot(certificates)
        stack.callback(server.remove)
        server.start()
        yield server


@pytest.fixture
def world(start_postfix: StartPostfix, own_dovecot: Dovecot) -> MailWorld:
    """A Postfix that takes mail for every address, and these mailboxes."""
    return MailWorld(start_postfix(settings=settings_towards(own_dovecot)), own_dovecot)


def test_an_invoice_a_credit_note_and_a_quote_reach_those_whom_the_rules_name(
    house: House, world: MailWorld
) -> None:
    port = free_port()
    house.write(configured(world.smtp_port, listen=port))
    sent = {
        "2026-001": papers.invoice("2026-001"),
        "CN-2026-001": papers.credit_note("CN-2026-001"),
        "OFF-2026-001": papers.quote("OFF-2026-001"),
    }
    with house.running():
        for number, content in sent.items():
            assert str(hand_in(port, a_mail((f"{number}.xml", content)))).startswith("250 2.0.0")
        at_accountant = world.wait_for_mails(ACCOUNTANT, 2)
        in_books = world.wait_for_mails(BOOKS, 2)
        [at_owner] = world.wait_for_mails(OWNER, 1)
        stories = {
            number: house.settled(number, *["handed_over"] * (1 if "OFF" in number else 2))
            for number in sent
        }
    assert {one.message["Subject"] for one in at_accountant} == {
        "Factuur 2026-001 van Acme BV aan Beta NV",
        "Creditnota CN-2026-001 van Acme BV aan Beta NV",
    }
    assert {one.message["Subject"] for one in in_books} == {
        "factuur 2026-001",
        "creditnota CN-2026-001",
    }
    assert at_owner.message["Subject"] == "Offerte OFF-2026-001 van Acme BV voor Beta NV"
    for one in (*at_accountant, *in_books, at_owner):
        _is_a_good_mail(one, sent)
    # No quote to the machine, and the case of the address as it was written, in header and mailbox.
    assert {one.message["To"] for one in in_books} == {BOOKS}
    assert {one.message["Delivered-To"] for one in in_books} == {BOOKS}
    assert world.mails(BOOKS.lower()) == []
    _tell_the_same(stories, (*at_accountant, *in_books, at_owner))


def test_the_queue_tells_the_same_story_as_the_documents(house: House, world: MailWorld) -> None:
    house.write(configured(world.smtp_port))
    with house.running() as daemon:
        assert daemon.hand_in(a_mail(("a.xml", papers.invoice("2026-100")))).code == 250
        shown = house.settled("2026-100", "handed_over", "handed_over")
        # By processes of their own, as a person's shell would: the same words from outside.
        queue = house.process("queue", "list", "--json").json()
        [again] = house.process("documents", "show", shown["id"], "--json").json()
        [status] = house.process("status", "--json").json()
    assert again == shown
    assert sorted(queue, key=_id) == sorted(shown["deliveries"], key=_id)
    assert status["state"] == "ready"
    assert status["smtpd"] == {"listen": [f"127.0.0.1:{daemon.port}"]}
    assert status["queue"]["handed_over"] == 2
    for one in queue:
        [attempt] = one["attempts"]
        assert attempt["n"] == 1
        assert attempt["outcome"] == "handed_over"
        assert attempt["reply"].startswith("250 2.0.0 Ok: queued as ")


def test_documents_of_every_dialect_arrive_as_they_were_issued(
    house: House, world: MailWorld, shared: Path
) -> None:
    corpus = _corpus(shared)
    house.write(_teams(corpus, relay=world.smtp_port))
    with house.running() as daemon:
        for paper in corpus:
            mail = a_mail((paper.name, paper.content), to=f"{paper.slug}@post.example")
            assert daemon.hand_in(mail).code == 250, paper.name
        for paper in corpus:
            _arrives(paper, house=house, world=world)


def test_what_a_mailbox_shows_is_one_message_a_delivery(house: House, world: MailWorld) -> None:
    """Recipients never see each other: each gets a mail of his own, under a name of its own."""
    house.write(configured(world.smtp_port))
    with house.running() as daemon:
        assert daemon.hand_in(a_mail(("a.xml", papers.invoice("2026-200")))).code == 250
        [first] = world.wait_for_mails(ACCOUNTANT, 1)
        [second] = world.wait_for_mails(BOOKS, 1)
    assert first.message["Message-ID"] != second.message["Message-ID"]
    assert BOOKS.encode() not in first.raw
    assert ACCOUNTANT.encode() not in second.raw
    assert first.message["Auto-Submitted"] == "auto-generated"
    assert first.message["From"] == "Acme BV <facturen@acme.example>"


def _is_a_good_mail(one: Received, sent: dict[str, bytes]) -> None:
    """One UBL as it was issued and one PDF that opens, under one base name."""
    files = one.files()
    stems = {name.rpartition(".")[0] for name in files}
    assert len(files) == 2
    assert len(stems) == 1
    [stem] = stems
    assert sha256(files[f"{stem}.xml"]) == sha256(sent[stem.partition("-")[2]])
    _opens(files[f"{stem}.pdf"])


def _opens(pdf: bytes) -> None:
    assert pdf.startswith(b"%PDF")
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) >= 1


def _tell_the_same(stories: dict[str, dict[str, Any]], mails: tuple[Received, ...]) -> None:
    """Every delivery is one mail: its Message-ID, its address, its bytes as recorded."""
    told = {
        one["message_id"]: one["address"]
        for story in stories.values()
        for one in story["deliveries"]
    }
    assert len(told) == len(mails)
    assert told == {one.message["Message-ID"]: one.message["To"] for one in mails}
    for number, story in stories.items():
        assert story["number"] == number
        assert [event["event"] for event in story["story"]].count("delivery.handed_over") == len(
            story["deliveries"]
        )
        assert {one["rule"] for one in story["trace"] if one["hit"]} == {_rule(story["kind"])}


def _rule(kind: str) -> str:
    quotes = "quotes to the owner"
    return (
        quotes
        if kind == "quote"
        else "invoices and credit notes to the accountant and into the books"
    )


def _corpus(shared: Path) -> list[Paper]:
    folder = shared / "corpus" / "ubl"
    lines = (folder / "expected.jsonl").read_text("utf-8").splitlines()
    known = {row["file"]: row for row in map(json.loads, lines)}
    papers_ = []
    for at, name in enumerate(CORPUS):
        row = known[f"valid/{name}"]
        content = (folder / "valid" / name).read_bytes()
        papers_.append(Paper(f"team{at}", name, content, row["root"], row["fields"]))
    return papers_


def _teams(corpus: list[Paper], *, relay: int) -> str:
    """The configuration with a team for each paper, made from the team that stands in it."""
    head, team = PROMISED.split("[team.acme]", 1)
    text = head.replace("127.0.0.1:2525", "127.0.0.1:0").replace("2526", str(relay))
    for paper in corpus:
        mine = f"[team.acme]{team}".replace("team.acme", f"team.{paper.slug}")
        mine = mine.replace("BE0123456749", paper.own_number).replace(
            "acme@post", f"{paper.slug}@post"
        )
        text += (
            mine.replace("@kantoor.example", f"@{paper.slug}.example")
            .replace("Acme.Verkoop@Inbox.Example", f"Acme.{paper.slug}@Inbox.Example")
            .replace("baas@acme.example", f"baas@{paper.slug}.example")
            + "\n"
        )
    return text


def _arrives(paper: Paper, *, house: House, world: MailWorld) -> None:
    """A paper is in the mailboxes of its team, with the bytes that its issuer wrote."""
    kind = {"Invoice": "invoice", "CreditNote": "credit_note", "Quotation": "quote"}[paper.root]
    addresses = (
        [f"baas@{paper.slug}.example"]
        if kind == "quote"
        else [f"an@{paper.slug}.example", f"Acme.{paper.slug}@Inbox.Example"]
    )
    for address in addresses:
        [received] = world.wait_for_mails(address, 1)
        files = received.files()
        assert sha256(paper.content) in {sha256(one) for one in files.values()}, paper.name
        _opens(next(one for name, one in files.items() if name.endswith(".pdf")))
    [document] = house.documents("--team", paper.slug)
    assert (document["kind"], document["direction"]) == (kind, "sales")
    assert document["number"] == paper.fields["id"]
    assert document["files"][0]["sha256"] == sha256(paper.content)


def _id(one: dict[str, Any]) -> str:
    return str(one["id"])
