from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import pytest

from maild.agenda import Agenda
from maild.clock.long_work import Runs
from maild.errors import NotFound, UserError
from maild.model.run import CatchUp, Run, RunState
from maild.rules.book import RuleBook
from maild.store import runs
from maild.store.database import Database
from tests.builders_rules import a_rule, a_team
from tests.clock.wrist import Wrist, a_schedule, did, refuse, times

MONTHLY = a_schedule(
    "acme/monthly", "month + 5 days 07:00", work="export", team="acme", catch_up=CatchUp.LATEST
)
DAILY = a_schedule("daily", "working days 07:30", holidays="BE")
BEGIN, [NOW] = times(["2026-01-20 12:00"]), times(["2026-04-07 12:00"])


def agenda(wrist: Wrist) -> Agenda:
    book = RuleBook([a_team(a_rule("all", "an"), digest="daily 08:00")])
    return Agenda(wrist.db, lambda: tuple(wrist.schedules), lambda: book, lambda: wrist.at)


@pytest.fixture
async def wrist(db: Database) -> Wrist:
    """A daemon that slept from January to April."""
    wrist = Wrist(db, MONTHLY, DAILY)
    await wrist.tick_at(*BEGIN, NOW)
    return wrist


async def export(run: Run) -> str:
    if run.period == "2026-03":
        raise UserError("the recipient is unknown")
    return "12 documents"


async def work(wrist: Wrist) -> None:
    """All long work that is due."""
    mine = Runs(wrist.db, works={"export": export}, now=lambda: wrist.at)
    while await mine.step():
        pass


async def test_each_schedule_says_when_it_is_next_in_its_own_zone(wrist: Wrist) -> None:
    monthly, daily, digest = await agenda(wrist).list()
    assert (monthly["next_period"], monthly["next_local"]) == (
        "2026-04",
        "2026-05-06 07:00 Europe/Brussels",
    )
    assert monthly["next_at"] == "2026-05-06T05:00:00+00:00"
    assert (daily["next_period"], daily["last"]["period"]) == ("2026-04-08", "2026-04-07")
    assert (digest["schedule"], digest["next_local"]) == (
        "acme/digest",
        "2026-04-08 08:00 Europe/Brussels",
    )
    assert [one["schedule"] for one in await agenda(wrist).list(team="acme")] == [
        "acme/monthly",
        "acme/digest",
    ]


async def test_what_waits_what_failed_and_what_was_missed_is_shown(wrist: Wrist) -> None:
    [monthly, *_] = await agenda(wrist).list()
    assert [one["period"] for one in monthly["waiting"]] == ["2026-03"]
    assert [one["period"] for one in monthly["skipped"]] == ["2026-02", "2026-01"]
    await work(wrist)
    [monthly, *_] = await agenda(wrist).list()
    [failed] = monthly["failed"]
    assert (failed["period"], failed["result"]) == ("2026-03", "the recipient is unknown")
    assert monthly["last"] == failed


async def test_what_a_sleeping_daemon_owes_is_shown_before_it_wakes(wrist: Wrist) -> None:
    wrist.at += timedelta(days=3)
    _, daily, _ = await agenda(wrist).list()
    assert daily["owed"] == ["2026-04-08", "2026-04-09", "2026-04-10"]


@pytest.mark.parametrize("period", ["2026-01", "2025-11"])
async def test_a_person_has_the_work_of_a_period_done(wrist: Wrist, period: str) -> None:
    asked = await agenda(wrist).run("acme/monthly", period)
    assert asked["state"] == "due"
    await work(wrist)
    shown = await agenda(wrist).show("acme/monthly")
    [run] = [one for one in shown["runs"] if one["period"] == period]
    assert (run["state"], run["result"]) == ("done", "12 documents")
    with pytest.raises(UserError, match=f"{period} was done on .*12 documents"):
        await agenda(wrist).run("acme/monthly", period)


