"""Mail that lies in real mailboxes reaches the accountant: once, soon, and however maild dies."""

from __future__ import annotations

import hashlib
import random
import smtplib
import statistics
import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.render.proofs import text_of
from tests.servers.world import MailWorld
from tests.spine import mailboxes, papers
from tests.spine.house import House
from tests.spine.mailboxes import ELSEWHERE, ENDS, End, Load, has_original
from tests.spine.post import SENDER, a_mail
from tests.spine.waiting import until

HTML_INVOICE = """<html><head><style>p { color: red }</style></head><body>
<script>document.write("stolen")</script><img src="http://127.0.0.1:9/logo.png">
<h1>Factuur 2026-88</h1>
<table><tr><td>Papier</td><td>12,10</td></tr></table>
<p>Totaal <b>14,64</b></p></body></html>"""
MEDIAN = 2.0  # seconds from the mailbox to the accountant's, with IDLE


def addresses(count: int) -> list[str]:
    return [f"m{uuid4().hex[:10]}@inbox.test" for _ in range(count)]


def test_a_daemon_that_is_killed_while_another_client_tidies_loses_and_doubles_nothing(
    house: House, mail_world: MailWorld, shared: Path
) -> None:
    _run(house, mail_world, shared, invoices=24, strange=12, kills=4, longest=1.5)


