"""What the clock owes: every schedule with its next time and last run, and what a person may do.

What is asked here is written as rows; the daemon does it, also one that starts later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from maild.clock.schedule import HORIZON, Schedule
from maild.errors import NotFound, UserError, did_you_mean
from maild.intake import digest
from maild.model.period import Period, parse
from maild.model.run import OPEN, Run, RunState
from maild.model.said import Said
from maild.model.team import Team
from maild.rules import windows
from maild.rules.book import RuleBook
from maild.store import documents, runs
from maild.store.database import Database, Tx

MOST: Final = 500  # runs of one schedule that are looked at
RECENT: Final = 30  # the runs that a list tells of
_DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True)
class Agenda:
    """The schedules, and the rows of their runs."""

    db: Database
    schedules: Callable[[], tuple[Schedule, ...]]
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def list(self, *, team: str | None = None) -> list[dict[str, Any]]:
        """Every schedule, or those of a team. Raises UnknownTeam."""
        slug = None if team is None else self.book().team(team).slug

        def look(tx: Tx) -> list[dict[str, Any]]:
            shown = [_shown(tx, one, now=self.now()) for one in self.schedules()]
            shown += _digests(tx, self.book(), now=self.now())
            return [one for one in shown if slug is None or one["team"] == slug]

        return await self.db.read(look)

    async def show(self, name: str) -> dict[str, Any]:
        """One schedule with its runs, the latest period first. Raises NotFound."""
        schedule = self._schedule(name)

        def look(tx: Tx) -> dict[str, Any]:
            found = runs.of_schedule(tx, name, limit=MOST)
            shown = _shown(tx, schedule, now=self.now())
            return shown | {"runs": [_run(one) for one in found]}

        return await self.db.read(look)

    async def run(self, name: str, period: str) -> dict[str, Any]:
        """Let the work of a period be done now. Raises NotFound, and UserError where that cannot be."""
        schedule, wanted = self._schedule(name), self._period(name, period)
        now = self.now()
        begins = wanted.ends_at if schedule.due.is_after else wanted.starts_at
        if begins(schedule.zone) > now:
            if schedule.due.is_after:
                english = f"{wanted.key} is not over yet"
                raise UserError(Said("not_over", english, period=wanted.key))
            english = f"{wanted.key} is not begun yet"
            raise UserError(Said("not_begun", english, period=wanted.key))
        row = _row(schedule, wanted, now=now)
        return _run(await self.db.write(partial(_ask, run=row, now=now, team=schedule.team)))

    async def skip(self, name: str, period: str, *, reason: str) -> dict[str, Any]:
        """Pass over a period, also one to come. Raises NotFound, and UserError when it is done."""
        schedule, wanted = self._schedule(name), self._period(name, period)
        now = self.now()
        row = _row(schedule, wanted, now=now, state=RunState.SKIPPED, result=reason)
        return _run(await self.db.write(partial(_skip, run=row, now=now, team=schedule.team)))

    def _schedule(self, name: str) -> Schedule:
        known = {one.name: one for one in self.schedules()}
        if name in known:
            return known[name]
        if name.endswith(f"/{_DIGEST}"):
            english = f"{name} has no periods: each digest tells of all since the one before"
            raise UserError(
                Said("no_periods", english, schedule=name),
                hint=Said("digest_when", "its time is `digest` of the team"),
            )
        raise NotFound(
            f'there is no schedule "{name}"{did_you_mean(name, known)}',
            hint="maild schedule list shows them all",
        )

    def _period(self, name: str, text: str) -> Period:
        """The period, which has to be one of the schedule's."""
        schedule = self._schedule(name)
        try:
            period = parse(text)
        except ValueError as fault:
            raise UserError(fault.args[0]) from fault
        if period.every is not schedule.due.every:
            such_as = schedule.next(self.now())[0].key
            every = schedule.due.every
            english = f'{name} runs for each {every}, such as {such_as}; "{text}" is none'
            raise UserError(Said("other_every", english, schedule=name, such_as=such_as, text=text))
        if schedule.due.due_at(period, schedule.zone, holidays=schedule.holidays) is None:
            when = schedule.due.text
            english = f"{name} leaves {period.key} out: {when}"
            raise UserError(Said("left_out", english, schedule=name, period=period.key, when=when))
        return period


def _ask(tx: Tx, *, run: Run, now: datetime, team: str | None) -> Run:
    known = runs.get(tx, run.schedule, run.period)
    if known is None:
        runs.add(tx, run)
    elif known.state in {RunState.RUNNING, RunState.DONE}:
        raise UserError(_stands(known))
    else:
        runs.ask_again(tx, known, now=now)
    return _told(tx, run, event="run.asked", team=team, now=now)


def _skip(tx: Tx, *, run: Run, now: datetime, team: str | None) -> Run:
    known = runs.get(tx, run.schedule, run.period)
    if known is None:
        runs.add(tx, run)
    elif known.state in {RunState.RUNNING, RunState.DONE}:
        raise UserError(_stands(known))
    else:
        runs.settle(tx, known, state=RunState.SKIPPED, result=run.result, now=now)
    return _told(tx, run, event="run.skipped", team=team, now=now)


