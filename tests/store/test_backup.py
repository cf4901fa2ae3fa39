"""Backup, restore, verify: whole or not at all, and nothing goes out by surprise afterwards."""

from __future__ import annotations

import io
import json
import sqlite3
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from maild.errors import UserError
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.run import Run, RunState
from maild.store import backup, deliveries, documents, restore, runs
from maild.store.blobs import SMALL, BlobStore, keep
from maild.store.database import Database, Tx
from tests.store.builders import (
    NOW,
    a_file,
    claimed,
    handed_over,
    stored_delivery,
    stored_document,
)

LATER = NOW + timedelta(days=1)
LARGE = b"large" * SMALL


def taken(data_dir: Path, file: Path) -> backup.Written:
    return backup.write(data_dir, file, version="1.0", taken_at=NOW, progress=lambda *_: None)


@pytest.fixture
async def store(tmp_path: Path) -> Path:
    """A store with a small and a large blob, and a delivery in each state that may be under way."""
    folder = tmp_path / "store"
    db = await Database.open(folder / "maild.db")
    blobs = BlobStore(folder / "blobs", db)
    large, small = await blobs.stage(LARGE), await blobs.stage(b"small")

    def fill(tx: Tx) -> None:
        keep(tx, small)
        files = (a_file(sha256=large.sha256), a_file(name="b.xml", sha256=small.sha256))
        document = stored_document(tx, files=files)
        stored_delivery(tx, document, address="sent@x.example")
        deliveries.settle(tx, begun(tx, small.sha256), handed_over())
        stored_delivery(tx, document, address="sending@x.example")
        begun(tx, small.sha256)
        stored_delivery(tx, document, address="doubt@x.example")
        deliveries.mark_uncertain(tx, begun(tx, small.sha256))
        stored_delivery(tx, document, address="queued@x.example")
        stored_delivery(
            tx,
            document,
            address="held@x.example",
            state=State.HELD,
            hold_code=HoldCode.PERSON,
        )

    await db.write(lambda tx: _with_arrivals(tx, fill, small.sha256))
    await db.close()
    return folder


def begun(tx: Tx, message: str) -> Delivery:
    mine = claimed(tx)
    deliveries.begin(tx, mine, message=message, now=NOW)
    return mine


def _with_arrivals(tx: Tx, fill: Callable[[Tx], None], original: str) -> None:
    fill(tx)
    tx.exec_driver_sql("UPDATE arrivals SET original = ?", (original,))


async def states(folder: Path) -> dict[str, tuple[State, HoldCode | None]]:
    db = await Database.open(folder / "maild.db", migrate=False)
    try:
        found = await db.read(deliveries.find)
        return {one.address.partition("@")[0]: (one.state, one.hold_code) for one in found}
    finally:
        await db.close()


async def test_a_restored_store_has_everything_and_holds_what_was_to_leave(
    store: Path, tmp_path: Path
) -> None:
    file, into = tmp_path / "b.tar", tmp_path / "new" / "store"
    written = taken(store, file)
    assert (written.files, written.lost) == (2, ())
    assert restore.verify_file(file) == restore.Verified(2, (), NOW.isoformat())
    done = restore.restore(file, into, now=LATER)
    assert (done.held, done.lost) == (3, ())
    assert await states(into) == {
        "sent": (State.HANDED_OVER, None),
        "sending": (State.HELD, HoldCode.RESTORED),
        "doubt": (State.HELD, HoldCode.RESTORED),
        "queued": (State.HELD, HoldCode.RESTORED),
        "held": (State.HELD, HoldCode.PERSON),
    }
    assert restore.verify_store(into).problems == ()
    assert sorted(one.name for one in into.iterdir() if "maild.db-" not in one.name) == [
        "blobs",
        "maild.db",
        "maild.db.update",
    ]
    assert [one for one in into.rglob("*") if one.is_file() and one.stat().st_mode & 0o077] == []


