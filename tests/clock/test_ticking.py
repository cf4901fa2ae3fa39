from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from maild.model.run import CatchUp, Run, RunState
from maild.store import runs
from maild.store.database import Database
from tests.clock.wrist import START, Wrist, a_schedule, did, refuse, rows, states, times

DONE, FAILED, SKIPPED, DUE = RunState.DONE, RunState.FAILED, RunState.SKIPPED, RunState.DUE
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_a_job_runs_once_a_period_however_often_the_clock_ticks(db: Database) -> None:
    minutes = (0, 1, 29, 30, 31, 90)
    ran = await Wrist(db).tick_at(*(START + timedelta(minutes=one) for one in minutes))
    assert ran == [1, 0, 0, 1, 0, 1]


async def test_a_daemon_that_starts_again_does_not_repeat_the_period(db: Database) -> None:
    assert await Wrist(db).clock.tick() == 1
    assert await Wrist(db).clock.tick() == 0


@pytest.mark.parametrize(
    ("catch_up", "done", "skipped"),
    [
        (CatchUp.ALL, ["2026-03-28", "2026-03-29", "2026-03-30"], []),
        (CatchUp.LATEST, ["2026-03-30"], ["2026-03-28", "2026-03-29"]),
        (CatchUp.SKIP, [], ["2026-03-28", "2026-03-29", "2026-03-30"]),
    ],
)
async def test_what_was_missed_is_made_up_for_as_the_schedule_says(
    db: Database, catch_up: CatchUp, done: list[str], skipped: list[str]
) -> None:
    wrist = Wrist(db, a_schedule(when="daily 07:30", catch_up=catch_up))
    await wrist.tick_at(*times(["2026-03-27 05:00", "2026-03-27 06:31", "2026-03-30 12:00"]))
    assert await did(db) == dict.fromkeys(["2026-03-27", *done], 1)
    found = await rows(db, "digest")
    assert [period for period, one in sorted(found.items()) if one.state is SKIPPED] == skipped
    assert all("did not run when it was due" in found[one].result for one in skipped)


async def test_a_quiet_schedule_leaves_no_row_for_what_was_missed(db: Database) -> None:
    wrist = Wrist(db, a_schedule(catch_up=CatchUp.LATEST, quiet=True))
    assert await wrist.tick_at(START, START + 40 * DAY) == [1, 1]
    assert len(await rows(db, "digest")) == 2


async def test_what_came_due_more_than_thirteen_months_ago_is_let_go(db: Database) -> None:
    wrist = Wrist(db, a_schedule(when="month"))
    await wrist.tick_at(*times(["2024-01-15 00:00", "2026-03-15 00:00"]))
    months = list(await did(db))
    assert (months[0], months[-1], len(months)) == ("2025-02", "2026-02", 13)


async def test_a_new_export_starts_with_the_next_instant_and_not_with_the_past(
    db: Database,
) -> None:
    wrist = Wrist(db, a_schedule(when="month + 5 days 07:00"))
    await wrist.tick_at(*times(["2026-04-03 10:00", "2026-04-06 04:59"]))
    assert await did(db) == {}
    await wrist.tick_at(*times(["2026-04-06 05:00", "2026-04-07 05:00"]))
    assert await did(db) == {"2026-03": 1}


async def test_a_job_that_fails_writes_nothing_is_told_is_seen_and_is_due_again(
    db: Database,
) -> None:
    wrist = Wrist(db, a_schedule(), a_schedule("broken", job=refuse), a_schedule("last"))
    assert await wrist.tick_at(START, START + timedelta(minutes=1)) == [2, 0]
    assert wrist.faults == ["broken: no such team"] * 2
    assert await did(db, "half") == {}
    [failed] = (await rows(db, "broken")).values()
    assert (failed.state, failed.result) == (FAILED, "LookupError: no such team")
    wrist.schedules = [a_schedule("broken")]
    assert await wrist.clock.tick() == 1
    assert await states(db, "broken") == {"2026-03-27T12Z": DONE}


async def test_what_failed_until_the_next_period_came_is_passed_over(db: Database) -> None:
    wrist = Wrist(db, a_schedule(job=refuse, catch_up=CatchUp.LATEST, quiet=True))
    await wrist.tick_at(START)
    wrist.schedules = [a_schedule(catch_up=CatchUp.LATEST, quiet=True)]
    await wrist.tick_at(START + 3 * HOUR)
    assert await states(db) == {"2026-03-27T12Z": SKIPPED, "2026-03-27T15Z": DONE}


async def test_long_work_is_written_down_for_others_to_do(db: Database) -> None:
    wrist = Wrist(db, a_schedule("acme/monthly", "month + 5 days 07:00", work="export"))
    await wrist.tick_at(*times(["2026-03-27 12:00", "2026-05-06 06:00"]))
    found = await rows(db, "acme/monthly")
    assert {period: one.state for period, one in found.items()} == {"2026-03": DUE, "2026-04": DUE}
    # Work that holds "what was accepted by its due instant" finds it here, however late it runs.
    assert [found[one].due_at for one in ("2026-03", "2026-04")] == times(
        ["2026-04-06 05:00", "2026-05-06 05:00"]
    )


