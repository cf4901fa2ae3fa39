"""The clock as a picture: hours to come, and periods whose packages were made, late, or are missing."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from maild.almanac import Almanac, Row
from maild.clock.long_work import Runs
from maild.errors import UserError
from maild.model.run import Run
from maild.store import packages, runs
from maild.store.database import Database, Tx
from maild.store.packages import Package
from tests.clock.wrist import Wrist, a_schedule, times
from tests.store.builders import stored_document

MONTHLY = a_schedule("acme/monthly", "month + 5 days 07:00", work="export", team="acme")
OTHERS = a_schedule("other/weekly", "week + 1 day 09:00", work="export", team="other")
HOURLY, DAILY = a_schedule("hourly", "hourly"), a_schedule("daily", "daily 07:30")
[BEGIN, WOKE, NOW] = times(["2026-01-20 12:00", "2026-04-07 12:00", "2026-05-20 12:00"])


@pytest.fixture
async def wrist(db: Database) -> Wrist:
    """A daemon that slept from January to April, and made what it owed then."""
    wrist = Wrist(db, MONTHLY, OTHERS)
    await wrist.tick_at(BEGIN, WOKE)
    return wrist


def almanac(wrist: Wrist) -> Almanac:
    return Almanac(wrist.db, lambda: tuple(wrist.schedules), lambda: wrist.at)


async def fates(wrist: Wrist, team: str = "acme") -> dict[str, str]:
    [row] = await almanac(wrist).calendar(team=team)
    return {one.period.key: one.fate for one in row.cells}


async def work(wrist: Wrist, *, refused: str = "", empty: str = "") -> None:
    """All long work that is due; a package is filed as `exports.scheduled` does it."""

    async def export(run: Run) -> str:
        if run.period == refused:
            raise UserError("the recipient is unknown")
        team, _, name = run.schedule.partition("/")

        def file(tx: Tx) -> None:
            document = None if run.period == empty else stored_document(tx, team=team).id
            packages.add(tx, Package(team, name, run.period, 0, run.due_at, document))

        await wrist.db.write(file)
        return "made"

    mine = Runs(wrist.db, works={"export": export}, now=lambda: wrist.at)
    while await mine.step():
        pass


async def test_a_period_says_what_became_of_its_package(wrist: Wrist) -> None:
    assert (await fates(wrist))["2026-02"] == "waiting"
    await work(wrist, refused="2026-02", empty="2026-03")
    [later] = times(["2026-05-06 05:10"])
    await wrist.tick_at(later)
    await work(wrist)
    wrist.at = NOW
    found = await fates(wrist)
    assert list(found) == sorted(found)
    assert len(found) == 13
    assert found["2025-11"] == "before"
    assert found["2026-01"] == "late"
    assert found["2026-02"] == "failed"
    assert found["2026-03"] == "empty"
    assert found["2026-04"] == "made"
    assert found["2026-05"] == "coming"
    [row] = await almanac(wrist).calendar(team="acme")
    assert row.wants_a_person


async def test_what_nobody_made_is_missing_and_what_was_passed_over_is_not(wrist: Wrist) -> None:
    await work(wrist)
    [run] = [
        one
        for one in await wrist.db.read(lambda tx: runs.of_schedule(tx, "acme/monthly", limit=9))
        if one.period == "2026-03"
    ]
    assert run.ended_at is not None
    # The daemon slept when April came due.
    wrist.at = NOW
    assert (await fates(wrist))["2026-04"] == "missing"


async def test_a_package_is_named_with_what_came_after_it(wrist: Wrist) -> None:
    await work(wrist)

    def supply(tx: Tx) -> None:
        for n in (1, 2):
            document = stored_document(tx, team="acme").id
            packages.add(tx, Package("acme", "monthly", "2026-02", n, WOKE, document))

    await wrist.db.write(supply)
    [row] = await almanac(wrist).calendar(team="acme")
    [cell] = [one for one in row.cells if one.period.key == "2026-02"]
    assert (cell.fate, cell.supplements) == ("late", 2)
    assert cell.document is not None
    assert cell.due_at == datetime.fromisoformat("2026-03-06T06:00:00+00:00")


async def test_each_team_has_its_rows(wrist: Wrist) -> None:
    def names(rows: tuple[Row, ...]) -> list[tuple[str, str]]:
        return [(one.team, one.export) for one in rows]

    assert names(await almanac(wrist).calendar()) == [("acme", "monthly"), ("other", "weekly")]
    assert names(await almanac(wrist).calendar(team="other")) == [("other", "weekly")]


async def test_the_rows_of_all_are_asked_together(wrist: Wrist) -> None:
    wrist.schedules += [
        a_schedule(f"t{n}/monthly", "month 07:00", work="export", team=f"t{n}") for n in range(5)
    ]
    await wrist.tick_at(WOKE + timedelta(hours=1))
    await work(wrist)
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        rows = await almanac(wrist).calendar()
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert len(rows) == 7
    assert len([one for one in asked if one.startswith("SELECT")]) == 3
    # Together they say what each says by itself.
    alone = [await almanac(wrist).calendar(team=one.team) for one in rows]
    assert rows == tuple(row for each in alone for row in each)
    assert {cell.fate for cell in rows[0].cells} == {"late", "before", "coming"}


async def test_a_day_ahead_names_each_time(wrist: Wrist) -> None:
    wrist.schedules += [HOURLY, DAILY]
    lanes = {one.schedule: one.moments for one in almanac(wrist).ahead()}
    assert len(lanes["hourly"]) == 24
    assert [f"{one:%d %H:%M}" for one in lanes["daily"]] == ["08 05:30"]
    assert "acme/monthly" not in lanes
    assert all(wrist.at < one <= wrist.at + timedelta(days=1) for one in lanes["hourly"])
