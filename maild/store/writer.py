"""The one thread that writes: takes what waits, commits it together, answers.

A function's own fault undoes its savepoint and nothing else. A fault of the file (full, locked,
failed fsync) undoes the whole group, and all its callers are told.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Connection, Engine

from maild.store.engines import BUSY_TIMEOUT
from maild.store.faults import StoreUnavailable, of_the_file, translated

T = TypeVar("T")

GROUP: Final = 200  # functions a commit; at 100 the fsync is already shared out of sight
_FAILED: Final = "the disk failed; maild has to be started again"
# A commit costs 0.25 ms of processor and a flush whatever it holds. Where several wait at a time, more
# are on their way: those that the last commit released.
SEVERAL: Final = 3  # functions of one commit
GATHER: Final = 0.0005  # seconds that the next commit then waits for them
LOOK: Final = 0.25  # seconds between two looks for what other processes wrote
LARGE_WAL: Final = (
    64 * 1024 * 1024
)  # bytes; beyond it a checkpoint does not wait for a quiet moment
CHECKPOINT_PATIENCE: Final = 250  # ms


@dataclass(slots=True, eq=False)
class Job(Generic[T]):
    """A function that waits for its turn, and what became of it."""

    fn: Callable[[Connection], T]
    future: asyncio.Future[T]
    value: T | None = field(default=None)
    fault: BaseException | None = field(default=None)

    def answer(self) -> None:
        """Tell the caller. Runs in the loop."""
        if self.future.done():  # the caller was cancelled
            return
        if self.fault is not None:
            self.future.set_exception(self.fault)
        else:
            self.future.set_result(self.value)  # type: ignore[arg-type]  # T may itself be None


class Writer:
    """The thread's state. `answer(jobs, changed)` is called in the thread after each group.

    `broken` and `closed` say that nothing is taken any more, and why.
    """

    def __init__(
        self,
        engine: Engine,
        path: Path,
        *,
        answer: Callable[[list[Job[Any]], bool], None],
    ) -> None:
        self.broken = False
        self._engine = engine
        self._wal = path.with_name(path.name + "-wal")
        self._answer = answer
        self._queue: queue.SimpleQueue[Job[Any] | None] = queue.SimpleQueue()
        self.closed = False
        self._dirty = False  # something was written since the last checkpoint
        self._checkpoint_at = LARGE_WAL
        self._several = False  # the last group was more than a few
        self._looked = 0.0  # when the last look was, by the monotonic clock
        self._foreign = 0  # SQLite's counter of what other connections committed

    def put(self, job: Job[Any]) -> None:
        """Hand in a function. Raises StoreUnavailable when nothing can be written any more."""
        if self.broken:
            raise StoreUnavailable(_FAILED, broken=True)
        if self.closed:
            raise StoreUnavailable("the database is closed")
        self._queue.put(job)

    def stop(self) -> None:
        """End the thread after what is waiting."""
        if not self.closed:
            self.closed = True
            self._queue.put(None)

    def open(self) -> None:
        """Connect, in any thread. Raises StoreUnavailable."""
        with translated():
            self._tx = self._engine.connect()
            self._foreign = _pragma(self._tx, "data_version")

    def run(self) -> None:
        """Serve until `stop`, after `open`. This is the thread."""
        with self._tx as tx:
            while True:
                try:
                    first = self._queue.get(timeout=LOOK)
                except queue.Empty:
                    self._checkpoint_if(tx, dirty=self._dirty, mode="PASSIVE")
                    self._look(tx)
                    continue
                if first is None:
                    break
                self._serve(tx, self._group(first))
                if time.monotonic() > self._looked + LOOK:
                    self._look(tx)
        self._engine.dispose()

    def _group(self, first: Job[Any]) -> list[Job[Any]]:
        if self._several:
            time.sleep(GATHER)
        jobs = [first]
        while len(jobs) < GROUP:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                break
            if job is None:
                self._queue.put(None)
                break
            jobs.append(job)
        self._several = len(jobs) >= SEVERAL
        return jobs

    def _serve(self, tx: Connection, jobs: list[Job[Any]]) -> None:
        try:
            changed = self._commit(tx, jobs)
        except Exception as fault:  # noqa: BLE001 - a dead thread would leave every caller waiting
            changed = False
            lost = fault if isinstance(fault, StoreUnavailable) else _unexpected(fault)
            self.broken = self.broken or lost.broken
            for job in jobs:
                job.value, job.fault = None, lost
        self._dirty = self._dirty or changed
        self._answer(jobs, changed)
        self._checkpoint_if(tx, dirty=self._wal_size() > self._checkpoint_at, mode="TRUNCATE")

    def _commit(self, tx: Connection, jobs: list[Job[Any]]) -> bool:
        """Run the jobs in one transaction; tell whether anything changed."""
        if self.broken:
            raise StoreUnavailable(_FAILED, broken=True)
        driver: Any = tx.connection.driver_connection
        before = driver.total_changes
        with translated(), tx.begin():
            for job in jobs:
                _run(tx, driver, job=job)
        return bool(driver.total_changes != before)

    def _look(self, tx: Connection) -> None:
        """Tell when another process wrote."""
        self._looked = time.monotonic()
        # Changes when another connection committed, and not by our own commits.
        version = self._careful(tx, "data_version")
        if version is not None and version != self._foreign:
            self._foreign = version
            self._answer([], True)  # noqa: FBT003 - see `answer`

    def _checkpoint_if(self, tx: Connection, *, dirty: bool, mode: str) -> None:
        if dirty:
            self._dirty = False
            # A reader that stays (a backup) must not keep the next write waiting for long.
            self._careful(tx, f"busy_timeout={CHECKPOINT_PATIENCE}")
            self._careful(tx, f"wal_checkpoint({mode})")
            self._careful(tx, f"busy_timeout={BUSY_TIMEOUT}")
            # A reader may have kept the WAL from being emptied: again only when it has grown.
            size = self._wal_size()
            self._checkpoint_at = LARGE_WAL if size < LARGE_WAL else size + LARGE_WAL

    def _careful(self, tx: Connection, pragma: str) -> int | None:
        """Run a PRAGMA that nobody waits for; a fault of the disk is kept for the next caller."""
        try:
            with translated():
                return None if self.broken else _pragma(tx, pragma)
        except StoreUnavailable as fault:
            self.broken = self.broken or fault.broken
            return None

    def _wal_size(self) -> int:
        try:
            return self._wal.stat().st_size
        except OSError:
            return 0


def _run(tx: Connection, driver: Any, *, job: Job[Any]) -> None:
    """Run one job in its savepoint. Raises StoreUnavailable when the whole group is lost."""
    # By the driver: SQLAlchemy's savepoints cost more than a whole small function.
    driver.execute("SAVEPOINT job")
    try:
        job.value = job.fn(tx)
    except BaseException as fault:  # noqa: BLE001 - it belongs to the caller, who gets it
        # A future does not take StopIteration, and its caller would wait for ever.
        job.fault = RuntimeError(str(fault)) if isinstance(fault, StopIteration) else fault
    # SQLite ends the whole transaction by itself after some errors (full, I/O, no memory), even
    # when the function swallowed them. Going on would answer the others for what is gone.
    lost = None if job.fault is None else of_the_file(job.fault)
    if lost is not None or not driver.in_transaction:
        raise lost or StoreUnavailable("the database gave up the transaction")
    if job.fault is not None:
        driver.execute("ROLLBACK TO job")
    driver.execute("RELEASE job")


def _unexpected(fault: Exception) -> StoreUnavailable:
    unavailable = StoreUnavailable(f"the database did not take it: {fault}")
    unavailable.__cause__ = fault
    return unavailable


def _pragma(tx: Connection, pragma: str) -> int:
    # By the driver, outside any transaction: SQLAlchemy would begin one.
    driver: Any = tx.connection.driver_connection
    return int(driver.execute(f"PRAGMA {pragma}").fetchone()[0])
