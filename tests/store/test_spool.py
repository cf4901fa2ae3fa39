from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from maild.store.blobs import BlobStore
from maild.store.database import Database
from maild.store.spool import Spooled, beginning_of, bytes_of, sha256_of

LARGE = os.urandom(3_000_000)


@pytest.fixture
def blobs(db: Database, tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", db)


def spooled(blobs: BlobStore, content: bytes = LARGE) -> Spooled:
    spool = blobs.spool()
    for at in range(0, len(content), 70_000):
        spool.write(content[at : at + 70_000])
    return spool.finish()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_came_in_pieces_is_stored_once_under_its_hash_without_a_copy(
    blobs: BlobStore, tmp_path: Path
) -> None:
    one = spooled(blobs)
    inode = one.path.stat().st_ino
    staged = await blobs.stage(one)
    again = await blobs.stage(one)
    one.close()
    (path,) = files(tmp_path / "blobs")
    assert staged == again
    assert (path.name, path.stat().st_ino) == (hashlib.sha256(LARGE).hexdigest(), inode)
    assert await blobs.read(staged.sha256) == LARGE


async def test_the_same_bytes_twice_are_one_file(blobs: BlobStore, tmp_path: Path) -> None:
    first, second = spooled(blobs), spooled(blobs)
    assert await blobs.stage(first) == await blobs.stage(second)
    first.close()
    second.close()
    assert len(files(tmp_path / "blobs")) == 1


async def test_it_can_be_read_before_and_after_it_got_its_name(blobs: BlobStore) -> None:
    one = spooled(blobs)
    assert (len(one), bytes_of(one), beginning_of(one, 10)) == (len(LARGE), LARGE, LARGE[:10])
    assert sha256_of(one) == sha256_of(LARGE)
    await blobs.stage(one)
    assert one.read(5, start=len(LARGE) - 3) == LARGE[-3:]
    one.close()


async def test_what_was_not_staged_is_gone(blobs: BlobStore, tmp_path: Path) -> None:
    spooled(blobs).close()
    spool = blobs.spool()
    spool.write(b"begun")
    spool.discard()
    spool.discard()
    spool.write(b"too late")
    assert files(tmp_path / "blobs") == []


async def test_a_sweep_leaves_alone_what_is_being_received(
    blobs: BlobStore, tmp_path: Path
) -> None:
    one, spool = spooled(blobs), blobs.spool()
    (tmp_path / "blobs" / "parts" / "of-a-dead-writer").write_bytes(b"half a mail")
    assert await blobs.sweep() == 1
    spool.write(b"more")
    assert (await blobs.stage(one)).size == len(LARGE)
    spool.discard()
    one.close()


async def test_a_file_that_shrank_is_a_fault_and_no_shorter_mail(blobs: BlobStore) -> None:
    one = spooled(blobs)
    os.truncate(one.path, 1_000_000)
    with pytest.raises(OSError, match="shorter"):
        one.read()
    one.close()
