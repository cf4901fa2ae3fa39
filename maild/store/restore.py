"""A backup put back into an empty folder, and the questions whether a backup or a store is whole.

What was to leave when the backup was taken may have left since, so it is held until a person says
otherwise (docs/decisions/0011). Nothing here sends or reads mail.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, update

from maild.errors import UserError
from maild.model.delivery import HoldCode, Outcome, State
from maild.model.said import Said
from maild.store import attempts, engines, marks, runs, searching, series_anew, tallying
from maild.store.backup import DATABASE, free_enough
from maild.store.database import Tx
from maild.store.disk import flush_folder, make_folder
from maild.store.documents import add_event
from maild.store.holdings import (
    MOST_PROBLEMS,
    blob_path,
    digest_of,
    large_blobs,
    looking,
    miscounted,
    problems_of,
)
from maild.store.migrate import bring_up_to_date
from maild.store.schema import deliveries
from maild.store.unpacking import Seen, unpack

MARK: Final = "restored"
_PART: Final = f"{DATABASE}.part"


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what is wrong with it; `taken_at` is None for a live store."""

    files: int
    problems: tuple[str, ...]
    taken_at: str | None = None


@dataclass(frozen=True, slots=True)
class Restored:
    """A store that is there again. `lost` blobs were not in the store when it was backed up."""

    taken_at: str
    files: int
    held: int
    lost: tuple[str, ...]


def verify_file(file: Path) -> Verified:
    """Read a whole backup and look into its database. Raises UserError when it is none."""
    with tempfile.TemporaryDirectory(prefix="maild-verify-") as work:
        copy = Path(work) / DATABASE
        seen = _unpacked(file, lambda name: copy if name == DATABASE else None)
        problems = [*seen.problems]
        if not problems:
            problems += _of_the_database(copy, there=set(seen.files), lost=seen.lost)
        problems += [f"{key}: it was missing or damaged in the store already" for key in seen.lost]
        return Verified(len(seen.files), tuple(problems[:MOST_PROBLEMS]), seen.taken_at)


def verify_store(data_dir: Path) -> Verified:
    """Look whether every row's blob is there and right, while a daemon may run on it."""
    problems: list[str] = []
    with looking(data_dir / DATABASE) as connection:
        problems += islice(problems_of(connection), MOST_PROBLEMS)
        problems += miscounted(connection)
        keys = large_blobs(connection)
        wrong = {key: said for key in keys if (said := _wrong(data_dir, key))}
        if wrong:
            # A refusal may have been forgotten meanwhile, and its bytes with it.
            still = set(large_blobs(connection))
            problems += [said for key, said in wrong.items() if key in still]
    return Verified(len(keys) + 1, tuple(problems[:MOST_PROBLEMS]))


def repair_store(data_dir: Path) -> tuple[str, ...]:
    """Count anew what is kept beside the rows, where it is wrong: what was wrong, in words.

    For a store that no daemon has open. Raises UserError where the database itself is damaged, which
    counting does not mend, or is of another version.
    """
    path = data_dir / DATABASE
    with looking(path) as connection:
        damaged = list(islice(problems_of(connection), MOST_PROBLEMS))
    if damaged:
        raise UserError(damaged, hint="put a backup back: maild restore FILE --into DIR")
    bring_up_to_date(path, allowed=False)
    with looking(path) as connection:
        wrong = tuple(miscounted(connection))
    if wrong:
        engine = engines.writer_engine(path)
        try:
            with engine.begin() as tx:
                _count_anew(tx)
        finally:
            engine.dispose()
    return wrong


def restore(file: Path, into: Path, *, now: datetime) -> Restored:
    """Put a backup into a folder that is empty or not there yet; on any fault it is empty again.

    Raises UserError that says what is wrong with the backup or the folder.
    """
    if into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise UserError(f"{into} is not empty", hint="name an empty folder; nothing is overwritten")
    try:
        make_folder(into)
        if file.is_file() and not free_enough(into, file.stat().st_size):
            raise UserError(f"the disk of {into} has no room for {file.stat().st_size} bytes")
        return _restored(file, into, now=now)
    except BaseException as fault:
        _empty(into)
        if isinstance(fault, OSError):
            raise UserError(f"{file} was not restored: {fault}") from fault
        raise