async def test_short_work_that_a_person_asks_for_is_done_at_the_next_tick(wrist: Wrist) -> None:
    await agenda(wrist).run("daily", "2025-12-24")
    assert "2025-12-24" not in await did(wrist.db, "daily")
    await wrist.tick_at(wrist.at + timedelta(minutes=1), wrist.at + timedelta(minutes=2))
    assert (await did(wrist.db, "daily"))["2025-12-24"] == 1


async def test_work_that_is_done_before_its_time_is_not_done_again(wrist: Wrist) -> None:
    [wrist.at] = times(["2026-05-01 12:00"])
    early = await agenda(wrist).run("acme/monthly", "2026-04")
    assert datetime.fromisoformat(early["due_at"]) == wrist.at
    await work(wrist)
    [later] = times(["2026-05-06 12:00"])
    await wrist.tick_at(later)
    shown = await agenda(wrist).show("acme/monthly")
    [run] = [one for one in shown["runs"] if one["period"] == "2026-04"]
    assert (run["state"], run["tries"]) == ("done", 1)


async def test_a_period_to_come_can_be_skipped_and_had_after_all(wrist: Wrist) -> None:
    skipped = await agenda(wrist).skip("acme/monthly", "2026-04", reason="closed for good")
    assert (skipped["state"], skipped["result"]) == ("skipped", "closed for good")
    [wrist.at] = times(["2026-05-06 12:00"])
    await wrist.clock.tick()
    await work(wrist)
    [monthly, *_] = await agenda(wrist).list()
    assert "2026-04" in [one["period"] for one in monthly["skipped"]]
    await agenda(wrist).run("acme/monthly", "2026-04")
    await work(wrist)
    [monthly, *_] = await agenda(wrist).list()
    assert (monthly["last"]["period"], monthly["last"]["state"]) == ("2026-04", "done")


async def test_what_failed_can_be_skipped(wrist: Wrist) -> None:
    await work(wrist)
    await agenda(wrist).skip("acme/monthly", "2026-03", reason="sent by hand")
    [monthly, *_] = await agenda(wrist).list()
    assert monthly["failed"] == []


async def test_short_work_that_failed_is_done_when_a_person_asks(db: Database) -> None:
    wrist = Wrist(db, a_schedule("daily", "daily 07:30", job=refuse))
    await wrist.tick_at(*BEGIN)
    wrist.schedules = [a_schedule("daily", "daily 07:30")]
    await agenda(wrist).run("daily", "2026-01-20")
    await wrist.clock.tick()
    await wrist.clock.tick()
    assert await did(db, "daily") == {"2026-01-20": 1}


async def test_what_is_being_done_is_left_alone(wrist: Wrist) -> None:
    until = wrist.at + timedelta(minutes=2)
    claim = partial(runs.claim, works=["export"], now=wrist.at, owner="other", until=until)
    await wrist.db.write(claim)
    for ask in (
        agenda(wrist).run("acme/monthly", "2026-03"),
        agenda(wrist).skip("acme/monthly", "2026-03", reason="no"),
    ):
        with pytest.raises(UserError, match="is being done since 2026-04-07 12:00 UTC"):
            await ask
    run = await wrist.db.read(partial(runs.get, schedule="acme/monthly", period="2026-03"))
    assert run is not None
    assert run.state is RunState.RUNNING


@pytest.mark.parametrize(
    ("name", "period", "said"),
    [
        ("acme/montly", "2026-03", 'did you mean "acme/monthly"'),
        ("acme/digest", "2026-04-07", "has no periods"),
        ("acme/monthly", "march", "is no period"),
        ("acme/monthly", "2026-Q1", "runs for each month, such as 2026-04"),
        ("acme/monthly", "2026-04", "2026-04 is not over yet"),
        ("daily", "2026-04-08", "2026-04-08 is not begun yet"),
        ("daily", "2026-04-06", "daily leaves 2026-04-06 out: working days"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(
    wrist: Wrist, name: str, period: str, said: str
) -> None:
    with pytest.raises((NotFound, UserError), match=said):
        await agenda(wrist).run(name, period)
