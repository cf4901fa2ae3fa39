"""Every schedule there is: those of maild itself and those of its teams.

The one place that names them. When they are due is `rules.due`'s, that each is done once `clock`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from maild.clock.schedule import Job, Schedule
from maild.intake import answering, receipts, refusals
from maild.model.run import CatchUp
from maild.rules.book import RuleBook
from maild.rules.due import HOURLY, parse
from maild.store import devices, factors, machines, packages, runs, sessions, sign_ins
from maild.store.database import Tx

TIDY: Final = "tidy"  # the work, and the schedule it belongs to
EXPORT: Final = "export"  # the work of every team's exports
KEPT: Final = timedelta(days=40)  # how long the runs of maild's own schedules can be looked at
VISITS_KEPT: Final = timedelta(days=30)  # portal_security.md section 7
DEVICES_KEPT: Final = timedelta(days=365)  # as long as a browser keeps what it is known by
_DAILY: Final = "daily 00:00"


def schedules(book: Callable[[], RuleBook], *, receipt_within: timedelta) -> tuple[Schedule, ...]:
    """Every schedule as it is now; `book` gives the rules of the teams."""

    def digest(tx: Tx, period: str, now: datetime) -> None:
        refusals.digest(book(), tx, period, now)

    return (
        _own("refused", "tells teams of what was refused", HOURLY, job=digest),
        _own(
            "receipts",
            "looks for receipts that do not come",
            HOURLY,
            job=partial(receipts.overdue, receipt_within),
        ),
        _own("forget-answers", "forgets old answers to senders", _DAILY, job=answering.forget),
        _own("forget-refusals", "forgets old refusals", _DAILY, job=refusals.forget),
        _own("forget-visits", "forgets old sign-ins and sessions", _DAILY, job=_forget_visits),
        _own(
            "clear-packages",
            "lets go of packages whose links have ended",
            _DAILY,
            job=_clear_packages,
        ),
        _own("forget-runs", "forgets old runs of maild's own schedules", _DAILY, job=_forget_runs),
        _own(TIDY, "drops bytes that nothing names any more", "daily 03:30", work=TIDY),
        *_exports(book()),
    )


def _exports(book: RuleBook) -> Iterator[Schedule]:
    for team in book.teams:
        for export in team.exports:
            yield Schedule(
                f"{team.slug}/{export.name}",
                "sends the package of the period",
                parse(export.when),
                zone=ZoneInfo(team.time_zone),
                holidays=team.holidays,
                catch_up=export.catch_up,
                work=EXPORT,
                team=team.slug,
            )


def _own(
    name: str, what: str, when: str, *, job: Job | None = None, work: str | None = None
) -> Schedule:
    # Each of them looks at all that is there, so that one run makes up for many.
    return Schedule(
        name, what, parse(when), catch_up=CatchUp.LATEST, job=job, work=work, quiet=True
    )


def _forget_visits(tx: Tx, period: str, now: datetime) -> None:
    del period
    sign_ins.forget(tx, before=now - VISITS_KEPT)
    sessions.forget(tx, before=now - VISITS_KEPT)
    factors.forget(tx, before=now)
    devices.forget(tx, before=now - DEVICES_KEPT)
    machines.forget_requests(tx, before=now - VISITS_KEPT)


def _clear_packages(tx: Tx, period: str, now: datetime) -> None:
    del period
    for one in packages.to_clear(tx, now=now):
        packages.clear(tx, one, now=now)


def _forget_runs(tx: Tx, period: str, now: datetime) -> None:
    del period
    runs.forget(tx, _OWN, before=now - KEPT)


# The names above and those that earlier versions gave them.
_OWN: Final = (
    *(
        "refused",
        "receipts",
        "forget-answers",
        "forget-refusals",
        "forget-visits",
        "clear-packages",
        "forget-runs",
        TIDY,
    ),
    *("refused digest", "forget answers", "forget refusals"),
)
