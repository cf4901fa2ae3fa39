from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from maild.clock import Clock, Every, period_of
from maild.store import marks
from maild.store.database import Database, Tx

BRUSSELS = ZoneInfo("Europe/Brussels")
START = datetime(2026, 3, 27, 12, 30, tzinfo=UTC)


class Wrist:
    """A watch that a test turns, and a clock that goes by it; its job notes each period."""

    def __init__(self, db: Database, *, every: Every = "hour") -> None:
        self.at = START
        self.faults: list[str] = []
        self.clock = Clock(db, now=lambda: self.at, fault=self._fault)
        self.clock.add("digest", every=every, zone=BRUSSELS, job=note)

    def _fault(self, name: str, fault: Exception) -> None:
        self.faults.append(f"{name}: {fault}")


def note(tx: Tx, period: str, now: datetime) -> None:
    marks.put(tx, f"did {period}", {}, now=now)


def refuse(tx: Tx, period: str, now: datetime) -> None:
    note(tx, f"half of {period}", now)
    raise LookupError("no such team")


async def did(db: Database, period: str) -> bool:
    return await db.read(partial(marks.get, name=f"did {period}")) is not None


async def test_a_job_runs_once_a_period_however_often_the_clock_ticks(db: Database) -> None:
    wrist = Wrist(db)
    ran = []
    for minutes in (0, 1, 29, 30, 31, 90):
        wrist.at = START + timedelta(minutes=minutes)
        ran.append(await wrist.clock.tick())
    assert ran == [1, 0, 0, 1, 0, 1]


async def test_a_daemon_that_starts_again_does_not_repeat_the_period(db: Database) -> None:
    assert await Wrist(db).clock.tick() == 1
    assert await Wrist(db).clock.tick() == 0


async def test_only_the_latest_missed_period_is_made_up_for(db: Database) -> None:
    wrist = Wrist(db, every="day")
    await wrist.clock.tick()
    wrist.at = START + timedelta(days=3)
    assert await wrist.clock.tick() == 1
    assert await did(db, "2026-03-30")
    assert not await did(db, "2026-03-29")


async def test_a_job_that_fails_writes_nothing_is_told_and_is_due_again(db: Database) -> None:
    wrist = Wrist(db)
    wrist.clock.add("broken", every="hour", zone=BRUSSELS, job=refuse)
    wrist.clock.add("last", every="hour", zone=BRUSSELS, job=note)
    assert await wrist.clock.tick() == 2
    assert await wrist.clock.tick() == 0
    assert wrist.faults == ["broken: no such team"] * 2
    assert not await did(db, "half of 2026-03-27T12Z")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 28, 22, 59, tzinfo=UTC), "2026-03-28"),
        (datetime(2026, 3, 28, 23, 0, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 21, 59, tzinfo=UTC), "2026-03-29"),
        (datetime(2026, 3, 29, 22, 0, tzinfo=UTC), "2026-03-30"),
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "2026-10-25"),
        (datetime(2026, 10, 25, 23, 0, tzinfo=UTC), "2026-10-26"),
    ],
)
def test_a_day_is_the_teams_own_also_when_the_clocks_change(moment: datetime, day: str) -> None:
    assert period_of(moment, every="day", zone=BRUSSELS) == day


def test_the_hour_that_comes_twice_in_autumn_is_two_periods() -> None:
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    assert [moment.astimezone(BRUSSELS).hour for moment in twice] == [2, 2]
    assert len({period_of(moment, every="hour", zone=BRUSSELS) for moment in twice}) == 2


async def test_the_clock_ticks_when_it_starts_and_ends_when_it_is_told(db: Database) -> None:
    wrist = Wrist(db)
    stop = asyncio.Event()
    running = asyncio.ensure_future(wrist.clock.run(stop))
    await db.wait_for_change(10)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert await did(db, "2026-03-27T12Z")


async def test_each_ring_is_a_tick(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maild.clock.RING", 0.02)
    wrist = Wrist(db)
    stop = asyncio.Event()
    running = asyncio.ensure_future(wrist.clock.run(stop))
    await db.wait_for_change(10)
    wrist.at += timedelta(hours=1)
    while not await did(db, "2026-03-27T13Z"):
        assert await db.wait_for_change(10)
    stop.set()
    await asyncio.wait_for(running, 10)
