"""Reports from real programs, read: the public set counted, and families of words of our own."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.returned import Action, Report, Sort
from maild.reading import returns, returns_view
from maild.reading.returns import classify
from maild.reading.returns_view import MAX_READ

# Mails of corpus/mime that are reports by their own headers and parts.
REPORTS = re.compile(
    rb"multipart/report|message/(?:delivery-status|disposition-notification|feedback-report)"
    rb"|^From:.*mailer-daemon|^Auto-Submitted: auto-replied",
    re.IGNORECASE | re.MULTILINE,
)


def index(folder: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    for line in (folder / "index.jsonl").read_text().splitlines():
        facts = json.loads(line)
        yield facts, (folder / facts["file"]).read_bytes()


def recipients(report: Report | None) -> set[str]:
    return {one.recipient.lower() for one in report.returned} if report else set()


def literal(raw: bytes, status: str) -> bool:
    """Whether the report itself carries this status for somebody."""
    return re.search(rb"(?im)^[> ]*Status: *" + re.escape(status.encode()), raw) is not None


def is_right(facts: dict[str, Any], raw: bytes, report: Report) -> bool:
    """Each status as written in the report, or one improved from what the other server said."""
    for one in facts["recipients"]:
        found = next(r for r in report.returned if r.recipient.lower() == one["recipient"].lower())
        wanted = one["status"]
        improved = (
            found.status and wanted and wanted.endswith(".0.0") and found.status[0] == wanted[0]
        )
        if found.status != wanted and not improved and not literal(raw, found.status or "none"):
            return False
    return True


def test_reports_of_the_public_set_are_read_right(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    count: Counter[str] = Counter()
    for facts, raw in index(shared / "corpus" / "bounces"):
        report = classify(raw)
        kind = facts["format"] if facts["kind"].endswith(("bounce", "dsn")) else facts["kind"]
        count[f"{kind} of"] += 1
        if recipients(report) == {one["recipient"].lower() for one in facts["recipients"]}:
            count[kind] += 1
            if kind == "rfc3464" and report and is_right(facts, raw, report):
                count["rfc3464 with statuses"] += 1
    with capsys.disabled():
        shares = dict(sorted(count.items()))
        print("\nreports read right:", shares)  # noqa: T201 - the shares are what this is for
    assert count["rfc3464"] >= 0.98 * count["rfc3464 of"]
    assert count["rfc3464 with statuses"] >= 0.97 * count["rfc3464 of"]
    assert count["text"] >= 0.90 * count["text of"]
    assert count["arf"] >= count["arf of"] - 1  # one hides its recipient from every reader
    assert count["auto-reply"] == count["auto-reply of"]
    assert count["none"] == count["none of"]


def test_words_alone_name_the_recipients_where_the_machine_readable_part_is_taken_away(
    shared: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The reader of words on words of many programs that it was not made from."""

    def without_status(raw: bytes) -> returns_view.View:
        seen = returns_view.view(raw)
        seen.status.clear()
        return seen

    monkeypatch.setattr(returns, "view", without_status)
    count: Counter[str] = Counter()
    for facts, raw in index(shared / "corpus" / "bounces"):
        if facts["format"] == "rfc3464" and "newline" not in facts:
            wanted = {one["recipient"].lower() for one in facts["recipients"]}
            count["of"] += 1
            count["right"] += recipients(classify(raw)) == wanted
    with capsys.disabled():
        print("\nby their words alone:", dict(count))  # noqa: T201 - the count is what this test is for
    assert count["right"] >= 0.9 * count["of"]


def test_each_kind_of_report_in_the_public_set_is_called_by_its_name(shared: Path) -> None:
    wanted: dict[str, set[Sort | None]] = {
        "bounce": {Sort.BOUNCE, None},  # how many are not recognised is counted elsewhere
        "delay-dsn": {Sort.BOUNCE},
        "success-dsn": {Sort.RECEIPT},
        "arf": {Sort.FEEDBACK},
        "auto-reply": {Sort.AUTO_REPLY},
        "not-a-bounce": {None},
    }
    for facts, raw in index(shared / "corpus" / "bounces"):
        report = classify(raw)
        assert (report and report.sort) in wanted[facts["kind"]], facts["file"]


