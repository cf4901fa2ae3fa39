"""A year on a watch: both days on which the clocks change, year ends, and forty days of sleep.

What must have happened is said here by plain counting, not by the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import partial
from random import Random

import pytest

from maild.clock.long_work import Runs
from maild.clock.schedule import Schedule
from maild.model.run import CatchUp, RunState
from maild.store.database import Database
from tests.clock.dying import export
from tests.clock.wrist import BRUSSELS, Wrist, a_schedule, did, rows, states, times

DONE = RunState.DONE
BEGIN, END = times(["2025-12-20 12:00", "2027-01-20 12:00"])
HOLIDAYS_2026 = ("01-01", "04-06", "05-01", "05-14", "05-25", "07-21", "11-11", "12-25")
MONTHS = ["2025-12", *(f"2026-{n:02}" for n in range(1, 13))]
QUARTERS = {  # on the third working day after the first, at half past two
    "2025-Q4": "2026-01-07 01:30",
    "2026-Q1": "2026-04-07 00:30",
    "2026-Q2": "2026-07-06 00:30",
    "2026-Q3": "2026-10-06 00:30",
    "2026-Q4": "2027-01-07 01:30",
}


def year() -> list[Schedule]:
    return [
        a_schedule("monthly", "month + 5 days 07:00"),
        a_schedule("quarterly", "quarter + 3 working days 02:30", holidays="BE"),
        a_schedule("yearly", "year + 10 days"),
        a_schedule("nightly", "daily 02:30"),
        a_schedule("latest", "daily 02:30", catch_up=CatchUp.LATEST),
        a_schedule("skip", "daily 02:30", catch_up=CatchUp.SKIP),
        a_schedule("weekly", "week 06:00"),
        a_schedule("evening", "working days 18:00", holidays="BE"),
        a_schedule("export", "month + 5 days 07:00", work="export"),
    ]


def days(first: str, last: str) -> Iterator[date]:
    day = date.fromisoformat(first)
    while day <= date.fromisoformat(last):
        yield day
        day += timedelta(days=1)


# From the first night after the start to the last before the end.
NIGHTS = [f"{one}" for one in days("2025-12-20", "2027-01-20")]
EVENINGS = [
    f"{one}"
    for one in days("2025-12-20", "2027-01-19")
    if one.weekday() < 5
    and f"{one:%m-%d}" not in (HOLIDAYS_2026 if one.year == 2026 else ("12-25", "01-01"))
]
WEEKS = [f"{one:%G-W%V}" for one in days("2025-12-20", "2027-01-17") if one.weekday() == 6]


@pytest.mark.parametrize("sleep", ["2026-03-02 05:00", "2026-10-01 05:00"], ids=str)
async def test_each_period_of_a_year_is_done_once(db: Database, sleep: str) -> None:
    """With forty days of sleep over one change of the clocks, and awake at the other."""
    rng = Random(20260329)
    now, [bed] = BEGIN, times([sleep])
    slept: tuple[datetime, ...] = ()
    while now < END:
        # A process of its own each time: what it knows is in the rows.
        wrist = Wrist(db, *year(), at=now)
        await wrist.clock.tick()
        assert wrist.faults == []
        mine = Runs(db, works={"export": partial(export, db)}, now=lambda: now)  # noqa: B023 - ended before `now` moves
        while await mine.step():
            pass
        before, now = now, now + timedelta(minutes=rng.randrange(10 * 60, 22 * 60))
        if not slept and now >= bed:
            now += timedelta(days=40)
            slept = (before, now)
    wrist = Wrist(db, *year(), at=END)
    await wrist.clock.tick()

    assert await did(db, "monthly") == dict.fromkeys(MONTHS, 1)
    assert await did(db, "export") == dict.fromkeys(MONTHS, 1)
    assert await did(db, "quarterly") == dict.fromkeys(QUARTERS, 1)
    assert await did(db, "yearly") == {"2025": 1, "2026": 1}
    assert await did(db, "nightly") == dict.fromkeys(NIGHTS, 1)
    assert await did(db, "evening") == dict.fromkeys(EVENINGS, 1)
    assert await did(db, "weekly") == dict.fromkeys(WEEKS, 1)
    due = {key: one.due_at for key, one in (await rows(db, "quarterly")).items()}
    assert due == dict(zip(QUARTERS, times([*QUARTERS.values()]), strict=True))
    for name in ("latest", "skip"):
        found = await states(db, name)
        assert list(found) == NIGHTS
        done = [key for key, state in found.items() if state is RunState.DONE]
        assert await did(db, name) == dict.fromkeys(done, 1)
        assert {*found.values()} <= {RunState.DONE, RunState.SKIPPED}
    missed = [key for key, state in (await states(db, "latest")).items() if state is not DONE]
    assert missed == [one for one in NIGHTS if slept[0] < half_past_two(one) <= slept[1]][:-1]
    assert len(missed) in range(38, 41)


def half_past_two(day: str) -> datetime:
    return datetime.fromisoformat(f"{day} 02:30").replace(tzinfo=BRUSSELS)


@pytest.mark.parametrize(
    ("day", "at", "local_hours"),
    [
        # 29 March 2026 has no 02:30: the first moment after the gap is 03:00, 01:00 in UTC.
        ("2026-03-29", "2026-03-29 01:00", [1, 3, 4, 5]),
        # 25 October has it twice: the first counts, and the second does nothing.
        ("2026-10-25", "2026-10-25 00:30", [2, 2, 3, 4]),
    ],
)
async def test_on_the_day_that_the_clocks_change_each_ring_finds_its_work_once(
    db: Database, day: str, at: str, local_hours: list[int]
) -> None:
    wrist = Wrist(db, a_schedule("hourly"), a_schedule("nightly", "daily 02:30"))
    [start] = times([f"{day} 00:00"])
    await wrist.tick_at(start - timedelta(hours=2))
    await wrist.tick_at(*(start + timedelta(minutes=one) for one in range(4 * 60)))
    assert [(await rows(db, "nightly"))[day].at] == times([at])
    assert (await did(db, "nightly"))[day] == 1
    hours = [start + timedelta(hours=one) for one in range(4)]
    assert [one.astimezone(BRUSSELS).hour for one in hours] == local_hours
    counted = await did(db, "hourly")
    assert [counted[f"{one:%Y-%m-%dT%HZ}"] for one in hours] == [1, 1, 1, 1]
