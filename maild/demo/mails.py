"""The demo's mails: the samples that go in, and what came out into the sink's folder."""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from importlib import resources
from pathlib import Path
from typing import Final


@dataclass(frozen=True, slots=True)
class Sample:
    """One mail of the demo: what it shows, its files, and the reply it should get."""

    what: str
    subject: str
    files: tuple[str, ...]
    number: str | None
    expected: str = "250"
    to: str = "acme@post.example"


_DONE: Final = 250
SENDER: Final = "facturen@acme.example"
SCAN: Final = Sample("a PDF alone, without a tag", "Scan", ("scan.pdf",), None, expected="554")
SAMPLES: Final = (
    Sample("an invoice as UBL; maild makes the PDF", "Factuur", ("invoice.xml",), "F2026-0412"),
    Sample("an invoice to a French-speaking customer", "Facture", ("facture.xml",), "F2026-0413"),
    Sample("an invoice as JSON; maild writes the UBL", "Factuur", ("invoice.json",), "F2026-0414"),
    Sample("a credit note as UBL", "Creditnota", ("credit-note.xml",), "CN2026-007"),
    Sample("a quote as UBL", "Offerte", ("quotation.xml",), "O2026-031"),
    Sample("a purchase invoice of a supplier", "Fwd: factuur", ("purchase.xml",), "VF-88213"),
    Sample("the first invoice again", "Factuur", ("invoice.xml",), "F2026-0412"),
    SCAN,
)


def hand_in(listening: str, sample: Sample) -> str:
    """Mail a sample to the daemon's door; returns the reply to the dot, code first."""
    folder = resources.files("maild.cli").joinpath("samples")
    files = [(name, folder.joinpath(name).read_bytes()) for name in sample.files]
    return mail_in(listening, sample.to, subject=sample.subject, files=files)


def mail_in(
    listening: str,
    to: str,
    *,
    subject: str,
    files: Sequence[tuple[str, bytes]],
    sender: str = SENDER,
) -> str:
    """Mail files to the daemon's door; returns the reply to the dot, code first."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message.set_content("Zie bijlage.")
    for name, content in files:
        message.add_attachment(
            content, maintype="application", subtype="octet-stream", filename=name
        )
    content = message.as_bytes(policy=email.policy.SMTP)
    return _mailed(listening, content, sender=sender, to=to)


def bounce(listening: str, path: Path) -> str:
    """Mail a report that a mail of the sink could not be delivered; the reply, code first."""
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    to = json.loads(path.with_suffix(".json").read_text("utf-8"))["sender"]
    report = _REPORT.format(recipient=parseaddr(str(mail["To"]))[1], of=mail["Message-ID"], to=to)
    content = report.replace("\n", "\r\n").encode()
    return _mailed(listening, content, sender="", to=to)


# RFC 3464, as a server that took a mail and could not pass it on writes it later.
_REPORT: Final = """\
From: MAILER-DAEMON@mx.example
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="demo"

--demo
Content-Type: text/plain

{recipient}: the mailbox has been closed

--demo
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: failed
Status: 5.2.1
Diagnostic-Code: smtp; 550 5.2.1 the mailbox has been closed

--demo
Content-Type: text/rfc822-headers

Message-ID: {of}

--demo--
"""


@dataclass(frozen=True, slots=True)
class Left:
    """A mail that left: its files were written beside it, in a folder of its own."""

    path: Path
    to: str
    subject: str
    files: tuple[tuple[str, int], ...]
    hashes: frozenset[str]


def read_outbox(folder: Path) -> dict[str, Left]:
    """Read the sink's .eml files by Message-ID and lay their attachments beside them."""
    found = {}
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        beside = path.with_suffix("")
        beside.mkdir(exist_ok=True)
        files, hashes = [], set()
        for part in message.iter_attachments():
            content = part.get_payload(decode=True)
            if not isinstance(content, bytes):
                continue
            name = Path(part.get_filename() or "part").name
            (beside / name).write_bytes(content)
            files.append((name, len(content)))
            hashes.add(hashlib.sha256(content).hexdigest())
        found[str(message["Message-ID"])] = Left(
            path, str(message["To"]), str(message["Subject"]), tuple(files), frozenset(hashes)
        )
    return found


def _mailed(listening: str, content: bytes, *, sender: str, to: str) -> str:
    host, _, port = listening.rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.ehlo("demo.example")
        code, text = client.mail(sender)
        if code == _DONE:
            code, text = client.rcpt(to)
        if code == _DONE:
            code, text = client.data(content)
    return f"{code} {text.decode('utf-8', 'replace')}"
