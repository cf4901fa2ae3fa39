from __future__ import annotations

import asyncio
import threading
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, exc, insert, select

from maild.errors import NotFound, UserError
from maild.store import engines, marks, schema
from maild.store.database import Database, StoreUnavailable, Tx
from tests.store.builders import NOW


def put(name: str, tx: Tx) -> str:
    tx.execute(insert(schema.marks), {"name": name, "value": "{}", "at": NOW})
    return name


def names(tx: Tx) -> set[str]:
    return set(tx.execute(select(schema.marks.c.name)).scalars())


def refuse(tx: Tx) -> None:
    put("half done", tx)
    raise LookupError("no")


async def test_a_write_answers_with_the_value_and_is_there_for_the_next_reader(
    db: Database,
) -> None:
    assert await db.write(partial(put, "a")) == "a"
    assert await db.read(names) == {"a"}


async def test_a_written_value_is_there_after_a_restart(tmp_path: Path) -> None:
    first = await Database.open(tmp_path / "maild.db")
    await first.write(partial(put, "a"))
    await first.close()
    second = await Database.open(tmp_path / "maild.db")
    assert await second.read(names) == {"a"}
    await second.close()


async def test_what_a_function_raises_undoes_its_own_writes_and_nobody_elses(
    db: Database,
) -> None:
    await db.write(partial(put, "taken"))
    fns = [partial(put, str(n)) for n in range(20)]
    answers = await asyncio.gather(
        *(db.write(fn) for fn in fns[:10]),
        db.write(refuse),
        db.write(partial(put, "taken")),
        *(db.write(fn) for fn in fns[10:]),
        return_exceptions=True,
    )
    assert isinstance(answers[10], LookupError)
    assert isinstance(answers[11], exc.IntegrityError)
    assert await db.read(names) == {"taken"} | {str(n) for n in range(20)}


async def test_functions_that_wait_at_the_same_moment_share_one_commit(db: Database) -> None:
    commits: list[object] = []  # the first may or may not have left before the others came
    event.listen(db._writer._engine, "commit", commits.append)
    free = threading.Event()
    first = asyncio.ensure_future(db.write(lambda _tx: free.wait(10)))
    rest = [asyncio.ensure_future(db.write(partial(put, str(n)))) for n in range(50)]
    await asyncio.sleep(0)  # each of them is handed in
    free.set()
    await asyncio.gather(first, *rest)
    assert len(commits) <= 2


async def test_a_fault_that_a_future_does_not_take_reaches_its_caller_all_the_same(
    db: Database,
) -> None:
    with pytest.raises(RuntimeError):
        await db.write(lambda _tx: next(iter(())))


async def test_what_a_cancelled_caller_handed_in_is_written(db: Database) -> None:
    free = threading.Event()
    first = asyncio.ensure_future(db.write(lambda _tx: free.wait(10)))
    second = asyncio.ensure_future(db.write(partial(put, "a")))
    await asyncio.sleep(0)
    second.cancel()
    free.set()
    await first
    await db.write(lambda _tx: None)
    assert await db.read(names) == {"a"}


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises((exc.OperationalError, StoreUnavailable)):
        await db.read(partial(put, "a"))


async def test_a_reader_sees_one_moment(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def twice(tx: Tx) -> tuple[set[str], set[str]]:
        before = names(tx)
        begun.set()
        go_on.wait(10)
        return before, names(tx)

    reading = asyncio.ensure_future(db.read(twice))
    await asyncio.to_thread(begun.wait, 10)
    await db.write(partial(put, "a"))
    go_on.set()
    assert await reading == (set(), set())


async def test_a_moment_without_a_zone_is_refused(db: Database) -> None:
    naive = NOW.replace(tzinfo=None)
    with pytest.raises(ValueError, match="no time zone"):
        await db.write(partial(marks.put, name="a", value={}, now=naive))


async def test_after_closing_nothing_is_taken_any_more(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "maild.db")
    await db.close()
    await db.close()
    with pytest.raises(StoreUnavailable, match="closed"):
        await db.write(names)
    with pytest.raises(StoreUnavailable, match="closed"):
        await db.read(names)


async def test_what_waits_at_closing_is_written(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "maild.db")
    waiting = [asyncio.ensure_future(db.write(partial(put, str(n)))) for n in range(5)]
    await asyncio.sleep(0)
    await db.close()
    assert await asyncio.gather(*waiting) == [str(n) for n in range(5)]


async def test_a_missing_file_is_named_when_none_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no database at .*maild\.db"):
        await Database.open(tmp_path / "maild.db", migrate=False)
    assert not (tmp_path / "maild.db").exists()


async def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "maild.db").write_bytes(b"this is a letter, and no database at all" * 100)
    with pytest.raises(StoreUnavailable, match="no database"):
        await Database.open(tmp_path / "maild.db")