def test_line_ends_of_any_machine_make_no_difference(shared: Path) -> None:
    for name in ("lhost-yahoo-02", "rhost-outlook-04", "lhost-x2-02", "rfc3464-10"):
        raw = (shared / "corpus" / "bounces" / f"{name}.eml").read_bytes()
        unix = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        assert classify(unix) is not None
        assert classify(unix) == classify(unix.replace(b"\n", b"\r\n"))
        assert classify(unix) == classify(unix.replace(b"\n", b"\r"))


def test_nothing_genuine_is_taken_for_a_bounce(shared: Path) -> None:
    wrong = []
    for facts, raw in index(shared / "corpus" / "mime"):
        report = classify(raw)
        head = raw[:4000]
        if report is not None and report.sort is not Sort.AUTO_REPLY and not REPORTS.search(head):
            wrong.append(facts["file"])
        if facts["facts"].get("case", "").startswith("auto_reply"):
            assert report is not None
            assert report.sort is Sort.AUTO_REPLY
    assert wrong == []


def test_no_document_of_the_corpus_is_a_report_when_it_comes_by_mail(shared: Path) -> None:
    for file in sorted((shared / "corpus" / "ubl" / "valid").iterdir())[:50]:
        head = f"From: facturen@leverancier.example\nSubject: Factuur {file.stem}\n\n".encode()
        assert classify(head + file.read_bytes()) is None


def test_reading_a_report_takes_no_time_whatever_it_is_made_of() -> None:
    head = b"From: MAILER-DAEMON@x.test\nSubject: Undelivered\n"
    bombs = [
        b"Content-Type: text/html\n\n" + b"<style" * 200_000,
        b"Content-Type: text/html\n\n" + b"<" * 1_000_000,
        b"Content-Type: text/html\n\n" + b"<style>a</" * 100_000,
        b"\n" + b"a@b.c\n" * 200_000,
        b"\n" + b"<a@b.c>: 550 5.1.1 no\n" * 60_000,
        b"\n" + b"a@" * 500_000,
        b"\n" + b"5.1.1" * 200_000,
        b"\n" + b" " * 1_000_000,
        b"\n" + b"> " * 500_000,
        b"Content-Type: multipart/report; boundary=a\n\n"
        b"--a\nContent-Type: message/delivery-status\n\n"
        + b"Final-Recipient: rfc822; %d@b.test\nAction: failed\nStatus: 5.0.0\n\n"
        * 20_000,
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(20_000)
        ),
        b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * 100_000,
        b"X: " + b"=?utf-8?q?" * 100_000 + b"\n\n",
    ]
    slowest = 0.0
    for bomb in bombs:
        started = time.process_time()
        classify(head + bomb, null_sender=True)
        slowest = max(slowest, time.process_time() - started)
    assert slowest < 2


@given(st.binary(max_size=2_000))
def test_no_bytes_raise(noise: bytes) -> None:
    classify(noise, null_sender=True)
    classify(b"From: mailer-daemon@x.test\nSubject: Undeliverable\n" + noise)
    classify(b"Content-Type: multipart/report; boundary=a\n\n--a\n" + noise)


def test_a_report_is_read_although_the_whole_mail_came_back_with_it() -> None:
    raw = REPORT + b"x" * (2 * MAX_READ)
    assert recipients(classify(raw)) == {"inbox@unknown.test"}


REPORT = b"""From: mail-daemon@relay.test
To: bounces@maild.test
Subject: Undelivered Mail
In-Reply-To: <v-1@maild.test>
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

inbox@unknown.test: 550 5.1.1 no such inbox

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
Original-Envelope-ID: v-1

Final-Recipient: rfc822; inbox@unknown.test
Action: failed
Status: 5.0.0

--b
Content-Type: message/rfc822

Message-ID: <v-1@maild.test>
X-Maild-Delivery: v-1
To: inbox@unknown.test

"""