def _restored(file: Path, into: Path, *, now: datetime) -> Restored:
    part = into / _PART
    seen = _unpacked(file, lambda name: part if name == DATABASE else into / name)
    problems = list(seen.problems)
    if not problems:
        problems += _of_the_database(part, there=set(seen.files), lost=seen.lost)
    if problems:
        raise UserError([f"{file}: {one}" for one in problems], hint="take an older backup")
    bring_up_to_date(part, allowed=True)
    held = _changed(part, lambda tx: _hold(tx, taken_at=seen.taken_at, now=now))
    for folder in {(into / name).parent for name in seen.files}:
        flush_folder(folder)
    # Last of all: a folder with a database in it is a store that is whole.
    part.rename(into / DATABASE)
    for beside in into.glob(f"{_PART}*"):
        beside.unlink()
    flush_folder(into)
    return Restored(seen.taken_at, len(seen.files), held, seen.lost)


def _unpacked(file: Path, place: Callable[[str], Path | None]) -> Seen:
    seen = unpack(file, place)
    try:
        datetime.fromisoformat(seen.taken_at)
    except ValueError as fault:
        raise UserError(f'{file}: "{seen.taken_at[:80]}" is no time') from fault
    return seen


def _of_the_database(path: Path, *, there: set[str], lost: Iterable[str]) -> list[str]:
    """What is wrong in the database of a backup, and which blobs its rows name in vain."""
    known = set(lost)
    with looking(path) as connection:
        problems = list(islice(problems_of(connection), MOST_PROBLEMS))
        if problems:
            return problems
        return [
            f"{blob_path(key)}: a row names it and it is not in the file"
            for key in large_blobs(connection)
            if key not in known and blob_path(key).as_posix() not in there
        ][:MOST_PROBLEMS]


def _wrong(data_dir: Path, key: str) -> str:
    try:
        path = blob_path(key)
        found = digest_of(data_dir / path)
    except (OSError, UserError) as fault:
        return str(fault)
    if found is None:
        return f"{path}: a row names it and it is not there"
    return "" if found == key else f"{path}: its bytes are damaged"


def _changed(path: Path, change: Callable[[Tx], int]) -> int:
    engine = engines.writer_engine(path)
    try:
        with engine.connect() as tx:
            with tx.begin():
                done = change(tx)
            # Everything into the one file, which gets its name by a rename.
            _driver(tx).execute("PRAGMA journal_mode=DELETE").close()
        return done
    finally:
        engine.dispose()


def _driver(tx: Tx) -> Any:
    return tx.connection.driver_connection


def _hold(tx: Tx, *, taken_at: str, now: datetime) -> int:
    """Hold what was to leave, count anew, and note the restore; how many deliveries are held."""
    _count_anew(tx)
    under_way = [State.QUEUED.value, State.SENDING.value, State.UNCERTAIN.value]
    query = select(deliveries).where(deliveries.c.state.in_(under_way))
    reason = (
        f"restored from a backup of {taken_at[:16].replace('T', ' ')}: it may have been sent since"
    )
    found = tx.execute(query.order_by(deliveries.c.id)).all()
    for row in found:
        doubtful = row.state == State.UNCERTAIN.value
        attempts.close(tx, row.id, Outcome.UNCERTAIN if doubtful else Outcome.LOST, now=now)
        values: dict[str, Any] = {"state": State.HELD.value, "hold_code": HoldCode.RESTORED.value}
        values |= {"reason": reason, "owner": None, "lease_until": None}
        # A lane that lived through the restore must not find its claim.
        changes = update(deliveries).where(deliveries.c.id == row.id)
        tx.execute(changes.values(values | {"claim_no": row.claim_no + 1}))
        add_event(
            tx,
            at=now,
            event="delivery.held",
            team=row.team,
            document=row.document,
            delivery=row.id,
            detail=reason,
            actor="restore",
        )
    at = taken_at[:16].replace("T", " ")
    english = f"restored from a backup of {at}: it may have been done since"
    runs.hold_restored(tx, reason=Said("maybe_done", english, at=at), now=now)
    marks.put(tx, MARK, {"taken_at": taken_at, "held": len(found)}, now=now)
    return len(found)


def _count_anew(tx: Tx) -> None:
    tallying.count_anew(tx)
    series_anew.fill(tx)
    searching.fill(tx)


def _empty(folder: Path) -> None:
    """Take away what a restore that failed had unpacked; the folder was empty before."""
    for path in folder.iterdir() if folder.is_dir() else ():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
