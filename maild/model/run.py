"""One run of a schedule: the work of one period, owed once, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CatchUp(StrEnum):
    """What is made up for of the periods that came due while maild did not run."""

    ALL = "all"  # each of them, oldest first
    LATEST = "latest"  # the newest only
    SKIP = "skip"  # none


class RunState(StrEnum):
    """Where the work of a period stands."""

    DUE = "due"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # a person must look; `maild schedule run` tries again
    SKIPPED = "skipped"


OPEN = frozenset({RunState.DUE, RunState.RUNNING})


@dataclass(frozen=True, slots=True)
class Run:
    """The row of one schedule and one period. Times are aware UTC.

    `work` names what does it when it is long work; None is work done in the transaction of the row.
    `result` says what came of it, or why it failed or was skipped. `tries` rises each time that the
    work begins; with `owner` it tells a holder whether the run is still his.
    """

    schedule: str
    period: str  # a key of maild.model.period
    state: RunState
    at: datetime  # when the row was written
    due_at: datetime
    not_before: datetime
    work: str | None = None
    tries: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    result: str = ""
