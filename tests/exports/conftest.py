"""A store with documents of a team, and a packer that writes into it; no daemon, no children."""

from __future__ import annotations

import itertools
import json
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from maild.exports.packing import Package, Packer
from maild.exports.pages import Pages
from maild.model.bill import Bill, BillKind
from maild.model.document import Counterparty, Document, File, Kind, Role
from maild.model.export import Choice, Order
from maild.model.period import parse
from maild.model.team import Branding, Team
from maild.render.pdf import Rendering
from maild.store import blobs, documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.ubl.document import write
from tests.store.builders import an_arrival

DUE = datetime(2026, 4, 5, 5, 0, tzinfo=UTC)
IN_TIME = datetime(2026, 3, 20, 9, 30, tzinfo=UTC)
ACME = Team(
    slug="acme",
    name="Acme BV",
    vat=("BE0123456749",),
    language="nl",
    addresses=("acme@post.example",),
    sender="Acme BV <facturen@acme.example>",
)
_KINDS = {
    (BillKind.INVOICE, True): Kind.INVOICE,
    (BillKind.CREDIT_NOTE, True): Kind.CREDIT_NOTE,
    (BillKind.QUOTE, True): Kind.QUOTE,
    (BillKind.INVOICE, False): Kind.PURCHASE_INVOICE,
    (BillKind.CREDIT_NOTE, False): Kind.PURCHASE_CREDIT_NOTE,
}
_numbers = itertools.count(1)


class Typewriter:
    """Makes pages without a typesetter: it says which bill it was given."""

    def __init__(self) -> None:
        self.made: list[str] = []

    async def render(
        self,
        bill: Bill,
        *,
        branding: Branding,
        language: str,
        ubl: bytes | None = None,
        base_name: str | None = None,
    ) -> Rendering:
        """A page with the number of the bill."""
        self.made.append(bill.number)
        return Rendering(
            f"%PDF-1.7 page of {bill.number} {language}".encode(), "key", archival=True
        )


@dataclass(slots=True)
class Books:
    """The documents of one team, and packages of them."""

    db: Database
    blobs: BlobStore
    packer: Packer
    typewriter: Typewriter
    folder: Path

    async def file(
        self,
        bill: Bill | None = None,
        *,
        pdf: bytes | None = b"%PDF-1.7 as it came",
        extra: Sequence[tuple[str, bytes]] = (),
        sold: bool = True,
        accepted_at: datetime = IN_TIME,
        **changes: Any,
    ) -> Document:
        """Store a document with its files; `changes` are fields of it."""
        number = next(_numbers)
        contents = [(Role.UBL, "bill.xml", write(bill))] if bill else []
        contents += [(Role.PDF, "bill.pdf", pdf)] if pdf is not None else []
        contents += [(Role.ATTACHMENT, name, content) for name, content in extra]
        staged = [await self.blobs.stage(content) for _, _, content in contents]
        document = Document(
            id=f"d-{number:06}",
            team="acme",
            kind=_KINDS[bill.kind, sold] if bill else Kind.PURCHASE_INVOICE,
            number=bill.number if bill else None,
            issued_on=bill.issued_on if bill else None,
            counterparty=_other(bill, sold=sold),
            total=bill.totals.gross if bill else None,
            files=tuple(
                File(role, name, "application/octet-stream", one.size, one.sha256)
                for (role, name, _), one in zip(contents, staged, strict=True)
            ),
            arrival="",
            accepted_at=accepted_at,
            content_sha256=f"{number:064}",
        )
        document = replace(document, **changes)
        await self.db.write(partial(_store, document=document, staged=staged))
        return document

    def order(self, period: str = "2026-03", **changes: Any) -> Order:
        """An order of a package; `changes` are fields of the order, or of what it asks for."""
        asked = {name: changes.pop(name) for name in tuple(changes) if name in _CHOICES}
        plain = Order("acme", parse(period), DUE, Choice(**asked))
        return replace(plain, **changes)

    async def pack(self, order: Order | None = None, *, most: int | None = None) -> Packed:
        """The package, read back."""
        made = await self.packer.pack(
            order or self.order(), ACME, open_part=self.blobs.spool, most=most
        )
        contents = [part.read() for part in made.parts]
        for part in made.parts:
            part.close()
        return Packed(made, contents)


@dataclass(frozen=True, slots=True)
class Packed:
    """A package and the bytes of its parts."""

    made: Package
    parts: list[bytes]

    @property
    def names(self) -> list[str]:
        """What is in it, in the order of its directory."""
        return [name for part in self.parts for name in self.opened(part).namelist()]

    @property
    def documents(self) -> list[str]:
        """The same, less what tells about it."""
        return [name for name in self.names if "/" in name]

    @property
    def index(self) -> dict[str, Any]:
        """index.json."""
        found = json.loads(self.read("index.json"))
        assert isinstance(found, dict)
        return found

    def read(self, name: str) -> bytes:
        """A file of it, whichever part it lies in."""
        [content] = [
            self.opened(part).read(name)
            for part in self.parts
            if name in self.opened(part).namelist()
        ]
        return content

    def opened(self, part: bytes) -> zipfile.ZipFile:
        """A part, every file of which is whole."""
        archive = zipfile.ZipFile(BytesIO(part))
        assert archive.testzip() is None
        return archive


_CHOICES = tuple(Choice.__dataclass_fields__)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    """An empty store."""
    db = await Database.open(tmp_path / "maild.db")
    store = BlobStore(tmp_path / "blobs", db)
    typewriter = Typewriter()
    packer = Packer(db, store, Pages(db, store, typewriter), folder=tmp_path)
    yield Books(db, store, packer, typewriter, tmp_path)
    await db.close()


def _other(bill: Bill | None, *, sold: bool) -> Counterparty:
    party = (bill.buyer if sold else bill.seller) if bill else None
    return Counterparty(party.name, party.vat) if party else Counterparty()


def _store(tx: Tx, *, document: Document, staged: Sequence[Staged]) -> None:
    arrival = an_arrival(id=f"a-{document.id}", received_at=document.accepted_at)
    documents.add_arrival(tx, arrival)
    for one in staged:
        blobs.keep(tx, one)
    documents.add_document(
        tx, replace(document, arrival=arrival.id), trace=(), warnings=(), same_number_key=None
    )
