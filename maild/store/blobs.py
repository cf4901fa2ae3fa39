"""Bytes by their sha256: small ones are rows of the database, large ones are files.

A large blob is durable before the row that names it is written (an orphan is harmless, a name
without its bytes is not). Nothing here knows what the bytes mean.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import bindparam, select

from maild.errors import NotFound
from maild.ports import Stored
from maild.store.database import Database, Tx
from maild.store.disk import locked, make_folder
from maild.store.faults import StoreUnavailable
from maild.store.holdings import NAMING
from maild.store.schema import small_blobs
from maild.store.spool import (
    READ_AT_ONCE,
    Filed,
    Original,
    Spool,
    Spooled,
    opened,
    remove_if_dead,
)
from maild.store.statements import insert_if_absent

# Up to here a blob rides in its document's transaction: one fsync for many (house.md 2.8).
SMALL: Final = 64 * 1024
# Built once: building a statement costs more than running it.
_SMALL: Final = select(small_blobs.c.content).where(small_blobs.c.sha256 == bindparam("key"))
_DAMAGED: Final = "the stored bytes of {} are damaged; put them back from a backup"
_PARTS: Final = "parts"  # where files are written before they get their name


@dataclass(frozen=True, slots=True)
class Staged:
    """Bytes on their way in: `small` waits for `keep`; without it they are on the disk already."""

    sha256: str
    size: int
    small: bytes | None = field(default=None, repr=False)


def keep(tx: Tx, staged: Staged) -> None:
    """Write the bytes of a small blob, if they are not there yet."""
    if staged.small is not None:
        row = {"sha256": staged.sha256, "content": staged.small}
        insert_if_absent(tx, small_blobs, row=row, unique=["sha256"])


def in_use(tx: Tx, keys: Collection[str]) -> set[str]:
    """Which of these blobs a row names, whatever it is the bytes of."""
    used: set[str] = set()
    for one, without in NAMING:
        query = select(one).where(one.in_(keys))
        if without is not None:
            own, gone = without
            query = query.where(own.not_in(select(gone)))
        used.update(tx.execute(query).scalars())
    return used


class BlobStore:
    """The blobs of one data folder: files under `folder`, rows in `db`."""

    def __init__(self, folder: Path, db: Database) -> None:
        self._folder = folder
        self._db = db

    async def stage(self, content: bytes | Stored) -> Staged:
        """Prepare bytes for `keep`. Large ones are durable when this returns.

        What was spooled gets its name without being copied, and may be staged again. Raises OSError
        when the disk does not take them.
        """
        if not isinstance(content, bytes):
            await asyncio.to_thread(self._adopt, content)
            return Staged(content.sha256, content.size)
        if len(content) <= SMALL:
            return Staged(hashlib.sha256(content).hexdigest(), len(content), content)
        key = await asyncio.to_thread(self._write, content)
        return Staged(key, len(content))

    def spool(self) -> Spool:
        """A file for something large that comes in piece by piece. Raises OSError."""
        return Spool(self._parts())

    async def read(self, key: str) -> bytes:
        """The bytes of that sha256, verified. Raises NotFound, or OSError when they are damaged."""
        small = await self._db.read(partial(_small, key))
        content = await asyncio.to_thread(self._read, key) if small is None else small
        return _verified(key, content)

    async def several(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The same of some blobs that fit in memory together. Those that are not there are left out.

        Raises OSError when one is damaged.
        """
        found = await self._db.read(partial(_smalls, keys))
        return await asyncio.to_thread(self._several, keys, found)

    async def content(self, key: str, *, at_once: int) -> bytes | Filed:
        """The same: as bytes, or as a file that was verified when there are more than `at_once`.

        Raises NotFound or OSError.
        """
        small = await self._db.read(partial(_small, key))
        if small is None:
            return await asyncio.to_thread(self._content, key, at_once)
        return _verified(key, small)

    async def collect(self, pieces: Iterable[bytes]) -> Spooled:
        """Something large that is made piece by piece, in a thread; to be staged, and closed."""
        return await asyncio.to_thread(self._spooled, pieces)

    def filed(self, staged: Staged) -> Filed:
        """A large blob that was staged, to read it again piece by piece."""
        return Filed(self._path(staged.sha256), staged.size)

    async def original(self, key: str) -> Original:
        """The same as it came in: bytes, or the file, for the caller to close. Not verified.

        Raises NotFound or OSError.
        """
        small = await self._db.read(partial(_small, key))
        return await asyncio.to_thread(self._opened, key) if small is None else small

    async def sweep(self) -> int:
        """Remove what writers that were killed left behind; the number of files removed."""
        return await asyncio.to_thread(self._sweep)

    async def clear_orphans(self, *, before: datetime) -> int:
        """Remove large blobs that no row names and nobody staged since then; how many files.

        A blob is staged before its row is written, so `before` has to be well in the past.
        """
        removed = 0
        for folder in await asyncio.to_thread(self._folders):
            old = await asyncio.to_thread(_older, folder, before)
            if old:
                used = await self._db.read(partial(in_use, keys=old))
                orphans = [folder / key for key in old if key not in used]
                removed += await asyncio.to_thread(_remove_old, folder, orphans, before=before)
        return removed

    def _folders(self) -> list[Path]:
        return sorted(self._folder.glob("??"))

    def _several(self, keys: Sequence[str], found: dict[str, bytes]) -> dict[str, bytes]:
        for key in keys:
            if key not in found:
                with contextlib.suppress(NotFound):
                    found[key] = self._read(key)
        return {key: _verified(key, content) for key, content in found.items()}

    def _read(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError as fault:
            raise NotFound(f"no bytes are stored under {key}") from fault

    def _content(self, key: str, at_once: int) -> bytes | Filed:
        with contextlib.closing(self._opened(key)) as found:
            if found.size <= at_once:
                return _verified(key, found.read())
            if _digest(found) != key:
                raise OSError(_DAMAGED.format(key))
            return Filed(found.path, found.size)

    def _opened(self, key: str) -> Spooled:
        try:
            return opened(self._path(key))
        except FileNotFoundError as fault:
            raise NotFound(f"no bytes are stored under {key}") from fault

    def _path(self, key: str) -> Path:
        # One level: 256 folders are soon there, while making one for nearly every blob of a young
        # store took longer than writing the blob; four million blobs are 16,000 names in each.
        return self._folder / key[:2] / key

    def _parts(self) -> Path:
        parts = self._folder / _PARTS
        make_folder(parts)
        return parts

    def _spooled(self, pieces: Iterable[bytes]) -> Spooled:
        spool = self.spool()
        try:
            for piece in pieces:
                spool.write(piece)
        except BaseException:
            spool.discard()
            raise
        return spool.finish()

    def _write(self, content: bytes) -> str:
        spooled = self._spooled([content])
        try:
            self._adopt(spooled)
        finally:
            spooled.close()
        return spooled.sha256

    def _adopt(self, spooled: Stored) -> None:
        """Give a spooled file its name; it is durable when this returns."""
        target = self._path(spooled.sha256)
        make_folder(target.parent)
        with locked(target.parent, fcntl.LOCK_SH) as folder:
            if _same(target, spooled):
                os.utime(target)  # young again, so that nobody takes it for an orphan
            elif target == spooled.path:
                raise OSError(f"the stored bytes of {target.name} are damaged")
            else:
                self._flush(spooled.descriptor)
                spooled.path.rename(target)
            # Also when it was there: its writer may not have come to this line yet.
            self._flush(folder)

    def _flush(self, descriptor: int) -> None:
        """Write to the disk. Raises OSError where it is full, StoreUnavailable where it failed.

        After a failed fsync nobody knows what the disk holds, and a second one may succeed without
        having written anything (lwn.net/Articles/752063).
        """
        try:
            os.fsync(descriptor)
        except OSError as fault:
            if fault.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise
            self._db.distrust()
            raise StoreUnavailable(f"the disk failed: {fault}", broken=True) from fault

    def _sweep(self) -> int:
        parts = self._folder / _PARTS
        return sum(remove_if_dead(part) for part in parts.iterdir()) if parts.is_dir() else 0


def _small(key: str, tx: Tx) -> bytes | None:
    found = tx.execute(_SMALL, {"key": key}).scalar()
    return None if found is None else bytes(found)


def _smalls(keys: Sequence[str], tx: Tx) -> dict[str, bytes]:
    query = select(small_blobs).where(small_blobs.c.sha256.in_(keys))
    return {row.sha256: bytes(row.content) for row in tx.execute(query)}


def _same(path: Path, spooled: Stored) -> bool:
    """Whether these very bytes are there under their name; damaged ones are written anew."""
    try:
        with contextlib.closing(opened(path)) as there:
            return there.size == spooled.size and _digest(there) == spooled.sha256
    except FileNotFoundError:
        return False


def _verified(key: str, content: bytes) -> bytes:
    if hashlib.sha256(content).hexdigest() != key:
        raise OSError(_DAMAGED.format(key))
    return content


def _digest(spooled: Spooled) -> str:
    digest = hashlib.sha256()
    for start in range(0, spooled.size, READ_AT_ONCE):
        digest.update(spooled.read(READ_AT_ONCE, start=start))
    return digest.hexdigest()


def _older(folder: Path, before: datetime) -> list[str]:
    edge = before.timestamp()
    return [path.name for path in folder.iterdir() if path.stat().st_mtime < edge]


def _remove_old(folder: Path, orphans: list[Path], *, before: datetime) -> int:
    # Looked at once more under the lock: somebody may have staged one of them meanwhile.
    with locked(folder, fcntl.LOCK_EX):
        gone = [path for path in orphans if path.stat().st_mtime < before.timestamp()]
        for path in gone:
            path.unlink()
    return len(gone)
