"""The clock as a picture: what it does in the hours to come, and which packages of which periods were made.

Only looks; what is owed and what a person may do about it is in `agenda`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
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
Due = tuple[Period, datetime]
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
class _Told:
    """Runs and packages by schedule and period, and how far each schedule came."""

    runs: Mapping[tuple[str, str], Run]
    made: Mapping[tuple[str, str], list[Package]]
    reached: Mapping[str, str]


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
        shown = [(one, tuple(_periods(one, now))) for one in mine]
        told = await self.db.read(partial(_told, shown=shown, team=team))
        return tuple(_row(one, due, told=told, now=now) for one, due in shown)


def _moments(schedule: Schedule, now: datetime) -> Iterator[datetime]:
    _, at = schedule.next(now)
    while at <= now + AHEAD:
        yield at
        _, at = schedule.next(at)


def _periods(schedule: Schedule, now: datetime) -> Iterator[Due]:
    """The period to come and those before it, the last one first, each with when it is due."""
    period, _ = schedule.next(now)
    for _ in range(BACK + 1):
        due_at = schedule.due.due_at(period, schedule.zone, holidays=schedule.holidays)
        if due_at is not None:
            yield period, due_at
        period = period.previous


def _told(tx: Tx, *, shown: list[tuple[Schedule, tuple[Due, ...]]], team: str | None) -> _Told:
    """What is known of all of them, asked once and not for each."""
    schedules = [one.name for one, _ in shown]
    teams = {one.team or "" for one, _ in shown}
    made: dict[tuple[str, str], list[Package]] = {}
    for one in packages.of_periods(
        tx, teams, {period.key for _, due in shown for period, _ in due}
    ):
        made.setdefault((f"{one.team}/{one.export}", one.period), []).append(one)
    found = runs.of_schedules(tx, schedules, limit=MOST_RUNS)
    known = {(run.schedule, run.period): run for each in found.values() for run in each}
    return _Told(known, made, runs.all_reached(tx, f"{team}/" if team else ""))


def _row(schedule: Schedule, due: tuple[Due, ...], *, told: _Told, now: datetime) -> Row:
    name, reached = schedule.name, told.reached.get(schedule.name)
    began = reached if reached and schedule.counts_from(reached) else None
    cells = [
        _cell(
            period,
            due_at,
            run=told.runs.get((name, period.key)),
            made=told.made.get((name, period.key), []),
            began=began,
            now=now,
        )
        for period, due_at in reversed(due)
    ]
    return Row(schedule.team or "", name.partition("/")[2], schedule.due.text, tuple(cells))


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