async def test_a_period_that_a_person_skipped_beforehand_is_not_done(db: Database) -> None:
    wrist = Wrist(db, a_schedule(when="month"))
    await wrist.tick_at(*times(["2026-03-27 12:00"]))
    await wrist.tick_at(*times(["2026-04-02 12:00"]))
    [march] = (await rows(db, "digest")).values()
    await db.write(lambda tx: runs.add(tx, skipped_by_hand(march, "2026-04")))
    await wrist.tick_at(*times(["2026-05-02 12:00", "2026-06-02 12:00"]))
    assert await did(db) == {"2026-03": 1, "2026-05": 1}


def skipped_by_hand(like: Run, period: str) -> Run:
    return replace(like, period=period, state=SKIPPED, result="closed")


async def test_a_when_that_changes_from_months_to_quarters_makes_up_for_nothing(
    db: Database,
) -> None:
    wrist = Wrist(db, a_schedule(when="month + 5 days"))
    await wrist.tick_at(*times(["2026-02-10 12:00", "2026-03-10 12:00"]))
    wrist.schedules = [a_schedule(when="quarter + 5 days")]
    await wrist.tick_at(*times(["2026-03-11 12:00", "2026-04-10 12:00", "2026-04-11 12:00"]))
    assert await did(db) == {"2026-02": 1, "2026-Q1": 1}


async def test_a_clock_that_is_set_back_repeats_nothing(db: Database) -> None:
    wrist = Wrist(db)
    ran = await wrist.tick_at(START, START + 3 * HOUR, START, START + 3 * HOUR, START + 4 * HOUR)
    assert ran == [1, 3, 0, 0, 1]
    assert set((await did(db)).values()) == {1}


async def test_after_a_restore_nothing_is_done_that_may_have_been_done_before(
    db: Database,
) -> None:
    wrist = Wrist(
        db,
        a_schedule("export", "month + 5 days", work="export"),
        a_schedule("own", "daily 03:30", catch_up=CatchUp.LATEST, quiet=True),
    )
    begin, backup, restored, later = times(
        ["2026-01-10 12:00", "2026-02-10 12:00", "2026-04-20 12:00", "2026-05-10 12:00"]
    )
    await wrist.tick_at(begin, backup)
    assert await states(db, "export") == {"2026-01": DUE}
    await db.write(partial(runs.hold_restored, reason="done since?", now=restored))
    await wrist.tick_at(restored + HOUR, later)
    found = await states(db, "export")
    assert found == {"2026-01": SKIPPED, "2026-02": SKIPPED, "2026-03": SKIPPED, "2026-04": DUE}
    assert (await rows(db, "export"))["2026-03"].result == "done since?"
    assert "2026-04-20" in await did(db, "own")


async def test_two_clocks_on_one_database_do_each_period_once(tmp_path: Path) -> None:
    one, two = [await Database.open(tmp_path / "maild.db") for _ in range(2)]
    schedules = [
        a_schedule("all", "daily 02:30"),
        a_schedule("latest", "daily 02:30", catch_up=CatchUp.LATEST),
        a_schedule("long", "day 02:30", work="export"),
    ]
    wrists = [Wrist(db, *schedules) for db in (one, two)]
    for days in range(0, 30, 5):
        for wrist in wrists:
            wrist.at = START + days * DAY
        await asyncio.gather(*(wrist.clock.tick() for wrist in wrists))
    assert await did(one, "all") == {f"{START + n * DAY:%Y-%m-%d}": 1 for n in range(26)}
    assert set((await did(one, "latest")).values()) == {1}
    assert set(await states(one, "latest")) == set(await did(one, "all"))
    assert list((await states(one, "long")).values()) == [DUE] * 25
    for db in (one, two):
        await db.close()


async def test_the_clock_ticks_when_it_starts_and_ends_when_it_is_told(db: Database) -> None:
    wrist = Wrist(db)
    stop = asyncio.Event()
    running = asyncio.ensure_future(wrist.clock.run(stop))
    while not await did(db):
        assert await db.wait_for_change(10)
    stop.set()
    await asyncio.wait_for(running, 10)


async def test_each_ring_is_a_tick(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maild.clock.ticking.RING", 0.02)
    wrist = Wrist(db)
    stop = asyncio.Event()
    running = asyncio.ensure_future(wrist.clock.run(stop))
    await db.wait_for_change(10)
    wrist.at += HOUR
    while "2026-03-27T13Z" not in await did(db):
        assert await db.wait_for_change(10)
    stop.set()
    await asyncio.wait_for(running, 10)
