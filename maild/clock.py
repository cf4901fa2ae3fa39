"""The clock: work that is owed once a period, done once, whatever happens to the process.

The truth is a row (schedule, period), written in the transaction of what the schedule owes.
APScheduler only rings: by itself it loses, doubles and skips runs (store_and_clock.md B4). Only the
latest period is made up for here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from maild.store import marks
from maild.store.database import Database, Tx

Every = Literal["hour", "day"]
Job = Callable[[Tx, str, datetime], None]
Watch = Callable[[datetime], Awaitable[object]]

RING: Final = 60  # seconds between two looks at what is due


@dataclass(frozen=True, slots=True)
class _Schedule:
    name: str
    every: Every
    zone: ZoneInfo
    job: Job


def period_of(moment: datetime, *, every: Every, zone: ZoneInfo) -> str:
    """The key of the period that began last: "2026-03-29", or in UTC "2026-03-29T14Z".

    Days are those of the zone. Hours are counted in UTC, since a local hour happens twice when
    summer time ends.
    """
    if every == "day":
        return f"{moment.astimezone(zone):%Y-%m-%d}"
    return f"{moment.astimezone(UTC):%Y-%m-%dT%HZ}"


class Clock:
    """Schedules and their runs. `fault(name, exception)` is told what a job raised."""

    def __init__(
        self, db: Database, *, now: Callable[[], datetime], fault: Callable[[str, Exception], None]
    ) -> None:
        self._db = db
        self._now = now
        self._fault = fault
        self._schedules: list[_Schedule] = []
        self._watches: list[tuple[str, Watch]] = []

    def add(self, name: str, *, every: Every, zone: ZoneInfo, job: Job) -> None:
        """Let `job(tx, period, now)` run once in each hour or day.

        The job is a short function of the transaction that also holds its run: what it writes and
        the note that it ran are there together or not at all.
        """
        self._schedules.append(_Schedule(name, every, zone, job))

    def watch(self, name: str, look: Watch) -> None:
        """Let `look(now)` run at each ring; it knows by itself what it has done."""
        self._watches.append((name, look))

    async def tick(self) -> int:
        """Do what is due and not done; how many jobs ran. A job that fails is due again."""
        ran = 0
        for schedule in self._schedules:
            try:
                ran += await self._db.write(partial(_run, schedule=schedule, now=self._now()))
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
                await self.tick()
                await _first_of(rung, stop)
        finally:
            bell.shutdown(wait=False)


def _run(tx: Tx, *, schedule: _Schedule, now: datetime) -> bool:
    period = period_of(now, every=schedule.every, zone=schedule.zone)
    if not marks.run_once(tx, schedule.name, period, now=now):
        return False
    schedule.job(tx, period, now)
    return True


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


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
