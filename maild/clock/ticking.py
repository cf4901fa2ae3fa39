"""The tick: looks what is owed, and writes each period once, with the work or for `Runs` to do.

Nothing here remembers anything between two ticks, so several processes may tick on one database.
APScheduler only rings: by itself it loses, doubles and skips runs (store_and_clock.md B4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from maild.clock.schedule import Owed, Schedule
from maild.log import running
from maild.model.period import parse
from maild.model.run import Run, RunState
from maild.pause import LOOK
from maild.store import runs
from maild.store.database import Database, Tx
from maild.store.faults import StoreUnavailable

Watch = Callable[[datetime], Awaitable[object]]

RING: Final = 60  # seconds between two looks at what is due
LONGEST_RESULT: Final = 1000  # characters of a fault's own words


class Clock:
    """The schedules, asked for anew at each tick, since a reload may have changed them.

    `fault(name, exception)` is told what a job raised.
    """

    def __init__(
        self,
        db: Database,
        *,
        schedules: Callable[[], Iterable[Schedule]],
        now: Callable[[], datetime],
        fault: Callable[[str, Exception], None],
    ) -> None:
        self._db = db
        self._schedules = schedules
        self._now = now
        self._fault = fault
        self._watches: list[tuple[str, Watch]] = []

    def watch(self, name: str, look: Watch) -> None:
        """Let `look(now)` run at each ring; it knows by itself what it has done."""
        self._watches.append((name, look))

    async def tick(self) -> int:
        """Do what is due and not done; how many runs were written or done. What fails is due again."""
        ran = 0
        for schedule in self._schedules():
            try:
                ran += await self._keep(schedule, self._now())
            except Exception as fault:  # noqa: BLE001 - one job's fault is told and stops no other
                self._fault(schedule.name, fault)
        for name, look in self._watches:
            try:
                await look(self._now())
            except Exception as fault:  # noqa: BLE001 - the same
                self._fault(name, fault)
        return ran

    async def run(self, stop: asyncio.Event) -> None:
        """Tick at once and then at each ring, until `stop` is set."""
        rung = asyncio.Event()
        bell = _bell(rung)
        try:
            while not stop.is_set():
                rung.clear()
                ticked_at = self._now()
                await self.tick()
                await self._until_due(rung, stop, ticked_at=ticked_at)
        finally:
            bell.shutdown(wait=False)

    async def _until_due(
        self, rung: asyncio.Event, stop: asyncio.Event, *, ticked_at: datetime
    ) -> None:
        """Wait for the bell; it stands still while the machine sleeps, so the time counts as well."""
        while not (rung.is_set() or stop.is_set()):
            await first_of(rung, stop, within=LOOK)
            if self._now() - ticked_at >= timedelta(seconds=RING):
                return

    async def _keep(self, schedule: Schedule, now: datetime) -> int:
        reached, asked, restored = await self._db.read(partial(_stand, schedule=schedule))
        if reached is None or not schedule.counts_from(reached):
            reached = await self._db.write(partial(_start, schedule=schedule, now=now))
        ran = 0
        for run in asked:
            ran += await self._try(partial(_do, schedule=schedule, run=run, now=now), run)
        for owed in schedule.owed(now, reached=reached, restored=restored):
            if owed.skipped is not None and schedule.quiet:
                continue  # the newest, which comes last, goes past it
            run = _row(schedule, owed, now=now)
            wrote = await self._try(partial(_settle, schedule=schedule, run=run, now=now), run)
            if wrote and run.state is RunState.SKIPPED:
                running.clock_skipped(schedule=run.schedule, period=run.period, reason=run.result)
            ran += wrote and run.state is not RunState.SKIPPED
        return ran

    async def _try(self, write: Callable[[Tx], bool], run: Run) -> bool:
        """Write a run; where its job fails write that down instead, for people, and raise."""
        try:
            return await self._db.write(write)
        except StoreUnavailable:
            raise
        except Exception as fault:
            await self._db.write(partial(_note_failure, run=run, fault=fault, now=self._now()))
            raise


def _stand(
    tx: Tx, *, schedule: Schedule
) -> tuple[str | None, tuple[Run, ...], tuple[datetime, str] | None]:
    """How far a schedule came, what a person asked of it, and when the store was restored."""
    asked = runs.asked(tx, schedule.name) if schedule.job else ()
    return runs.reached(tx, schedule.name), asked, runs.restored(tx)


def _start(tx: Tx, *, schedule: Schedule, now: datetime) -> str:
    """Note from where a new schedule counts, unless another process did."""
    reached = runs.reached(tx, schedule.name)
    if reached is None or not schedule.counts_from(reached):
        reached = schedule.start(now).key
        runs.reach(tx, schedule.name, reached, now=now)
    return reached


def _settle(tx: Tx, *, schedule: Schedule, run: Run, now: datetime) -> bool:
    """Deal with one period: its row, its work, and how far the schedule came, all or nothing.

    False when there was nothing to do: another process was quicker, or a person asked for the
    period, or skipped it, before it was due.
    """
    reached = runs.reached(tx, schedule.name)
    if reached is None or not schedule.counts_from(reached) or parse(run.period) <= parse(reached):
        return False
    runs.reach(tx, schedule.name, run.period, now=now)
    if schedule.quiet:
        runs.pass_over(tx, schedule.name, but=run.period, now=now)
    known = runs.get(tx, schedule.name, run.period)
    if known is None:
        runs.add(tx, run)
        _work(tx, schedule, run=run, now=now)
        return True
    if schedule.job is None or known.state is not RunState.FAILED:
        return False
    if run.state is RunState.SKIPPED:  # it failed until the next period came
        return runs.settle(tx, known, state=RunState.SKIPPED, result=run.result, now=now)
    return _do(tx, schedule=schedule, run=known, now=now)


def _do(tx: Tx, *, schedule: Schedule, run: Run, now: datetime) -> bool:
    """Do short work whose row is there already; False when another process did."""
    if not runs.settle(tx, run, state=RunState.DONE, result="", now=now):
        return False
    _work(tx, schedule, run=run, now=now)
    return True


def _work(tx: Tx, schedule: Schedule, *, run: Run, now: datetime) -> None:
    if schedule.job is not None and run.state is not RunState.SKIPPED:
        schedule.job(tx, run.period, now)


def _note_failure(tx: Tx, *, run: Run, fault: Exception, now: datetime) -> None:
    result = f"{type(fault).__name__}: {fault}"[:LONGEST_RESULT]
    if runs.add(tx, replace(run, state=RunState.FAILED, result=result, ended_at=now)):
        return
    known = runs.get(tx, run.schedule, run.period)
    if known is not None and known.state is not RunState.DONE:
        runs.settle(tx, known, state=RunState.FAILED, result=result, now=now)


def _row(schedule: Schedule, owed: Owed, *, now: datetime) -> Run:
    state, ended = RunState.DUE, None
    if owed.skipped is not None:
        state, ended = RunState.SKIPPED, now
    elif schedule.job is not None:
        state, ended = RunState.DONE, now
    return Run(
        schedule=schedule.name,
        period=owed.period.key,
        state=state,
        at=now,
        due_at=owed.due_at,
        not_before=now,
        work=schedule.work,
        ended_at=ended,
        result=owed.skipped or "",
    )


def _bell(rung: asyncio.Event) -> AsyncIOScheduler:
    bell = AsyncIOScheduler(timezone=UTC)
    # Its defaults lose rings: a grace of one second, and a ring skipped while another is late.
    options = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    bell.add_job(_ring, "interval", args=[rung], seconds=RING, **options)
    bell.start()
    return bell


async def _ring(rung: asyncio.Event) -> None:
    # A coroutine, since APScheduler would run a plain function in a thread.
    rung.set()


async def first_of(*events: asyncio.Event, within: float) -> None:
    """Wait until one of these is set, at most so many seconds."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
