"""The runs of the clock: one row for each schedule and period, and who works on it.

How far a schedule came is a mark, written with the row, so that nothing has to be looked for twice.
Which periods there are is `maild.rules.due`'s.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, tuple_, update

from maild.model.run import Run, RunState
from maild.model.said import Said, from_json, to_json
from maild.store import marks
from maild.store.database import Tx
from maild.store.schema_runs import runs as table
from maild.store.statements import insert_if_absent

_column: Final = table.c
_RESTORED: Final = "clock-restored"
_KEY: Final = ("schedule", "period")
_SHOWN: Final = (*(_column[name] for name in Run.__dataclass_fields__), _column.told)


def reached(tx: Tx, schedule: str) -> str | None:
    """The key of the last period that a schedule has dealt with; None when it is new."""
    found = marks.get(tx, _mark(schedule))
    return None if found is None else str(found["period"])


def all_reached(tx: Tx, prefix: str) -> dict[str, str]:
    """The same of every schedule whose name begins so, by name."""
    found = marks.starting(tx, _mark(prefix))
    return {name.removeprefix(_mark("")): str(said["period"]) for name, said in found.items()}


def reach(tx: Tx, schedule: str, period: str, *, now: datetime) -> None:
    """Note how far a schedule came."""
    marks.put(tx, _mark(schedule), {"period": period}, now=now)


def add(tx: Tx, run: Run) -> bool:
    """Write a run; False when the schedule has one for this period already."""
    row = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    row |= {"state": run.state.value} | _told(run.result)
    return insert_if_absent(tx, table, row=row, unique=_KEY)


def get(tx: Tx, schedule: str, period: str) -> Run | None:
    """The run of a schedule for a period."""
    found = tx.execute(select(*_SHOWN).where(_is(schedule, period))).first()
    return None if found is None else _run(found)


def claim(
    tx: Tx, works: Collection[str], *, now: datetime, owner: str, until: datetime
) -> Run | None:
    """Lease the long work that is due first, also one whose holder is gone; None when none is."""
    free = and_(_column.state == RunState.DUE.value, _column.not_before <= now)
    left = and_(_column.state == RunState.RUNNING.value, _column.lease_until < now)
    query = (
        select(*_SHOWN)
        .where(_column.work.in_(list(works)), or_(free, left))
        .order_by(_column.not_before, _column.schedule, _column.period)
        .limit(1)
        # Several machines share PostgreSQL one day; SQLAlchemy drops this clause on SQLite.
        .with_for_update(skip_locked=True)
    )
    found = tx.execute(query).first()
    if found is None:
        return None
    values = {
        "state": RunState.RUNNING.value,
        "tries": found.tries + 1,
        "started_at": now,
        "ended_at": None,
        "owner": owner,
        "lease_until": until,
    }
    _write(tx, _is(found.schedule, found.period), values)
    return get(tx, found.schedule, found.period)


def next_at(tx: Tx, works: Collection[str]) -> datetime | None:
    """When long work can be claimed next; None when none waits or runs."""
    waits = select(func.min(_column.not_before)).where(
        _column.state == RunState.DUE.value, _column.work.in_(list(works))
    )
    leased = select(func.min(_column.lease_until)).where(
        _column.state == RunState.RUNNING.value, _column.work.in_(list(works))
    )
    found = [one for query in (waits, leased) if (one := tx.execute(query).scalar()) is not None]
    return min(found, default=None)


def renew(tx: Tx, run: Run, *, until: datetime) -> bool:
    """Lengthen the lease; False when the run is another's by now."""
    return _write(tx, _mine(run), {"lease_until": until})


def finish(tx: Tx, run: Run, *, result: str, now: datetime) -> bool:
    """Note that the work is done; False when the run is another's by now.

    Who writes the work itself in this transaction, and raises on False, does it exactly once.
    """
    return end(tx, run, state=RunState.DONE, result=result, now=now)


def end(tx: Tx, run: Run, *, state: RunState, result: str, now: datetime) -> bool:
    """End the work of the holder in some state; False when the run is another's by now."""
    return _write(tx, _mine(run), _ended(state, result=result, now=now))


def put_back(tx: Tx, run: Run, *, not_before: datetime, result: str, charged: bool) -> bool:
    """Let the work be due again; an uncharged try does not count."""
    values = {
        "state": RunState.DUE.value,
        "tries": run.tries - (not charged),
        "not_before": not_before,
        "owner": None,
        "lease_until": None,
    }
    return _write(tx, _mine(run), values | _told(result))


def settle(tx: Tx, run: Run, *, state: RunState, result: str, now: datetime) -> bool:
    """End a run that nobody works on; False when it has moved meanwhile."""
    unmoved = _is(run.schedule, run.period) & (_column.state == run.state.value)
    return _write(tx, unmoved, _ended(state, result=result, now=now))


def pass_over(tx: Tx, schedule: str, *, but: str, now: datetime) -> None:
    """Let what failed of a schedule be skipped with its reason, but for one period."""
    failed = and_(_column.schedule == schedule, _column.state == RunState.FAILED.value)
    values = {"state": RunState.SKIPPED.value, "ended_at": now}
    _write(tx, failed & (_column.period != but), values)


