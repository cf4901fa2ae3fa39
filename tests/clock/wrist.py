"""A watch that a test turns, a clock that goes by it, and jobs that count how often they ran."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from maild.clock.schedule import Schedule
from maild.clock.ticking import Clock
from maild.model.run import Run, RunState
from maild.rules.due import parse
from maild.store import marks, runs
from maild.store.database import Database, Tx
from maild.store.schema import marks as table

BRUSSELS = ZoneInfo("Europe/Brussels")
START = datetime(2026, 3, 27, 12, 30, tzinfo=UTC)


def a_schedule(name: str = "digest", when: str = "hourly", **other: Any) -> Schedule:
    """A schedule in Brussels whose job counts, unless it has long work."""
    if not other.get("work"):
        other.setdefault("job", partial(count, name))
    other.setdefault("zone", BRUSSELS)
    return Schedule(name, "is a test", parse(when), **other)


def count(name: str, tx: Tx, period: str, now: datetime) -> None:
    """A job: count how often it ran for a period."""
    done = marks.get(tx, f"did {name} {period}") or {"n": 0}
    marks.put(tx, f"did {name} {period}", {"n": done["n"] + 1}, now=now)


def refuse(tx: Tx, period: str, now: datetime) -> None:
    """A job that fails half-way."""
    count("half", tx, period, now)
    raise LookupError("no such team")


class Wrist:
    """The watch at `at`, and the clock; `faults` has what it was told."""

    def __init__(self, db: Database, *schedules: Schedule, at: datetime = START) -> None:
        self.db = db
        self.at = at
        self.schedules: list[Schedule] = list(schedules) or [a_schedule()]
        self.faults: list[str] = []
        self.clock = Clock(
            db, schedules=lambda: self.schedules, now=lambda: self.at, fault=self._fault
        )

    async def tick_at(self, *moments: datetime) -> list[int]:
        """Turn the watch on and tick."""
        ran = []
        for self.at in moments:
            ran.append(await self.clock.tick())
        return ran

    def _fault(self, name: str, fault: Exception) -> None:
        self.faults.append(f"{name}: {fault}")


async def did(db: Database, name: str = "digest") -> dict[str, int]:
    """How often a job ran, by period."""
    found = await db.read(lambda tx: tx.execute(select(table.c.name)).scalars().all())
    prefix = f"did {name} "
    periods = sorted(one.removeprefix(prefix) for one in found if one.startswith(prefix))
    values = [await db.read(partial(marks.get, name=f"{prefix}{one}")) for one in periods]
    return {period: value["n"] for period, value in zip(periods, values, strict=True) if value}


async def rows(db: Database, name: str) -> dict[str, Run]:
    """The runs of a schedule, by period."""
    found = await db.read(partial(runs.of_schedule, schedule=name, limit=10_000))
    return {one.period: one for one in found}


async def states(db: Database, name: str = "digest") -> dict[str, RunState]:
    """Where the runs of a schedule stand, by period in their order."""
    return {period: one.state for period, one in sorted((await rows(db, name)).items())}


def times(texts: Sequence[str]) -> list[datetime]:
    """Moments in UTC: "2026-03-29 01:30"."""
    return [datetime.fromisoformat(one).replace(tzinfo=UTC) for one in texts]