async def test_nobody_else_may_read_the_file(db: Database) -> None:
    await db.write(partial(put, "a"))
    kept = list(db.path.parent.glob("maild.db*"))
    assert len(kept) >= 2
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}


async def test_a_commit_is_told_at_once_and_only_once(db: Database) -> None:
    waiting = asyncio.ensure_future(db.wait_for_change(10))
    await asyncio.sleep(0)
    await db.write(partial(put, "a"))
    assert await waiting is True
    assert await db.wait_for_change(0.01) is False


async def test_a_commit_between_two_waits_is_not_missed(db: Database) -> None:
    await db.write(partial(put, "a"))
    assert await db.wait_for_change(10) is True


async def test_a_write_that_changed_nothing_wakes_nobody(db: Database) -> None:
    await db.write(names)
    assert await db.wait_for_change(0.01) is False


async def test_each_watcher_may_keep_its_own_count(db: Database) -> None:
    seen = db.changes
    await db.write(partial(put, "a"))
    assert await db.wait_for_change(10) is True
    assert await db.wait_for_change(10, since=seen) is True
    assert await db.wait_for_change(0.01, since=db.changes) is False


@pytest.mark.parametrize("steps", range(6))
async def test_a_wait_that_is_cancelled_ends_also_when_the_change_comes_at_that_moment(
    db: Database, steps: int
) -> None:
    waiting = asyncio.ensure_future(db.wait_for_change(10))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    db._answer([], changed=True)
    for _ in range(steps):
        await asyncio.sleep(0)
    if waiting.cancel():  # it had not ended before
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_commit_of_another_connection_is_told_within_a_second(db: Database) -> None:
    other = engines.driver().connect(str(db.path), isolation_level=None)
    waiting = asyncio.ensure_future(db.wait_for_change(10))
    await asyncio.sleep(0)
    other.execute("INSERT INTO marks (name, value, at) VALUES ('b', '{}', '')")
    other.close()
    assert await asyncio.wait_for(waiting, 1) is True


async def test_a_lock_that_stays_is_a_fault_that_passes(db: Database) -> None:
    await db.write(lambda tx: tx.exec_driver_sql("PRAGMA busy_timeout=20").close())
    other = engines.driver().connect(str(db.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="another program keeps it locked"):
        await db.write(partial(put, "a"))
    other.execute("ROLLBACK")
    other.close()
    assert db.broken is False
    assert await db.write(partial(put, "a")) == "a"


async def test_a_long_wal_is_emptied_while_there_is_work(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db._writer, "_checkpoint_at", 100_000)
    wal = db.path.with_name("maild.db-wal")
    await db.write(partial(marks.put, name="a", value={"long": "x" * 200_000}, now=NOW))
    # The checkpoint follows the answer, so the next answer proves that it is over.
    await db.write(names)
    assert wal.stat().st_size == 0


async def test_a_reader_that_stays_keeps_no_write_waiting(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db._writer, "_checkpoint_at", 0)
    begun, go_on = threading.Event(), threading.Event()

    def stay(tx: Tx) -> set[str]:
        found = names(tx)
        begun.set()
        go_on.wait(20)
        return found

    staying = asyncio.ensure_future(db.read(stay))
    await asyncio.to_thread(begun.wait, 10)
    await db.write(partial(put, "a"))
    # The checkpoint of the first write is tried before the second one is served.
    assert await asyncio.wait_for(db.write(partial(put, "b")), 5) == "b"
    go_on.set()
    assert await staying == set()
    assert await db.read(names) == {"a", "b"}


def test_a_sqlite_that_is_too_old_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.driver(), "sqlite_version_info", (3, 37, 2))
    with pytest.raises(UserError, match=r"needs 3\.38\.0") as told:
        engines.driver()
    assert "pysqlite3" in (told.value.hint or "")