def hold_restored(tx: Tx, *, reason: str, now: datetime) -> None:
    """After a restore, pass over long work that was owed, and let the clock pass over the rest.

    It may have been done since the backup, and a second package of a month is booked twice.
    """
    owed = _column.state.in_([RunState.DUE.value, RunState.RUNNING.value])
    chosen = owed & _column.work.is_not(None)
    tx.execute(update(table).where(chosen).values(_ended(RunState.SKIPPED, result=reason, now=now)))
    mark = {"at": now.isoformat(), "reason": to_json(reason)}
    marks.put(tx, _RESTORED, mark, now=now)


def restored(tx: Tx) -> tuple[datetime, str] | None:
    """When the store was restored, and what is said of work that came due before then."""
    found = marks.get(tx, _RESTORED)
    return (
        None if found is None else (datetime.fromisoformat(found["at"]), from_json(found["reason"]))
    )


def ask_again(tx: Tx, run: Run, *, now: datetime) -> bool:
    """Let a run that failed or was skipped be due now; False when it has moved meanwhile."""
    unmoved = _is(run.schedule, run.period) & (_column.state == run.state.value)
    values = {"state": RunState.DUE.value, "not_before": now, "tries": 0, "ended_at": None}
    return _write(tx, unmoved, values)


def asked(tx: Tx, schedule: str) -> tuple[Run, ...]:
    """Short work that a person asked for, oldest first."""
    chosen = (_column.schedule == schedule) & (_column.state == RunState.DUE.value)
    query = select(*_SHOWN).where(chosen, _column.work.is_(None)).order_by(_column.period)
    return tuple(_run(row) for row in tx.execute(query))


def newest(tx: Tx) -> dict[str, Run]:
    """The run of each schedule that was written last, by the schedule's name."""
    last = select(_column.schedule, func.max(_column.due_at)).group_by(_column.schedule)
    query = select(*_SHOWN).where(tuple_(_column.schedule, _column.due_at).in_(last))
    return {row.schedule: _run(row) for row in tx.execute(query.order_by(_column.period))}


def of_schedule(tx: Tx, schedule: str, *, limit: int) -> tuple[Run, ...]:
    """The runs of a schedule, the latest period first."""
    query = select(*_SHOWN).where(_column.schedule == schedule)
    found = tx.execute(query.order_by(_column.due_at.desc(), _column.period.desc()).limit(limit))
    return tuple(_run(row) for row in found)


def of_schedules(tx: Tx, schedules: Collection[str], *, limit: int) -> dict[str, tuple[Run, ...]]:
    """The same of several at once, by name, each with `limit` runs at most; what never ran is missing."""
    latest = (_column.due_at.desc(), _column.period.desc())
    place = func.row_number().over(partition_by=_column.schedule, order_by=latest).label("place")
    mine = select(*_SHOWN, place).where(_column.schedule.in_(list(schedules))).subquery()
    query = select(mine).where(mine.c.place <= limit).order_by(mine.c.schedule, mine.c.place)
    found = groupby(tx.execute(query), key=attrgetter("schedule"))
    return {name: tuple(_run(row) for row in rows) for name, rows in found}


def in_state(tx: Tx, *states: RunState) -> tuple[Run, ...]:
    """Every run in one of these states, oldest first."""
    chosen = _column.state.in_([one.value for one in states])
    found = tx.execute(select(*_SHOWN).where(chosen).order_by(_column.due_at, _column.schedule))
    return tuple(_run(row) for row in found)


def forget(tx: Tx, schedules: Collection[str], *, before: datetime) -> int:
    """Delete what is done of these schedules and older; how many rows."""
    over = _column.state.in_([RunState.DONE.value, RunState.SKIPPED.value])
    chosen = _column.schedule.in_(list(schedules)) & over & (_column.at < before)
    return tx.execute(delete(table).where(chosen)).rowcount


def _mark(schedule: str) -> str:
    return f"clock:{schedule}"


def _is(schedule: str, period: str) -> ColumnElement[bool]:
    return and_(_column.schedule == schedule, _column.period == period)


def _mine(run: Run) -> ColumnElement[bool]:
    held = and_(_column.owner == run.owner, _column.tries == run.tries)
    return and_(_is(run.schedule, run.period), _column.state == RunState.RUNNING.value, held)


def _ended(state: RunState, *, result: str, now: datetime) -> dict[str, Any]:
    ended = {"state": state.value, "ended_at": now, "owner": None, "lease_until": None}
    return ended | _told(result)


def _told(result: str) -> dict[str, Any]:
    return {
        "result": str(result),
        "told": json.dumps(to_json(result)) if isinstance(result, Said) else None,
    }


def _write(tx: Tx, chosen: ColumnElement[bool], values: dict[str, Any]) -> bool:
    return tx.execute(update(table).where(chosen).values(values)).rowcount == 1


def _run(row: Any) -> Run:
    values = {name: getattr(row, name) for name in Run.__dataclass_fields__}
    result = from_json(json.loads(row.told)) if row.told else row.result
    return Run(**values | {"state": RunState(row.state), "result": result})
