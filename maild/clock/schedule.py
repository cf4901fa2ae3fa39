"""A schedule as a value: its periods, when each is due, what is made up for, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from maild.model.period import Period, parse, period_of
from maild.model.run import CatchUp
from maild.model.said import Said
from maild.rules.due import Due
from maild.store.database import Tx

Job = Callable[[Tx, str, datetime], None]

HORIZON: Final = timedelta(days=396)  # 13 months; what came due before that is nobody's wish
ON_TIME: Final = timedelta(hours=1)  # later than this, a period was missed


@dataclass(frozen=True, slots=True)
class Schedule:
    """Work that is owed once a period.

    `job(tx, period, now)` is short and is done in the transaction of its run; `work` names long work
    that `Runs` does. One of both is given. `quiet` schedules leave no row for a missed period.
    """

    name: str  # "tidy", or "acme/monthly" for a team's own
    what: str  # for people: "tells teams of what was refused"
    due: Due
    zone: tzinfo = UTC
    holidays: str = ""
    catch_up: CatchUp = CatchUp.ALL
    job: Job | None = None
    work: str | None = None
    team: str | None = None
    quiet: bool = False

    def start(self, now: datetime) -> Period:
        """The period that counts as dealt with when the schedule is new at `now`.

        What is over when it is due goes on with the next instant, so that who asks for a monthly
        export on the 3rd gets that of last month on the 6th. A day or hour begins with itself.
        """
        if self.due.is_after:
            return self.due.last(now, self.zone, holidays=self.holidays)[0]
        return period_of(now, self.due.every, zone=self.zone).previous

    def counts_from(self, reached: str | None) -> bool:
        """Whether `reached` is one of its periods; not when `when` went from monthly to quarterly."""
        return reached is not None and parse(reached).every is self.due.every

    def owed(
        self, now: datetime, *, reached: str, restored: tuple[datetime, str] | None = None
    ) -> Iterator[Owed]:
        """What came due after the period `reached`, oldest first, and what is to be done about it.

        What came due before the store was `restored` may have been done by the daemon whose backup
        it is, so only quiet schedules, which do no harm twice, make up for it.
        """
        oldest = period_of(now - HORIZON, self.due.every, zone=self.zone)
        after = max(parse(reached), oldest.previous)
        found = list(self.due.owed(now, self.zone, after=after, holidays=self.holidays))
        for period, due_at in found:
            late = now - due_at > ON_TIME
            skipped = self._passed_over(period, newest=found[-1][0]) if late else None
            if restored is not None and due_at <= restored[0] and not self.quiet:
                skipped = restored[1]
            yield Owed(period, due_at, skipped)

    def next(self, now: datetime) -> tuple[Period, datetime]:
        """The first period that is due later than `now`, and when."""
        return self.due.next(now, self.zone, holidays=self.holidays)

    def _passed_over(self, period: Period, *, newest: Period) -> str | None:
        """Why a period that was missed is not made up for, if it is not."""
        if self.catch_up is CatchUp.ALL:
            return None
        if self.catch_up is CatchUp.SKIP:
            return Said("not_running", "maild did not run when it was due")
        if period == newest:
            return None
        english = f"maild did not run when it was due, and {newest.key} came after it"
        return Said("not_running_newer", english, period=newest.key)


class Owed(NamedTuple):
    """A period that is due; `skipped` says why its work is passed over, if it is."""

    period: Period
    due_at: datetime
    skipped: str | None