async def test_the_files_that_people_change_on_the_pages_come_back(
    store: Path, tmp_path: Path
) -> None:
    ours = {
        "acme.toml": b"[team.acme]\n",
        "acme.toml.before": b"[team.acme] # older\n",
        "acme.0123456789abcdef.logo.png": b"\x89PNG",
    }
    others = {".acme.toml.new": b"half", "acme.toml~": b"an editor's", "notes": b"of somebody"}
    folder = store / "teams.d"
    (folder / "inner.toml").mkdir(parents=True)
    for name, content in (ours | others).items():
        (folder / name).write_bytes(content)
    (folder / "gone.toml").symlink_to(tmp_path / "nowhere")
    assert taken(store, tmp_path / "b.tar").files == 2 + len(ours)
    assert restore.verify_file(tmp_path / "b.tar").problems == ()
    restore.restore(tmp_path / "b.tar", tmp_path / "new", now=LATER)
    found = tmp_path / "new" / "teams.d"
    assert {one.name: one.read_bytes() for one in found.iterdir()} == ours
    assert {one.stat().st_mode & 0o777 for one in found.iterdir()} == {0o600}


async def test_work_that_was_owed_is_skipped_by_a_restore(store: Path, tmp_path: Path) -> None:
    owed = Run("acme/monthly", "2026-02", RunState.DUE, NOW, NOW, NOW, work="export")
    db = await Database.open(store / "maild.db")
    await db.write(lambda tx: runs.add(tx, owed))
    await db.close()
    taken(store, tmp_path / "b.tar")
    restore.restore(tmp_path / "b.tar", tmp_path / "new", now=LATER)
    db = await Database.open(tmp_path / "new" / "maild.db", migrate=False)
    found = await db.read(lambda tx: runs.get(tx, owed.schedule, owed.period))
    assert found is not None
    assert found.state is RunState.SKIPPED
    assert "it may have been done since" in found.result
    assert await db.read(runs.restored) == (LATER, found.result)
    await db.close()


async def test_what_a_restore_held_keeps_its_message_and_goes_when_a_person_says_so(
    store: Path, tmp_path: Path
) -> None:
    taken(store, tmp_path / "b.tar")
    restore.restore(tmp_path / "b.tar", tmp_path / "new", now=LATER)
    db = await Database.open(tmp_path / "new" / "maild.db")
    held = {one.id: one for one in await db.read(deliveries.find) if one.reason}
    waited = [one for one in held.values() if one.hold_code is HoldCode.RESTORED]
    assert all("may have been sent since" in (one.reason or "") for one in waited)
    ends = sorted(one.attempts[-1].outcome for one in waited if one.attempts)
    assert ends == [Outcome.LOST, Outcome.UNCERTAIN]
    assert await db.write(lambda tx: deliveries.release_restored(tx, now=LATER, team="x")) == 0
    assert await db.write(lambda tx: deliveries.release_restored(tx, now=LATER)) == 3
    assert await db.write(lambda tx: deliveries.release_restored(tx, now=LATER)) == 0
    for one in await db.read(deliveries.find):
        if one.id in {each.id for each in waited}:
            old = held[one.id]
            assert (one.state, one.hold_code) == (State.QUEUED, None)
            assert (one.message, one.message_id) == (old.message, old.message_id)
    document = waited[0].document
    assert document is not None
    told = [one.event for one in await db.read(lambda tx: documents.events_of(tx, document))]
    assert told.count("delivery.held") == told.count("delivery.released") == 3
    await db.close()


