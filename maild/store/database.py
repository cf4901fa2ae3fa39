"""One SQLite file: one writer thread with group commit, and readers that cannot write.

`await db.write(fn)` runs `fn(tx)` in a savepoint of its own; functions that wait at the same moment
share one commit and one fsync, and each caller is answered after that commit. No SQL of the
business stands here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import sqlalchemy

from maild.errors import NotFound
from maild.store import engines
from maild.store.disk import make_file, make_folder
from maild.store.faults import StoreUnavailable, translated
from maild.store.migrate import bring_up_to_date
from maild.store.writer import Job, Writer

T = TypeVar("T")
Tx = sqlalchemy.Connection

__all__ = ["Database", "StoreUnavailable", "Tx"]


class Database:
    """The store's door. Made by `open`, ended by `close`; one event loop uses it.

    `changes` counts what was committed, by this process or another; `sqlite_version` says which
    SQLite runs; `broken` tells that the disk failed and the process has to end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changes = 0
        self.sqlite_version: str = engines.driver().sqlite_version
        self._told = 0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._readers = engines.reader_engine(path)
        self._pool = ThreadPoolExecutor(engines.READERS, thread_name_prefix="store-read")
        self._writer = Writer(engines.writer_engine(path), path, answer=self._from_the_thread)
        self._thread = threading.Thread(target=self._writer.run, name="store-write", daemon=True)

    @classmethod
    async def open(cls, path: Path, *, migrate: bool = True) -> Database:
        """Open the file, made and brought up to date first unless `migrate` is False.

        Raises NotFound when there is no file and none may be made, UserError when the file is of
        another version of maild, StoreUnavailable when it cannot be opened or is locked.
        """
        await asyncio.to_thread(_prepare, path, migrate=migrate)
        database = cls(path)
        # Before the first reader: one that cannot write cannot make the WAL's files.
        await asyncio.to_thread(database._writer.open)
        database._thread.start()
        return database

    @property
    def broken(self) -> bool:
        """True after an I/O error: what the disk holds is unknown, so the process has to end."""
        return self._writer.broken

    def distrust(self) -> None:
        """Write nothing any more: the disk failed beside the database, so the process has to end."""
        self._writer.broken = True

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn(tx)` in a savepoint and return its value once it is on the disk.

        What `fn` raises undoes its own savepoint only, and is raised here. Raises StoreUnavailable
        when the disk or a lock prevented the commit. A caller that is cancelled does not stop
        `fn`: what was handed in is written.
        """
        job: Job[T] = Job(fn, self._loop.create_future())
        self._writer.put(job)
        return await job.future

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn(tx)` on a connection that can only read, and return its value.

        Raises StoreUnavailable when the file cannot be read.
        """
        if self._writer.closed:
            raise StoreUnavailable("the database is closed")
        return await self._loop.run_in_executor(self._pool, partial(self._read, fn))

    async def wait_for_change(self, timeout: float, *, since: int | None = None) -> bool:  # noqa: ASYNC109 - part of the contract: a wait that ends is an answer, not a fault
        """Return True soon after anything was committed, by anybody; False after `timeout` seconds.

        Without `since` a change that came after the last answer is told at once, so nothing is
        missed between two calls of one caller. Several callers keep their own `changes` in `since`.
        """
        if self.changes <= (self._told if since is None else since):
            try:
                # Not `wait_for`: before Python 3.12 it takes a cancellation that comes together with
                # the change for an answer, and whoever waits in a loop is never ended.
                async with asyncio.timeout(timeout):
                    await self._news.wait()
            except TimeoutError:
                return False
        if since is None:
            self._told = self.changes
        return True

    async def close(self) -> None:
        """Write what is waiting, then close. Safe to call twice."""
        self._writer.stop()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._pool.shutdown)
        self._readers.dispose()

    def _read(self, fn: Callable[[Tx], T]) -> T:
        with translated(), self._readers.connect() as tx, tx.begin():
            return fn(tx)

    def _from_the_thread(self, jobs: list[Job[object]], changed: bool) -> None:  # noqa: FBT001 - called by the writer alone
        try:
            self._loop.call_soon_threadsafe(self._answer, jobs, changed)
        except RuntimeError:
            # The loop is closed: nobody is left to be told.
            return

    def _answer(self, jobs: list[Job[object]], changed: bool) -> None:  # noqa: FBT001 - the same
        for job in jobs:
            job.answer()
        if changed:
            self.changes += 1
            self._news.set()
            self._news = asyncio.Event()


def _prepare(path: Path, *, migrate: bool) -> None:
    if migrate:
        make_folder(path.parent)
        make_file(path)
    elif not path.is_file():
        raise NotFound(f"there is no database at {path}", hint="`maild run` makes one")
    with translated():
        bring_up_to_date(path, allowed=migrate)