def _told(tx: Tx, run: Run, *, event: str, team: str | None, now: datetime) -> Run:
    detail = f"{run.schedule} {run.period} {run.result}".rstrip()
    documents.add_event(tx, at=now, event=event, team=team, detail=detail, actor="person")
    return runs.get(tx, run.schedule, run.period) or run


def _stands(run: Run) -> str:
    name, period = run.schedule, run.period
    what = f"{name} {period}"
    if run.state is RunState.RUNNING:
        since = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
        return Said(
            "being_done",
            f"{what} is being done since {since}",
            since=since,
            schedule=name,
            period=period,
        )
    result = f": {run.result}" if run.result else ""
    at = f"{run.ended_at:%Y-%m-%d %H:%M} UTC"
    return Said("was_done", f"{what} was done on {at}{result}", at=at, schedule=name, period=period)


def _row(
    schedule: Schedule,
    period: Period,
    *,
    now: datetime,
    state: RunState = RunState.DUE,
    result: str = "",
) -> Run:
    due_at = schedule.due.due_at(period, schedule.zone, holidays=schedule.holidays) or now
    return Run(
        schedule=schedule.name,
        period=period.key,
        state=state,
        at=now,
        # What is done early holds what came until then, and no more.
        due_at=min(due_at, now) if state is RunState.DUE else due_at,
        not_before=now,
        work=schedule.work,
        ended_at=now if state is RunState.SKIPPED else None,
        result=result,
    )


def _shown(tx: Tx, schedule: Schedule, *, now: datetime) -> dict[str, Any]:
    period, at = schedule.next(now)
    found = runs.of_schedule(tx, schedule.name, limit=MOST)
    recent = [one for one in found if one.due_at > now - HORIZON]
    ended = [one for one in found if one.state not in OPEN and one.state is not RunState.SKIPPED]
    return {
        "schedule": schedule.name,
        "team": schedule.team,
        "what": schedule.what,
        "when": schedule.due.text,
        "zone": str(schedule.zone),
        "catch_up": schedule.catch_up.value,
        "next_period": period.key,
        "next_at": at.isoformat(),
        "next_local": _local(at, schedule),
        "last": _run(ended[0]) if ended else None,
        "waiting": [_run(one) for one in found if one.state in OPEN],
        "failed": [_run(one) for one in found if one.state is RunState.FAILED],
        "recent": [_run(one) for one in found[:RECENT]],
        "skipped": [_run(one) for one in recent if one.state is RunState.SKIPPED],
        "owed": list(_owed(tx, schedule, {one.period for one in found}, now=now)),
    }


def _owed(tx: Tx, schedule: Schedule, known: set[str], *, now: datetime) -> Iterator[str]:
    """Periods that came due and that no daemon has seen yet."""
    reached = runs.reached(tx, schedule.name)
    if reached is None or not schedule.counts_from(reached):
        return
    for one in schedule.owed(now, reached=reached, restored=runs.restored(tx)):
        if one.skipped is None and one.period.key not in known:
            yield one.period.key


def _digests(tx: Tx, book: RuleBook, *, now: datetime) -> Iterator[dict[str, Any]]:
    for team in book.teams:
        if not team.digest:
            continue
        zone = ZoneInfo(team.time_zone)
        at = windows.parse(team.digest).not_before(now, zone, holidays=team.holidays)
        since = digest.told_until(tx, team)
        yield {
            "schedule": f"{team.slug}/{_DIGEST}",
            "team": team.slug,
            "what": "tells the team's people what came, went and waits",
            "when": team.digest,
            "zone": team.time_zone,
            "catch_up": "all",
            "next_period": None,
            "next_at": at.isoformat(),
            "next_local": f"{at.astimezone(zone):%Y-%m-%d %H:%M} {team.time_zone}",
            "last": _digested(team, since) if since else None,
            **{name: [] for name in ("waiting", "failed", "recent", "skipped", "owed")},
        }


def _digested(team: Team, until: datetime) -> dict[str, Any]:
    name = f"{team.slug}/{_DIGEST}"
    nothing = {"period": None, "due_at": None, "not_before": None, "started_at": None}
    ended = {"state": RunState.DONE.value, "ended_at": until.isoformat(), "tries": 1, "result": ""}
    return {"schedule": name} | nothing | ended


def _local(at: datetime, schedule: Schedule) -> str:
    return f"{at.astimezone(schedule.zone):%Y-%m-%d %H:%M} {schedule.zone}"


def _run(run: Run) -> dict[str, Any]:
    return {
        "schedule": run.schedule,
        "period": run.period,
        "state": run.state.value,
        "due_at": run.due_at.isoformat(),
        "not_before": run.not_before.isoformat(),
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "tries": run.tries,
        "result": run.result,
    }
