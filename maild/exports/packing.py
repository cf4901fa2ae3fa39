"""Makes a package: the archives of a period with their index. Nothing is sent or filed here.

Documents go through a few at a time, so the size of a period does not show in memory. While some are
compressed and written, the next ones are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from maild.exports.choosing import Chosen, Place, choose
from maild.exports.entries import Ledger, entry_of
from maild.exports.gaps import gaps, missing
from maild.exports.pages import Pages
from maild.exports.parts import Content, Loose, Parts
from maild.exports.sheets import LARGE, Found, Sheets, together
from maild.exports.summary import Remarks, index_pieces, summary
from maild.exports.sums import MOST, Sums
from maild.exports.tables import tables
from maild.model.document import Document, Kind
from maild.model.export import Form, Order
from maild.model.team import Team
from maild.ports import Spool, Stored
from maild.render.archive import pack
from maild.render.dialects import DIALECTS, csv_pieces
from maild.render.workbook import write_workbook
from maild.store import documents, periods
from maild.store.blobs import BlobStore
from maild.store.database import Database

_ROWS: Final = 200  # documents whose rows are read at once
_COMPRESSING: Final = 2  # threads; all of it runs outside Python's lock
_TURN: Final = 0.0005  # seconds
_USUAL_TURN: Final = sys.getswitchinterval()
_MOST_NOTES: Final = 1_000
_CROWDED: Final = f"more than {MOST} contacts or items: the rest is not listed"
Progress = Callable[[int, int], None]  # (documents done, of how many)


@dataclass(frozen=True, slots=True)
class Package:
    """What was made; whoever asked for it closes the parts. `summary` is the head of index.json."""

    order: Order
    parts: tuple[Stored, ...]
    count: int
    summary: dict[str, Any]
    missing: int  # documents without a PDF or UBL that was asked for


@dataclass(slots=True)
class _Work:
    """One package under way."""

    order: Order
    team: Team
    parts: Parts
    ledger: Ledger
    sums: Sums
    sheets: Sheets
    notes: list[str]
    pool: Executor
    numbers: list[tuple[str, str]]
    missing: int = 0

    def write(self, found: Sequence[Found]) -> None:
        """Compress and write some documents, and note them."""
        for bundle in self.sheets.bundles(found, self.pool):
            entry = entry_of(
                bundle.document,
                bundle.bill,
                on=bundle.place.on,
                files=bundle.held,
                missing=bundle.missing,
                part=self.parts.add(bundle.contents),
            )
            self.ledger.add(entry)
            self.sums.add(entry, bundle.bill)
            self.notes += bundle.notes[: _MOST_NOTES - len(self.notes)]
            self.missing += bool(entry.missing)
            if entry.number and entry.kind in (Kind.INVOICE, Kind.CREDIT_NOTE):
                self.numbers.append((entry.kind, entry.number))


class Packer:
    """Makes packages from a store; temporary files lie in `folder`."""

    def __init__(self, db: Database, blobs: BlobStore, pages: Pages, *, folder: Path) -> None:
        self._db, self._blobs, self._pages, self._folder = db, blobs, pages, folder

    async def pack(
        self,
        order: Order,
        team: Team,
        *,
        open_part: Callable[[], Spool],
        most: int | None = None,
        told: Progress | None = None,
    ) -> Package:
        """The package that `order` asks for, in parts of at most `most` bytes each.

        Raises OSError when the disk does not take it or stored bytes are damaged.
        """
        chosen = await self._db.read(partial(choose, order=order, team=team))
        with (
            Ledger(self._folder) as ledger,
            ThreadPoolExecutor(_COMPRESSING) as pool,
            _short_turns(),
        ):
            work = _Work(
                order=order,
                team=team,
                parts=Parts(open_part, most=most),
                ledger=ledger,
                sums=Sums(),
                sheets=Sheets(self._blobs, self._pages, team=team, forms=order.choice.formats),
                notes=[],
                pool=pool,
                numbers=[],
            )
            try:
                await self._fill(work, chosen, told)
                remarks = await self._remarks(work, chosen)
                parts = await asyncio.to_thread(self._close, work, remarks)
            except BaseException:
                work.parts.discard()
                raise
            head = summary(order, team, sums=work.sums, remarks=remarks)
            return Package(order, parts, ledger.count, head, work.missing)

    async def _fill(self, work: _Work, chosen: Chosen, told: Progress | None) -> None:
        writing: asyncio.Task[None] | None = None
        done = 0
        try:
            async for some in self._some(chosen.places):
                found = await work.sheets.find(some)
                if writing:
                    await writing
                writing = asyncio.create_task(asyncio.to_thread(work.write, found))
                done += len(some)
                if told:
                    told(done, len(chosen.places))
        finally:
            # Also when it is called off: a thread must not write to what is dropped.
            if writing:
                with contextlib.suppress(asyncio.CancelledError):
                    await writing

    async def _some(self, places: tuple[Place, ...]) -> AsyncIterator[list[tuple[Place, Document]]]:
        for at in range(0, len(places), _ROWS):
            these = places[at : at + _ROWS]
            ids = [one.document for one in these]
            found = await self._db.read(partial(documents.several, ids=ids))
            for some in together(these, {one.id: one for one in found}):
                yield some

    async def _remarks(self, work: _Work, chosen: Chosen) -> Remarks:
        lacking = missing(work.numbers)
        known = await self._db.read(
            partial(
                periods.known_numbers,
                team=work.team.slug,
                numbers=[one.number for one in lacking],
                accepted_by=work.order.accepted_by,
            )
        )
        notes = [*work.notes, *([_CROWDED] if work.sums.crowded else [])]
        return Remarks(gaps(lacking, known=known), chosen.left_out, tuple(notes))

    def _close(self, work: _Work, remarks: Remarks) -> tuple[Stored, ...]:
        """Write the index behind the documents, and end the archives."""
        with contextlib.ExitStack() as stack:
            contents = [
                _content(name, stack.enter_context(file))
                for name, file in self._index(work, remarks)
            ]
            work.parts.add(contents)
        return work.parts.finish()

    def _index(self, work: _Work, remarks: Remarks) -> Iterator[tuple[str, BinaryIO]]:
        choice = work.order.choice
        dialect = DIALECTS[choice.dialect]
        found = tables(work.ledger, work.sums, remarks, language=dialect.language)
        head = index_pieces(
            work.order, work.team, ledger=work.ledger, sums=work.sums, remarks=remarks
        )
        yield "index.json", self._filled(head)
        if Form.CSV in choice.formats:
            for table in found:
                yield f"{table.name}.csv", self._filled(csv_pieces(table, dialect))
        if Form.XLSX in choice.formats:
            book = self._temporary()
            write_workbook(found, book, language=dialect.language, folder=self._folder)
            yield "index.xlsx", book

    def _filled(self, pieces: Iterable[bytes]) -> BinaryIO:
        file = self._temporary()
        for piece in pieces:
            file.write(piece)
        return file

    def _temporary(self) -> BinaryIO:
        return tempfile.TemporaryFile("w+b", dir=self._folder)


@contextlib.contextmanager
def _short_turns() -> Iterator[None]:
    """Threads that compress ask for Python's lock a few times a file, and soon get it.

    With Python's usual turns of 5 ms they would wait for whoever reads UBL longer than they compress.
    """
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(_USUAL_TURN)


def _content(name: str, file: BinaryIO) -> Content:
    size = file.seek(0, 2)
    if size <= LARGE:
        return pack(name, _read(file, size, 0))
    return Loose(name, size, partial(_read, file))


def _read(file: BinaryIO, size: int, start: int) -> bytes:
    file.seek(start)
    return file.read(size)
