"""A desk and an open SMTP door over a real store, and mails to hand in."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.intake.desk import Desk, Submission
from maild.intake.kept import Kept
from maild.intake.opening import Opener
from maild.intake.refusals import Refusals
from maild.intake.smtpd import SmtpDoor, SmtpdOptions
from maild.model.delivery import Delivery
from maild.model.document import Document, Kind
from maild.model.team import Conditions, Recipient, Rule, Team
from maild.reading.reader import MailReader
from maild.reading.sandbox import Sandbox
from maild.reading.wrap import wrap
from maild.rules.book import RuleBook
from maild.rules.profiles import PROFILES
from maild.store import deliveries, documents, marks
from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.marks import Refusal
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_party

A_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
ACME = "acme@post.example"
SENDER = "erp@acme.example"


def a_team(slug: str = "acme", **overrides: Any) -> Team:
    """Acme, with an accountant for invoices, a bookkeeping inbox, and an owner for quotes."""
    invoices = frozenset({Kind.INVOICE, Kind.CREDIT_NOTE})
    bought = frozenset({Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE})
    return replace(
        Team(
            slug=slug,
            name="Acme BV",
            vat=("BE0123456749",),
            language="nl",
            addresses=(f"{slug}@post.example",),
            sender="Acme BV <facturen@acme.example>",
            recipients=(
                Recipient("accountant", "relay", "an@kantoor.example", PROFILES["mailbox"]),
                Recipient("books", "relay", "Acme.Verkoop@Inbox.Example", PROFILES["yuki"]),
                Recipient("owner", "relay", "baas@acme.example", PROFILES["mailbox"]),
            ),
            rules=(
                Rule("sold", ("accountant", "books"), conditions=Conditions(kinds=invoices)),
                Rule("quotes", ("owner",), conditions=Conditions(kinds=frozenset({Kind.QUOTE}))),
                Rule("bought", ("accountant",), conditions=Conditions(kinds=bought)),
            ),
            people=("baas@acme.example",),
        ),
        **overrides,
    )


def an_invoice(number: str = "2026-001", **overrides: Any) -> bytes:
    """A UBL invoice of Acme."""
    return ubl.write(a_bill(number=number, **overrides))


def a_purchase(number: str = "L-77") -> bytes:
    """A UBL invoice to Acme."""
    seller = a_party(name="Leverancier NV", number="0403170701")
    return ubl.write(a_bill(number=number, seller=seller, buyer=a_party()))


def a_mail(*files: tuple[str, bytes], subject: str = "documents") -> bytes:
    """A mail with these files."""
    return wrap(list(files), subject=subject)


@dataclass
class World:
    """What a test can do and see."""

    db: Database
    desk: Desk
    folder: Path
    teams: list[Team]
    clock: list[datetime]
    door: SmtpDoor | None = None
    port: int = 0
    address: str = ""
    opened: list[SmtpDoor] = field(default_factory=list)

    async def open(self, *, kept: Kept | None = None, **options: Any) -> int:
        """Open an SMTP door and return its port."""
        wanted = SmtpdOptions(listen=(("127.0.0.1", 0),), hostname="post.example")
        self.door = SmtpDoor(self.desk, options=replace(wanted, **options), kept=kept)
        self.opened.append(self.door)
        [self.address] = await self.door.start()
        self.port = int(self.address.rpartition(":")[2]) if ":" in self.address else 0
        return self.port

    async def send(self, raw: bytes, *to: str, sender: str = SENDER) -> tuple[int, str]:
        """Hand in by a real SMTP client; the reply after the dot, or the one that refused."""
        return await asyncio.to_thread(send, self.port, raw, to or (ACME,), sender=sender)

    def submission(self, raw: bytes, *, tag: str | None = None) -> Submission:
        """The same at the desk itself."""
        return Submission(
            team="acme", door="smtp", raw=raw, received_at=self.clock[0], sender=SENDER, tag=tag
        )

    async def documents(self) -> tuple[Document, ...]:
        """Everything stored, oldest first."""
        return (await self.db.read(partial(documents.find, limit=1000)))[::-1]

    async def deliveries(self, **wanted: Any) -> tuple[Delivery, ...]:
        """The deliveries that are there."""
        return await self.db.read(partial(deliveries.find, limit=1000, **wanted))

    async def refusals(self) -> tuple[Refusal, ...]:
        """What was refused and kept."""
        return await self.db.read(marks.refusals)

    def later(self, **span: float) -> datetime:
        """Move the clock."""
        self.clock[0] += timedelta(**span)
        return self.clock[0]


def send(port: int, raw: bytes, to: tuple[str, ...], *, sender: str) -> tuple[int, str]:
    """One mail by smtplib."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo("client.example")
        for step in (partial(client.mail, sender), *(partial(client.rcpt, one) for one in to)):
            code, words = step()
            if code >= 400:
                return code, words.decode()
        code, words = client.data(raw)
        return code, words.decode()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A desk with team Acme over a store on the disk."""
    db = await Database.open(tmp_path / "maild.sqlite")
    blobs = BlobStore(tmp_path / "blobs", db)
    teams = [a_team()]
    clock = [datetime(2026, 3, 2, 9, 0, tzinfo=UTC)]
    book: Callable[[], RuleBook] = lambda: RuleBook(teams)  # noqa: E731 - read anew each time
    now: Callable[[], datetime] = lambda: clock[0]  # noqa: E731 - the same
    sandbox = Sandbox(1)
    reader = MailReader(sandbox, blobs.spool)
    desk = Desk(db, blobs, book, now, Refusals(db, blobs, book, now), reader, Opener(sandbox))
    made = World(db, desk, tmp_path, teams, clock)
    yield made
    for door in made.opened:
        await door.close()
    await sandbox.close()
    await db.close()