def test_a_report_names_the_mail_that_it_is_about() -> None:
    report = classify(REPORT)
    assert report is not None
    assert report.envelope_id == "v-1"
    assert report.message_ids == ("<v-1@maild.test>",)
    assert report.delivery == "v-1"
    assert report.returned[0].status == "5.1.1"  # from the words: the block says 5.0.0 only
    assert report.returned[0].diagnostic == "550 5.1.1 no such inbox"


def test_an_international_report_is_read_by_its_text() -> None:
    raw = """From: MAILER-DAEMON@mx.test
To: invoices@maild.test
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=global-delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

<bücher@unknown.test>: host 127.0.0.1 said: 550 5.1.1 User unknown

--b
Content-Type: message/global-delivery-status
Content-Transfer-Encoding: 8bit

Reporting-MTA: dns; mx.test
Original-Envelope-Id: maild-1

Final-Recipient: utf-8; bücher@unknown.test
Original-Recipient: utf-8;b\\x{FC}cher@unknown.test
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
""".encode()
    report = classify(raw)
    assert recipients(report) == {"bücher@unknown.test"}
    assert report is not None
    assert report.returned[0].status == "5.1.1"
    assert report.envelope_id == "maild-1"


# Words of our own in the manner of many programs: none of these stands in the public set.
WORDS = {
    "german webmail": (
        "Mail Delivery System <mailer-daemon@kasserver.test>",
        "Unzustellbar: Rechnung 12",
        "Ihre Nachricht konnte nicht zugestellt werden.\n\n  inbox@weg.test\n    Empfänger unbekannt",
        {"inbox@weg.test"},
    ),
    "french": (
        "postmaster@fai.test",
        "Message non remis",
        "Votre message n'a pas pu être remis à :\n\ncompta@client.test\n\n550 5.2.2 boîte pleine",
        {"compta@client.test"},
    ),
    "dutch": (
        "MAILER-DAEMON@provider.test",
        "Uw bericht is niet afgeleverd",
        (
            "Het bericht kon niet worden bezorgd bij de volgende ontvanger:\n"
            "Ontvanger: <an@kantoor.test>\nReden: 550 5.1.1 Onbekende gebruiker"
        ),
        {"an@kantoor.test"},
    ),
    "two recipients, one line each": (
        "Mail Delivery Subsystem <MAILER-DAEMON@a.test>",
        "Returned mail: User unknown",
        (
            "   ----- The following addresses had permanent fatal errors -----\n"
            "<a@x.test>\n<b@y.test>\n\n   ----- Transcript of session follows -----\n"
            "550 5.1.1 <a@x.test>... User unknown\n552 5.2.2 <b@y.test>... Mailbox full"
        ),
        {"a@x.test", "b@y.test"},
    ),
    "in a sentence": (
        "MAILER-DAEMON@mx.test",
        "Undeliverable mail",
        (
            "Unable to deliver message to: <kunde@firma.test>\nDelivery failed for the following reason:\n"
            "Server mx.firma.test[192.0.2.1] failed with: 550 No such user here"
        ),
        {"kunde@firma.test"},
    ),
    "a gateway's list of errors": (
        "postmaster@gate.test",
        "There was an error sending your mail",
        (
            "We had trouble delivering your message. Full details follow:\n\nSubject: 'x'\n\n1 error(s):\n\n"
            "SMTP Server <mta2.firma.test> rejected recipient <kunde@firma.test>\n  (Error following RCPT"
            " command). It responded as follows: [550 5.1.1 User unknown]"
        ),
        {"kunde@firma.test"},
    ),
    "html only": (
        "Microsoft Outlook <postmaster@firma.test>",
        "Undeliverable: factuur",
        (
            "<html><head><title>x</title></head><body><p>Your message to <b>kunde@firma.test</b> couldn't be"
            " delivered.</p><p>550 5.1.10 RESOLVER.ADR.RecipientNotFound</p></body></html>"
        ),
        {"kunde@firma.test"},
    ),
}


@pytest.mark.parametrize("name", list(WORDS))
def test_words_of_other_programs_are_understood(name: str) -> None:
    sender, subject, words, wanted = WORDS[name]
    kind = "text/html" if words.startswith("<html") else "text/plain"
    head = f"From: {sender}\nTo: facturen@acme.test\nSubject: {subject}\nReturn-Path: <>\n"
    raw = f"{head}Content-Type: {kind}; charset=utf-8\n\n{words}\n".encode()
    report = classify(raw)
    assert report is not None
    assert report.sort is Sort.BOUNCE
    assert recipients(report) == wanted


