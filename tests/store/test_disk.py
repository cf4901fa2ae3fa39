"""What the disk may do: be full, fail, and lose the process in the middle. All of it real."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import exc, insert

from maild.store import marks, schema
from maild.store.database import Database, StoreUnavailable, Tx
from tests.store.builders import NOW

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5  # of killing; each starts an interpreter

# Writes marks 0, 1, 2, ... by several tasks at once and says each number once it was answered.
WRITER = """
    import asyncio, sys
    from datetime import UTC, datetime
    from functools import partial
    from pathlib import Path
    from maild.store import marks
    from maild.store.database import Database

    async def main(path, first, last):
        db = await Database.open(Path(path))
        numbers = iter(range(first, last))
        async def work():
            for n in numbers:
                put = partial(marks.put, name=str(n), value={"n": n}, now=datetime.now(UTC))
                await db.write(put)
                print(n, flush=True)
        await asyncio.gather(*(work() for _ in range(8)))
        await db.close()

    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""

# Leaves itself 200 kB of room for files, then writes until the store refuses.
FAILING = """
    import asyncio, resource, sys
    from datetime import UTC, datetime
    from functools import partial
    from pathlib import Path
    from maild.store import marks
    from maild.store.database import Database, StoreUnavailable

    async def main(path):
        db = await Database.open(Path(path))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        value = {"text": "x" * 5_000}
        n = 0
        try:
            while n < 1_000:
                await db.write(partial(marks.put, name=str(n), value=value, now=datetime.now(UTC)))
                print(n, flush=True)
                n += 1
        except StoreUnavailable as fault:
            print("unavailable", fault.broken, db.broken, flush=True)
        try:
            await db.write(partial(marks.get, name="0"))
        except StoreUnavailable as fault:
            print("still", fault.broken, flush=True)
        await db.close()

    asyncio.run(main(sys.argv[1]))
"""


def started(program: str, *words: str | Path | int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(program), *map(str, words)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def stored(path: Path) -> set[str]:
    db = await Database.open(path)
    found = await db.read(lambda tx: set(tx.execute(schema.marks.select()).scalars()))
    checked = await db.read(lambda tx: tx.exec_driver_sql("PRAGMA integrity_check").scalar())
    await db.close()
    assert checked == "ok"
    return found


async def test_no_answered_write_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    chance = random.Random(7)
    answered: set[str] = set()
    for turn in range(ROUNDS):
        child = started(WRITER, path, turn * 100_000, (turn + 1) * 100_000)
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(chance.randrange(1, 400))]
        os.kill(child.pid, signal.SIGKILL)
        lines += child.stdout.read().splitlines(keepends=True)
        child.wait()
        child.stdout.close()
        # The last line may have been cut off by the kill.
        answered |= {line.strip() for line in lines if line.endswith("\n")}
        assert answered <= await stored(path)
    assert len(answered) > ROUNDS


async def test_two_processes_write_at_the_same_time_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    db = await Database.open(path)
    child = started(WRITER, path, 0, 200)
    writes = [
        db.write(partial(marks.put, name=str(n), value={}, now=NOW)) for n in range(1000, 1200)
    ]
    await asyncio.gather(*writes)
    await asyncio.to_thread(child.communicate)
    assert child.returncode == 0
    await db.close()
    assert await stored(path) == {str(n) for n in [*range(200), *range(1000, 1200)]}


async def test_after_an_io_error_nothing_is_taken_and_what_was_answered_is_there(
    tmp_path: Path,
) -> None:
    path = tmp_path / "maild.db"
    said, _ = await asyncio.to_thread(started(FAILING, path).communicate)
    *numbers, refused, still = said.splitlines()
    assert refused == "unavailable True True"
    assert still == "still True"
    assert len(numbers) > 1
    assert set(numbers) <= await stored(path)


def overfill(tx: Tx) -> None:
    tx.execute(insert(schema.marks), {"name": "large", "value": "x" * 500_000, "at": NOW})


def overfill_and_say_nothing(tx: Tx) -> str:
    with pytest.raises(exc.OperationalError, match="full"):
        overfill(tx)
    return "fine"


@pytest.mark.parametrize("guilty", [overfill, overfill_and_say_nothing])
async def test_a_full_disk_is_told_to_everyone_in_the_group_and_passes(
    db: Database, guilty: object
) -> None:
    # SQLite's own limit gives the same result code as a full disk, and undoes the transaction.
    pages = await db.write(lambda tx: tx.exec_driver_sql("PRAGMA page_count").scalar_one())
    await db.write(lambda tx: tx.exec_driver_sql(f"PRAGMA max_page_count={pages + 5}").close())
    innocent = [partial(marks.put, name=str(n), value={}, now=NOW) for n in range(3)]
    assert callable(guilty)
    answers = await asyncio.gather(
        *(db.write(fn) for fn in innocent), db.write(guilty), return_exceptions=True
    )
    kept = await db.read(lambda tx: set(tx.execute(schema.marks.select()).scalars()))
    told_good = {str(n) for n, answer in enumerate(answers[:3]) if answer is None}
    assert told_good == kept
    assert isinstance(answers[3], StoreUnavailable)
    assert db.broken is False
    await db.write(lambda tx: tx.exec_driver_sql("PRAGMA max_page_count=1000000").close())
    await db.write(innocent[0])


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not let a test mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    with suppress(OSError):
        while os.write(descriptor, b"x" * 4096) == 4096:
            pass
    os.close(descriptor)
    assert os.statvfs(path).f_bavail == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
async def test_a_disk_that_is_really_full_refuses_and_takes_again_when_there_is_room(
    small_disk: Path,
) -> None:
    db = await Database.open(small_disk / "maild.db")
    fill(small_disk / "stone")
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        await db.write(overfill)
    broken = db.broken
    (small_disk / "stone").unlink()
    await db.write(overfill)
    await db.close()
    assert broken is False
