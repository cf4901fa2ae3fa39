from __future__ import annotations

import fcntl
import hashlib
import os
from functools import partial
from pathlib import Path

import pytest

from maild.errors import NotFound
from maild.store import documents
from maild.store.blobs import SMALL, BlobStore, keep
from maild.store.database import Database
from tests.store.builders import NOW, an_arrival

LARGE = b"x" * (SMALL + 1)


@pytest.fixture
def blobs(db: Database, tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", db)


def kept_files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1, 3_000_000])
async def test_bytes_of_any_size_come_back(db: Database, blobs: BlobStore, size: int) -> None:
    content = os.urandom(size)
    staged = await blobs.stage(content)
    await db.write(partial(keep, staged=staged))
    assert (staged.size, staged.sha256) == (size, hashlib.sha256(content).hexdigest())
    assert await blobs.read(staged.sha256) == content


async def test_a_small_blob_is_there_only_after_its_transaction(
    db: Database, blobs: BlobStore, tmp_path: Path
) -> None:
    staged = await blobs.stage(b"small")
    with pytest.raises(NotFound, match=staged.sha256):
        await blobs.read(staged.sha256)
    await db.write(partial(keep, staged=staged))
    await db.write(partial(keep, staged=staged))
    assert await blobs.read(staged.sha256) == b"small"
    assert kept_files(tmp_path / "blobs") == []


async def test_a_large_blob_is_one_file_however_often_it_comes(
    blobs: BlobStore, tmp_path: Path
) -> None:
    first, second = await blobs.stage(LARGE), await blobs.stage(LARGE)
    assert first == second
    assert first.small is None
    (path,) = kept_files(tmp_path / "blobs")
    assert path.name == first.sha256
    assert path.stat().st_mode & 0o077 == 0


async def test_damaged_bytes_are_never_handed_out_and_healed_when_they_come_again(
    blobs: BlobStore, tmp_path: Path
) -> None:
    staged = await blobs.stage(LARGE)
    (path,) = kept_files(tmp_path / "blobs")
    path.write_bytes(b"y" + LARGE[1:])
    with pytest.raises(OSError, match="damaged"):
        await blobs.read(staged.sha256)
    await blobs.stage(LARGE)
    assert await blobs.read(staged.sha256) == LARGE


async def test_a_sweep_removes_what_the_dead_left_and_nothing_that_is_being_written(
    blobs: BlobStore, tmp_path: Path
) -> None:
    assert await blobs.sweep() == 0
    staged = await blobs.stage(LARGE)
    parts = tmp_path / "blobs" / "parts"
    (parts / "dead").write_bytes(b"half")
    with (parts / "alive").open("wb") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        assert await blobs.sweep() == 1
    assert [path.name for path in parts.iterdir()] == ["alive"]
    assert await blobs.read(staged.sha256) == LARGE


async def test_a_blob_that_cannot_be_written_leaves_nothing_behind(
    blobs: BlobStore, tmp_path: Path
) -> None:
    key = hashlib.sha256(LARGE).hexdigest()
    # A folder stands where the file has to go.
    (tmp_path / "blobs" / key[:2] / key / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match=key):
        await blobs.stage(LARGE)
    assert kept_files(tmp_path / "blobs") == []


async def test_orphans_go_when_they_are_old_and_no_row_names_them(
    db: Database, blobs: BlobStore, tmp_path: Path
) -> None:
    orphan, named, again = [await blobs.stage(LARGE + bytes([n])) for n in range(3)]
    await db.write(partial(documents.add_arrival, arrival=an_arrival(original=named.sha256)))
    for path in kept_files(tmp_path / "blobs"):
        os.utime(path, (0, 0))
    assert await blobs.stage(LARGE + bytes([2])) == again
    assert await blobs.clear_orphans(before=NOW) == 1
    with pytest.raises(NotFound):
        await blobs.read(orphan.sha256)
    assert {path.name for path in kept_files(tmp_path / "blobs")} == {named.sha256, again.sha256}
