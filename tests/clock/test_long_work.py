from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import pytest

from maild.clock.long_work import LEASE, PAUSE, TRIES, Runs
from maild.errors import UserError
from maild.model.run import Run, RunState
from maild.store import marks, runs
from maild.store.database import Database, Tx
from tests.clock.wrist import START, Wrist, a_schedule, did, rows, times

DUE, RUNNING, DONE, FAILED = RunState.DUE, RunState.RUNNING, RunState.DONE, RunState.FAILED
NAME = "acme/monthly"


@dataclass
class Desk:
    """What the work of a schedule writes; `before` is called first and may raise."""

    db: Database
    at: datetime = START
    before: Callable[[Run], object] = str
    began: list[str] = field(default_factory=list)

    def runs(self) -> Runs:
        """A process that does the work."""
        return Runs(self.db, works={"export": self.make}, now=lambda: self.at)

    async def make(self, run: Run) -> str:
        """Do the work and note that it is done in one transaction, as an export does."""
        self.began.append(run.period)
        self.before(run)
        await self.db.write(partial(write, run=run, now=self.at))
        return "made"


def write(tx: Tx, *, run: Run, now: datetime) -> None:
    known = marks.get(tx, f"did export {run.period}") or {"n": 0}
    marks.put(tx, f"did export {run.period}", {"n": known["n"] + 1}, now=now)
    if not runs.finish(tx, run, result="3 documents", now=now):
        raise LookupError("another process has it")


@pytest.fixture
async def desk(db: Database) -> Desk:
    """Two months are due and not made."""
    wrist = Wrist(db, a_schedule(NAME, "month + 5 days 07:00", work="export"))
    await wrist.tick_at(*times(["2026-03-27 12:00", "2026-05-06 12:00"]))
    return Desk(db, at=wrist.at)


@pytest.fixture
async def march(db: Database) -> Desk:
    """One month is due and not made."""
    wrist = Wrist(db, a_schedule(NAME, "month + 5 days 07:00", work="export"))
    await wrist.tick_at(*times(["2026-03-27 12:00", "2026-04-06 12:00"]))
    return Desk(db, at=wrist.at)


async def only(db: Database, period: str = "2026-03") -> Run:
    return (await rows(db, NAME))[period]


async def test_what_is_due_is_done_oldest_first_and_once(desk: Desk) -> None:
    mine = desk.runs()
    assert [await mine.step() for _ in range(3)] == [True, True, False]
    assert desk.began == ["2026-03", "2026-04"]
    assert await did(desk.db, "export") == {"2026-03": 1, "2026-04": 1}
    run = await only(desk.db)
    assert (run.state, run.result, run.tries, run.owner) == (DONE, "3 documents", 1, None)
    assert (run.started_at, run.ended_at) == (desk.at, desk.at)


async def test_work_that_writes_nothing_itself_is_done_with_its_last_line(db: Database) -> None:
    await Wrist(db, a_schedule("tidy", work="tidy")).tick_at(START, START + timedelta(hours=1))

    async def tidy(run: Run) -> str:
        return f"tidied {run.period}"

    mine = Runs(db, works={"tidy": tidy}, now=lambda: START + timedelta(hours=1))
    assert await mine.step()
    assert (await rows(db, "tidy"))["2026-03-27T12Z"].result == "tidied 2026-03-27T12Z"


async def test_work_of_another_kind_is_left_alone(desk: Desk) -> None:
    other = Runs(desk.db, works={"tidy": desk.make}, now=lambda: desk.at)
    assert not await other.step()
    assert (await only(desk.db)).state is DUE


async def test_a_fault_is_tried_again_later_and_at_last_a_person_must_look(march: Desk) -> None:
    def broken(run: Run) -> None:
        raise OSError("disk full")

    march.before = broken
    pauses = []
    for _ in range(TRIES):
        assert await march.runs().step()
        assert not await march.runs().step()
        run = await only(march.db)
        pauses.append(run.not_before - march.at)
        march.at = max(march.at, run.not_before)
    assert pauses[:-1] == [PAUSE * 3**n for n in range(TRIES - 1)]
    assert (run.state, run.result, run.tries) == (FAILED, "OSError: disk full", TRIES)
    assert not await march.runs().step()
    assert await did(march.db, "export") == {}


