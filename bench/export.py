"""A period of documents into one package, beside `zip` over the same files.

Both compress alike and both read files that were written before: `zip` those of a folder, maild those
of its store. maild also reads every UBL for its figures and writes the index; it uses a second core
where there is one, which `zip` does not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from bench._common import say
from maild.model.document import Arrival, Counterparty, Document, File, Kind, Role
from maild.model.ids import new_id
from maild.store import blobs, documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.ubl.document import write
from tests.builders_bill import a_bill, a_line
from tests.exports.measured import measured
from tests.spine.house import configured

COUNT = 10_000
PDF_SIZE = 60_000
FLOOR = 0.7
ROUNDS = 3
_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Paper:
    """One document: its number and its two files."""

    number: str
    pdf: bytes
    ubl: bytes


def papers(count: int, *, pdf_size: int) -> Iterator[Paper]:
    """Invoices of March with five lines, and PDFs as others make them: mostly compressed already."""
    numbered = "N00000000"
    lines = tuple(a_line(str(at + 1)) for at in range(5))
    template = write(a_bill(number=numbered, issued_on=date(2026, 3, 12), lines=lines))
    for at in range(count):
        number = f"N{at:08}"
        words = b"%PDF-1.7\n" + b"0000000016 00000 n\n" * (pdf_size // 5 // 19)
        ubl = template.replace(numbered.encode(), number.encode())
        yield Paper(number, words + os.urandom(pdf_size * 4 // 5), ubl)


def main() -> None:
    """Measure; JSON lines."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--count", type=int, default=COUNT)
    asked.add_argument("--pdf-size", type=int, default=PDF_SIZE)
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="maild-bench-") as name:
        folder = Path(name)
        (folder / "maild.toml").write_text(configured(9))
        asyncio.run(_fill(folder, options.count, pdf_size=options.pdf_size))
        for _ in range(options.rounds):
            _measure(folder, options.count)


def _measure(folder: Path, count: int) -> None:
    ours, theirs = folder / "ours.zip", folder / "theirs.zip"
    asked = ("export", "acme", "2026-03", "--out", str(ours))
    done = measured(folder, *asked, within=3_600)
    theirs.unlink(missing_ok=True)
    began = time.perf_counter()
    subprocess.run(["zip", "-q", "-r", theirs, "files"], cwd=folder, check=True)
    peer = time.perf_counter() - began
    with zipfile.ZipFile(ours) as archive:
        held = sum(1 for one in archive.namelist() if "/" in one)
    if held != 2 * count:
        raise SystemExit(f"the package holds {held} files, not {2 * count}")
    say(
        "export",
        count / done.took,
        unit="documents/s",
        peer="zip over the same files",
        peer_value=count / peer,
        floor=FLOOR,
        memory_mb=round(done.megabytes),
        megabytes=round(ours.stat().st_size / 1e6, 1),
        peer_megabytes=round(theirs.stat().st_size / 1e6, 1),
    )


async def _fill(folder: Path, count: int, *, pdf_size: int) -> None:
    """The same files twice: in a folder, and in a store with their documents."""
    files = folder / "files"
    files.mkdir()
    data = folder / "state"
    data.mkdir()
    db = await Database.open(data / "maild.db")
    store = BlobStore(data / "blobs", db)
    waiting: list[tuple[Document, list[Staged]]] = []
    for paper in papers(count, pdf_size=pdf_size):
        (files / f"{paper.number}.pdf").write_bytes(paper.pdf)
        (files / f"{paper.number}.xml").write_bytes(paper.ubl)
        staged = [await store.stage(one) for one in (paper.pdf, paper.ubl)]
        waiting.append((_document(paper, staged), staged))
        if len(waiting) == _TOGETHER:
            await db.write(partial(_store, waiting=waiting))
            waiting = []
    await db.write(partial(_store, waiting=waiting))
    await db.close()


def _document(paper: Paper, staged: list[Staged]) -> Document:
    roles = ((Role.PDF, "f.pdf", "application/pdf"), (Role.UBL, "f.xml", "application/xml"))
    return Document(
        id=new_id("d"),
        team="acme",
        kind=Kind.INVOICE,
        number=paper.number,
        issued_on=date(2026, 3, 12),
        counterparty=Counterparty("Beta NV"),
        total=None,
        files=tuple(
            File(*role, size=one.size, sha256=one.sha256)
            for role, one in zip(roles, staged, strict=True)
        ),
        arrival=new_id("a"),
        accepted_at=datetime.now(UTC) - timedelta(days=1),
        content_sha256=staged[1].sha256,
    )


def _store(tx: Tx, *, waiting: list[tuple[Document, list[Staged]]]) -> None:
    for document, staged in waiting:
        arrival = Arrival(
            document.arrival, "acme", "cli", document.accepted_at, *(None,) * 5, 0, "0" * 64
        )
        documents.add_arrival(tx, arrival)
        for one in staged:
            blobs.keep(tx, one)
        documents.add_document(tx, document, trace=(), warnings=(), same_number_key=None)


if __name__ == "__main__":
    main()