def test_a_complaint_of_hotmail_names_its_recipient_in_the_returned_mail() -> None:
    raw = b"""From: <staff@hotmail.com>
Subject: complaint about message from 192.0.2.1
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: kunde@hotmail.com
Message-ID: <v-1@acme.test>
To: somebody@acme.test

--b--
"""
    report = classify(raw)
    assert report is not None
    assert report.sort is Sort.FEEDBACK
    assert recipients(report) == {"kunde@hotmail.com"}
    assert report.message_ids == ("<v-1@acme.test>",)


GENUINE = {
    "a person asks about a bounce": (
        "An <an@kantoor.test>",
        "Re: Undelivered Mail Returned to Sender",
        "Wat betekent dit?\n> <inbox@weg.test>: host mx said: 550 5.1.1 User unknown",
    ),
    "a parcel that could not be delivered": (
        "Bpost <noreply@bpost.test>",
        "Your parcel could not be delivered",
        "We could not deliver your parcel. Invoice in attachment. an@kantoor.test",
    ),
    "a delivery note": (
        "Houthandel <facturen@hout.test>",
        "Levering en factuur 2026-550",
        "Uw bestelling 550 5 stuks werd geleverd. Vragen: facturen@hout.test",
    ),
    "a newsletter": ("Nieuws <nieuws@blad.test>", "Vakbeurs", "Kom langs"),
}


@pytest.mark.parametrize("name", list(GENUINE))
def test_genuine_mail_is_no_report(name: str) -> None:
    sender, subject, words = GENUINE[name]
    assert classify(f"From: {sender}\nSubject: {subject}\n\n{words}\n".encode()) is None


@pytest.mark.parametrize(
    "head",
    [
        "Auto-Submitted: auto-replied",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "Subject: Automatisch antwoord: Factuur 12",
        "Subject: Out of Office: invoice 12",
        "Subject: Abwesenheitsnotiz",
        "Subject: Réponse automatique : Facture",
        "Subject: Please confirm your message to an@kantoor.test",
    ],
)
def test_an_automatic_reply_is_one_and_no_bounce(head: str) -> None:
    words = "I am away until Monday. Mail to an@kantoor.test could not be answered."
    report = classify(f"From: An <an@kantoor.test>\nReturn-Path: <>\n{head}\n\n{words}\n".encode())
    assert report is not None
    assert report.sort is Sort.AUTO_REPLY
    assert report.returned == ()


@pytest.mark.parametrize(
    ("sender", "subject", "words", "action"),
    [
        (
            "noreply@basecone.com",
            "Your delivery was successful",
            "2 documents received",
            "accepted",
        ),
        ("noreply@basecone.com", "Aanlevering geslaagd", "Uw document is verwerkt.", "accepted"),
        ("noreply@basecone.com", "Aanlevering mislukt", "Bestandstype niet ondersteund", "failed"),
        (
            "noreply@mailtobasecone.com",
            "Re: [VRK] 12",
            "1 document verwerkt, geen fouten",
            "accepted",
        ),
        (
            "receipts@qbodocs.com",
            "We couldn't process your receipt",
            "The sender is not registered.",
            "failed",
        ),
    ],
)
def test_an_accounting_inbox_says_yes_or_no(
    sender: str, subject: str, words: str, action: str
) -> None:
    raw = f"From: {sender}\nSubject: {subject}\nIn-Reply-To: <v-1@acme.test>\n\n{words}\n".encode()
    report = classify(raw)
    assert report is not None
    assert report.sort is Sort.RECEIPT
    assert report.returned[0].action == Action(action)
    assert report.message_ids == ("<v-1@acme.test>",)


def test_the_same_words_from_a_stranger_are_no_receipt() -> None:
    raw = b"From: x@basecone.com.evil.test\nSubject: Your delivery was successful\n\nreceived\n"
    assert classify(raw) is None