@pytest.mark.soak
def test_three_hundred_mails_and_twenty_kills(
    house: House, mail_world: MailWorld, shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    end, load, freed = _run(
        house, mail_world, shared, invoices=220, strange=80, kills=20, longest=4.0
    )
    told = {
        "mails": len(load.mails),
        "kills": 20,
        "moved or deleted by another client": len(load.touched),
        "documents": len(end.documents),
        "held after three deaths, then let go": freed,
        "messages out": sum(end.arrived.values()),
        "twice, recorded": sum(n > 1 for n in end.arrived.values()),
    }
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")


def _run(
    house: House, world: MailWorld, shared: Path, *,
    invoices: int, strange: int, kills: int, longest: float,
) -> tuple[End, Load, int]:  # fmt: skip
    boxes, ends, chance = addresses(3), addresses(2), random.Random(20_261_124)
    mailboxes.prepared(house, world, boxes, accountant=ends[0], books=ends[1])
    mails = [*mailboxes.invoices(invoices), *mailboxes.strange_mails(shared, strange)]
    chance.shuffle(mails)
    load = Load(world, boxes, mails, kills * (longest / 2 + 0.8), random.Random(7))
    load.start()
    try:
        mailboxes.kill_again_and_again(house, times=kills, longest=longest, chance=chance)
        load.finish()
    finally:
        load.give_up()
    freed = mailboxes.settle(house, world, boxes, within=60 + len(mails))
    end = mailboxes.seen(house, world, boxes, ends=ends)
    _holds(house, end, load)
    return end, load, freed


def _holds(house: House, end: End, load: Load) -> None:
    """What must be true, whenever it died and whatever the other client did."""
    assert end.inboxes == 0
    stored = [one["number"] for one in end.documents]
    for name, _ in load.mails:
        places = [folder for folder, _ in end.lying.get(name, [])]
        if name not in load.touched:
            assert len(places) == 1, (name, places)
            assert places[0] in (["Processed"] if name.startswith("B-") else ENDS), name
            assert stored.count(name) == name.startswith("B-"), name
        else:
            # It was faster or we were: never twice, and what it moved lies where it put it.
            assert len(places) <= 1, (name, places)
            assert set(places) <= {ELSEWHERE, *ENDS}
            assert stored.count(name) <= 1
    _arrived_once(end)
    _originals_kept(house, end)


def _arrived_once(end: End) -> None:
    for document in end.documents:
        if not str(document["number"]).startswith("B-"):
            continue
        assert [one["state"] for one in document["deliveries"]] == ["handed_over"] * 2, document
        for one in document["deliveries"]:
            doubts = sum(attempt["outcome"] == "uncertain" for attempt in one["attempts"])
            assert 1 <= end.arrived[one["message_id"]] <= 1 + doubts, one


def _originals_kept(house: House, end: End) -> None:
    bytes_of = {
        name: raw for name, found in end.lying.items() for folder, raw in found if folder in ENDS
    }
    for outcome, message_id, sha256 in end.rows:
        assert has_original(house, sha256), (outcome, message_id)
        name = message_id.strip("<>").partition("@")[0]
        if name in bytes_of:
            assert hashlib.sha256(bytes_of[name]).hexdigest() == sha256, name


def test_mail_that_lands_in_a_mailbox_is_with_the_accountant_within_two_seconds(
    house: House, mail_world: MailWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    [box], ends = addresses(1), addresses(2)
    mailboxes.prepared(house, mail_world, [box], accountant=ends[0], books=ends[1])
    took = []
    with house.running() as daemon:
        daemon.wait_for("mailbox.connected")
        for n in range(5):
            mail = a_mail(("f.xml", papers.invoice(f"L-{n}")), ("f.pdf", papers.a_pdf(f"L-{n}")))
            with smtplib.LMTP("127.0.0.1", mail_world.dovecot.lmtp_port) as client:
                client.sendmail(SENDER, [box], mail.as_bytes())
            began = time.monotonic()
            until(lambda n=n: len(mail_world.mails(ends[0])) > n)  # type: ignore[misc]  # a lambda
            took.append(time.monotonic() - began)
        [said] = until(lambda: _told(house, 5), explain=house.status)
        assert (said["mailbox"], said["state"], said["dead"]) == ("box0", "connected", False)
        assert said["lag_seconds"] is not None
    with capsys.disabled():
        sys.stdout.write(f"\nfrom mailbox to accountant: median {statistics.median(took):.2f} s\n")
    assert statistics.median(took) < MEDIAN


def test_a_mail_that_is_itself_the_invoice_is_with_the_accountant_as_a_page(
    house: House, mail_world: MailWorld
) -> None:
    [box], ends = addresses(1), addresses(2)
    mailboxes.prepared(house, mail_world, [box], accountant=ends[0], books=ends[1])
    allowed = '[team.acme]\nsenders_allow = ["*@winkel.example"]'
    rules = '[[mailbox.box0.rules]]\nfrom = "*@winkel.example"\ntake = "mail"\ntag = "purchase"\n'
    house.write(f"{house.config.read_text().replace('[team.acme]', allowed, 1)}\n{rules}")
    mail = EmailMessage()
    mail["From"], mail["To"] = "Winkel <orders@winkel.example>", box
    mail["Subject"], mail["Message-ID"] = "Uw factuur 2026-88", "<88@winkel.example>"
    mail["Date"] = "Mon, 02 Mar 2026 09:00:00 +0100"
    mail.set_content(HTML_INVOICE, subtype="html")
    with house.running() as daemon:
        daemon.wait_for("mailbox.connected")
        with smtplib.LMTP("127.0.0.1", mail_world.dovecot.lmtp_port) as client:
            client.sendmail("orders@winkel.example", [box], mail.as_bytes())
        # It says neither who made it nor what VAT is in it: a person looks, as at any page.
        [held] = until(lambda: house.queue("--state", "held"), explain=house.status)
        assert (held["hold_code"], mail_world.mails(ends[0])) == ("figures", [])
        assert house.maild("review", "confirm", held["document"], "--as-file").code == 0
        [received] = until(lambda: mail_world.mails(ends[0]), explain=house.status)
        until(lambda: _told(house, 1), explain=house.status)
    [(name, page)] = received.files().items()
    assert name == "aankoopfactuur-2026-88.pdf"
    text = "\n".join(text_of(page))
    assert all(words in text for words in ("Factuur 2026-88", "Papier", "12,10", "Totaal 14,64"))
    assert "stolen" not in text
    [document] = house.json("documents", "list")
    assert (document["kind"], document["number"]) == ("purchase_invoice", "2026-88")
    [arrival] = house.json("documents", "show", document["id"])[0]["arrivals"]
    assert has_original(house, arrival["sha256"])  # the mail itself is kept
    assert mail_world.mails(ends[1]) == []


def _told(house: House, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = house.status()["mailboxes"]
    return found if found[0]["taken"] == {"accepted": count} else []