async def test_a_backup_never_overwrites_and_leaves_nothing_when_it_fails(
    store: Path, tmp_path: Path
) -> None:
    file = tmp_path / "b.tar"
    file.write_bytes(b"older")
    with pytest.raises(UserError, match="there already"):
        taken(store, file)
    assert file.read_bytes() == b"older"
    (store / "maild.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(UserError, match="cannot be read"):
        taken(store, tmp_path / "c.tar")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["b.tar", "store"]


def large_blob(store: Path) -> Path:
    (found,) = (one for one in (store / "blobs").glob("??/*"))
    return found


@pytest.mark.parametrize("fault", ["damaged", "missing"])
async def test_a_blob_that_the_store_has_lost_is_named_everywhere(
    store: Path, tmp_path: Path, fault: str
) -> None:
    blob = large_blob(store)
    blob.write_bytes(b"rot") if fault == "damaged" else blob.unlink()
    (said,) = restore.verify_store(store).problems
    assert blob.name in said
    file = tmp_path / "b.tar"
    assert taken(store, file).lost == (blob.name,)
    (said,) = restore.verify_file(file).problems
    assert blob.name in said
    assert restore.restore(file, tmp_path / "new", now=LATER).lost == (blob.name,)


async def test_a_damaged_small_blob_and_a_broken_reference_are_found(store: Path) -> None:
    other = sqlite3.connect(store / "maild.db")
    other.execute("UPDATE small_blobs SET content = x'00'")
    other.execute(
        "UPDATE attempts SET delivery = 'v-gone' WHERE delivery IN (SELECT id FROM deliveries WHERE address LIKE 'sent%')"
    )
    other.commit()
    other.close()
    found = restore.verify_store(store).problems
    assert len(found) == 2
    assert "attempts" in found[0]
    assert "damaged" in found[1]


async def test_every_byte_of_a_backup_counts(store: Path, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    (store / "teams.d").mkdir()
    (store / "teams.d" / "acme.toml").write_text("[team.acme]\n", "utf-8")
    taken(store, file)
    good = file.read_bytes()
    with tarfile.open(file) as tar:
        inside = [(one.offset_data, one.size) for one in tar.getmembers()]
    for start, size in inside:
        for at in (start, start + size // 2, start + size - 1):
            file.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
            assert _is_found_out(file, tmp_path / "new"), (at, start, size)
    for end in (0, 100, inside[0][0] + 10, inside[1][0] + 10, inside[2][0] + 10):
        file.write_bytes(good[:end])
        assert _is_found_out(file, tmp_path / "new"), end


def _is_found_out(file: Path, into: Path) -> bool:
    try:
        whole = not restore.verify_file(file).problems
    except UserError:
        whole = False
    try:
        restore.restore(file, into, now=LATER)
    except UserError:
        assert list(into.iterdir()) == []
        return not whole
    return False


def an_entry(name: str, **changes: object) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for key, value in changes.items():
        setattr(entry, key, value)
    return entry


@pytest.mark.parametrize(
    "entry",
    [
        an_entry("../evil"),
        an_entry("/tmp/evil"),
        an_entry("blobs/ab/../../evil"),
        an_entry("teams.d/../evil.toml"),
        an_entry("teams.d/.hidden.toml"),
        an_entry("teams.d/evil"),
        an_entry("teams.d/a.toml", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        an_entry("maild.db", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        an_entry("maild.db", type=tarfile.LNKTYPE, linkname="manifest.json"),
        an_entry("maild.db", type=tarfile.FIFOTYPE),
        an_entry("blobs", type=tarfile.DIRTYPE),
    ],
    ids=lambda one: f"{one.name} {one.type!r}",
)
def test_what_is_not_ours_is_never_unpacked(tmp_path: Path, entry: tarfile.TarInfo) -> None:
    file, into = tmp_path / "b.tar", tmp_path / "new"
    with tarfile.open(file, "w") as tar:
        tar.addfile(entry)
    with pytest.raises(UserError, match="does not belong"):
        restore.restore(file, into, now=LATER)
    assert list(into.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (b"[" * 100_000, "cannot be read"),
        (b"{}", "does not know"),
        (b'{"format": 1}', "lacks"),
        (json.dumps({"format": 2}).encode(), "does not know"),
        (
            b'{"format": 1, "maild": "1", "taken_at": "noon", "files": {}, "lost": []}',
            "no time",
        ),
        (
            b'{"format": 1, "maild": "1", "taken_at": "2026-01-01", "files": {}, "lost": []}',
            "maild.db: it is not in the file",
        ),
    ],
)
def test_a_list_of_files_that_is_none_is_refused_in_words(
    tmp_path: Path, manifest: bytes, said: str
) -> None:
    file = tmp_path / "b.tar"
    with tarfile.open(file, "w") as tar:
        tar.addfile(an_entry("manifest.json", size=len(manifest)), io.BytesIO(manifest))
    with pytest.raises(UserError, match=said):
        restore.restore(file, tmp_path / "new", now=LATER)


async def test_a_folder_with_something_in_it_is_left_alone(store: Path, tmp_path: Path) -> None:
    taken(store, tmp_path / "b.tar")
    into = tmp_path / "new"
    into.mkdir()
    (into / "mine").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        restore.restore(tmp_path / "b.tar", into, now=LATER)
    assert (into / "mine").read_text() == "mine"


async def test_a_backup_of_a_newer_maild_is_refused(store: Path, tmp_path: Path) -> None:
    other = sqlite3.connect(store / "maild.db")
    other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.commit()
    other.close()
    taken(store, tmp_path / "b.tar")
    with pytest.raises(UserError, match="newer maild"):
        restore.restore(tmp_path / "b.tar", tmp_path / "new", now=LATER)
    assert list((tmp_path / "new").iterdir()) == []
