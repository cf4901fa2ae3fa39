"""The clock as a picture: what it does in the hours to come, and which packages of which periods were made.

Only looks; what is owed and what a person may do about it is in `agenda`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from maild.clock.schedule import ON_TIME, Schedule
from maild.model.period import Period
from maild.model.run import OPEN, Run, RunState
from maild.schedules import EXPORT
from maild.store import packages, runs
from maild.store.database import Database, Tx
from maild.store.packages import Package

AHEAD: Final = timedelta(hours=24)
BACK: Final = 12  # periods that a row goes back
MOST_RUNS: Final = 60
Fate = Literal[
    "made", "late", "empty", "failed", "waiting", "missing", "skipped", "before", "coming"
]


@dataclass(frozen=True, slots=True)
class Lane:
    """When a schedule is due in the hours to come, oldest first."""

    schedule: str
    what: str
    moments: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A period of an export: "late" was made more than an hour after it was due, "missing" is owed.

    "before" lies before the schedule began. `document` is its package, `supplements` how many came
    after it.
    """

    period: Period
    fate: Fate
    due_at: datetime
    ended_at: datetime | None = None
    result: str = ""
    document: str | None = None
    supplements: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """An export of a team with its last periods and the one to come, oldest first."""

    team: str
    export: str
    when: str
    cells: tuple[Cell, ...]

    @property
    def wants_a_person(self) -> bool:
        """Whether a package failed or was never made."""
        return any(one.fate in {"failed", "missing"} for one in self.cells)


@dataclass(frozen=True, slots=True)
class Almanac:
    """Over the same schedules as the agenda."""

    db: Database
    schedules: Callable[[], tuple[Schedule, ...]]
    now: Callable[[], datetime]

    def ahead(self) -> tuple[Lane, ...]:
        """What is due within a day from now, those first that are due first."""
        now = self.now()
        found = [Lane(one.name, one.what, tuple(_moments(one, now))) for one in self.schedules()]
        return tuple(sorted((one for one in found if one.moments), key=lambda one: one.moments[0]))

    async def calendar(self, *, team: str | None = None) -> tuple[Row, ...]:
        """The exports of a team, or of all, period by period."""
        mine = [
            one
            for one in self.schedules()
            if one.work == EXPORT and one.team and team in {None, one.team}
        ]
        now = self.now()
        return await self.db.read(lambda tx: tuple(_row(tx, one, now=now) for one in mine))


def _moments(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    _, at = schedule.next(now)
    while at <= now + AHEAD:
        yield at
        _, at = schedule.next(at)


def _row(tx: Tx, schedule: Schedule, *, now: datetime) -> Row:
    team, export = schedule.team or "", schedule.name.partition("/")[2]
    known = {one.period: one for one in runs.of_schedule(tx, schedule.name, limit=MOST_RUNS)}
    made: dict[str, list[Package]] = {}
    for one in packages.made(tx, team, export):
        made.setdefault(one.period, []).append(one)
    reached = runs.reached(tx, schedule.name)
    began = reached if reached and schedule.counts_from(reached) else None
    period, _ = schedule.next(now)
    cells: list[Cell] = []
    for _ in range(BACK + 1):
        due_at = schedule.due.due_at(period, schedule.zone, holidays=schedule.holidays)
        if due_at is not None:
            cells.append(
                _cell(
                    period,
                    due_at,
                    run=known.get(period.key),
                    made=made.get(period.key, []),
                    began=began,
                    now=now,
                )
            )
        period = period.previous
    return Row(team, export, schedule.due.text, tuple(reversed(cells)))


def _cell(
    period: Period,
    due_at: datetime,
    *,
    run: Run | None,
    made: list[Package],
    began: str | None,
    now: datetime,
) -> Cell:
    first = next((one for one in made if not one.supplement), None)
    return Cell(
        period,
        _fate(period, due_at, run=run, first=first, began=began, now=now),
        due_at,
        run.ended_at if run else None,
        run.result if run else "",
        first.document if first else None,
        sum(1 for one in made if one.supplement),
    )


def _fate(
    period: Period,
    due_at: datetime,
    *,
    run: Run | None,
    first: Package | None,
    began: str | None,
    now: datetime,
) -> Fate:
    if run is not None and run.state is RunState.FAILED:
        return "failed"
    if run is not None and run.state is RunState.SKIPPED:
        return "skipped"
    if run is not None and run.state in OPEN:
        return "waiting"
    if run is not None:
        if first is None or first.document is None:
            return "empty"
        return "late" if run.ended_at and run.ended_at - due_at > ON_TIME else "made"
    if due_at > now:
        return "coming"
    # Keys of one length sort by time; what lies before the first period was never owed.
    return "missing" if began is not None and period.key > began else "before"