async def test_what_the_operator_must_mend_fails_at_once_in_his_words(desk: Desk) -> None:
    def unknown(run: Run) -> None:
        raise UserError('there is no recipient "an"', hint="see [team.acme.recipients]")

    desk.before = unknown
    await desk.runs().step()
    run = await only(desk.db)
    assert (run.state, run.tries) == (FAILED, 1)
    assert run.result == 'there is no recipient "an"; see [team.acme.recipients]'


async def test_a_run_that_a_dead_process_held_is_taken_up_when_its_lease_is_over(
    desk: Desk,
) -> None:
    lost = await desk.db.write(
        partial(runs.claim, works=["export"], now=desk.at, owner="dead", until=desk.at + LEASE)
    )
    assert lost is not None
    assert lost.period == "2026-03"
    mine = desk.runs()
    assert await mine.step()
    assert desk.began == ["2026-04"]
    assert not await mine.step()
    desk.at += LEASE + timedelta(seconds=1)
    assert await mine.step()
    assert await did(desk.db, "export") == {"2026-03": 1, "2026-04": 1}
    # The dead was only slow: what it writes now is undone with its transaction.
    with pytest.raises(LookupError, match="another process"):
        await desk.db.write(partial(write, run=lost, now=desk.at))
    assert not await desk.db.write(partial(runs.renew, run=lost, until=desk.at + LEASE))
    assert await did(desk.db, "export") == {"2026-03": 1, "2026-04": 1}


async def test_work_that_kills_its_process_again_and_again_is_given_up(march: Desk) -> None:
    for _ in range(TRIES):
        until = march.at + LEASE
        claim = partial(runs.claim, works=["export"], now=march.at, owner="dead", until=until)
        assert await march.db.write(claim)
        march.at = until + timedelta(seconds=1)
    assert await march.runs().step()
    run = await only(march.db)
    assert run.state is FAILED
    assert run.result == f"maild stopped {TRIES} times while it worked on this"
    assert march.began == []


async def test_a_daemon_that_stops_puts_its_work_back_uncharged(desk: Desk) -> None:
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(run: Run) -> str:
        begun.set()
        await never.wait()
        return "made"

    stop = asyncio.Event()
    mine = Runs(desk.db, works={"export": hang}, now=lambda: desk.at)
    running = asyncio.ensure_future(mine.run(stop))
    await asyncio.wait_for(begun.wait(), 10)
    assert (await only(desk.db)).state is RUNNING
    stop.set()
    await asyncio.wait_for(running, 10)
    run = await only(desk.db)
    assert (run.state, run.tries, run.owner) == (DUE, 0, None)


async def test_the_service_does_all_that_is_due_and_ends_when_it_is_told(desk: Desk) -> None:
    stop = asyncio.Event()
    running = asyncio.ensure_future(desk.runs().run(stop))
    while (await only(desk.db, "2026-04")).state is not DONE:
        assert await desk.db.wait_for_change(10)
    stop.set()
    await asyncio.wait_for(running, 10)
    assert await did(desk.db, "export") == {"2026-03": 1, "2026-04": 1}


async def test_a_lease_is_kept_while_the_work_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maild.clock.long_work.LEASE", timedelta(seconds=0.04))

    async def slow(run: Run) -> str:
        desk.at += LEASE  # the next renewal goes by this
        while (await only(desk.db)).lease_until <= desk.at:  # type: ignore[operator]  # it is held
            assert await desk.db.wait_for_change(10)
        return "made"

    assert await Runs(desk.db, works={"export": slow}, now=lambda: desk.at).step()
    assert (await only(desk.db)).state is DONE


async def test_work_whose_lease_was_lost_is_broken_off(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maild.clock.long_work.LEASE", timedelta(seconds=0.04))
    never = asyncio.Event()

    async def robbed(run: Run) -> str:
        later = desk.at + LEASE
        await desk.db.write(
            partial(runs.claim, works=["export"], now=later, owner="two", until=later + LEASE)
        )
        await never.wait()
        return "made"

    mine = Runs(desk.db, works={"export": robbed}, now=lambda: desk.at)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(mine.step(), 10)
    assert (await only(desk.db)).owner == "two"
