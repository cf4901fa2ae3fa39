"""Alarms about the clock: work that failed, and work that nobody does."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.model.run import Run, RunState
from maild.store import alarms, runs
from maild.watch.sources import FAILING, OVERDUE
from tests.store.builders import NOW
from tests.watch.conftest import Night

MINUTE = timedelta(minutes=1)


def a_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "schedule": "acme/monthly",
        "period": "2026-02",
        "state": RunState.DUE,
        "at": NOW,
        "due_at": NOW,
        "not_before": NOW,
        "work": "export",
    }
    return Run(**values | changes)


@pytest.mark.parametrize(
    ("run", "quiet_until"),
    [
        (a_run(), OVERDUE),
        (a_run(state=RunState.RUNNING), OVERDUE),
        (a_run(work=None, state=RunState.FAILED), FAILING),
    ],
    ids=["due", "running", "short work that fails"],
)
async def test_work_that_takes_too_long_is_an_alarm(
    night: Night, run: Run, quiet_until: timedelta
) -> None:
    await night.db.write(partial(runs.add, run=run))
    night.moment = NOW + quiet_until - MINUTE
    await night.watchman().look()
    assert await night.keys() == []
    night.moment = NOW + quiet_until
    await night.watchman().look()
    assert await night.keys() == ["run:acme/monthly"]


async def test_long_work_that_failed_is_an_alarm_at_once_until_somebody_acts(night: Night) -> None:
    failed = a_run(state=RunState.FAILED, result="the recipient is unknown")
    await night.db.write(partial(runs.add, run=failed))
    await night.watchman().look()
    [alarm] = await night.db.read(alarms.standing)
    assert alarm.reason == (
        "acme/monthly: the work of 2026-02 failed: the recipient is unknown; "
        "then maild schedule run acme/monthly 2026-02"
    )
    await night.db.write(partial(runs.ask_again, run=failed, now=NOW))
    await night.watchman().look()
    assert await night.keys() == []


@pytest.mark.parametrize("state", [RunState.DONE, RunState.SKIPPED])
async def test_what_is_over_is_no_alarm(night: Night, state: RunState) -> None:
    await night.db.write(partial(runs.add, run=a_run(state=state)))
    night.moment = NOW + timedelta(days=9)
    await night.watchman().look()
    assert await night.keys() == []
