"""Packages that are owed each period: made, filed and noted in one transaction, each exactly once.

A package holds what was accepted by the instant at which it was due, however late it is made. What came
after the last package and is dated in a period before goes in a supplement of that period.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from maild.errors import UserError
from maild.exports.choosing import choose
from maild.exports.packing import Package
from maild.exports.sending import Sender
from maild.intake.filing import Filed
from maild.intake.packages import Made, file_package
from maild.log import incoming
from maild.model.export import Export, Order
from maild.model.period import Period, parse, period_on
from maild.model.run import Run
from maild.model.said import Said
from maild.model.team import Team
from maild.rules.book import RuleBook
from maild.store import packages, periods, runs
from maild.store.database import Database, Tx

# A document that comes more than 13 months late is a case for people.
HORIZON: Final = 396  # days
_NOTHING: Final = Said("nothing_to_send", "nothing to send")


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Does the runs of exports."""

    sender: Sender
    db: Database
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def run(self, run: Run) -> str:
        """Make what a run owes, the supplements first; a line for people on what came of it.

        Raises UserError when the export is not in the configuration any more.
        """
        team, export = self._export(run.schedule)
        period = parse(run.period)
        order = Order(
            team=team.slug,
            period=period,
            accepted_by=run.due_at,
            choice=export.choice,
            name=export.name,
        )
        for supplement in await self.db.read(partial(_supplements, order=order, team=team)):
            await self._file(supplement, team, export=export)
        return await self._file(order, team, export=export, run=run)

    async def _file(
        self, order: Order, team: Team, *, export: Export, run: Run | None = None
    ) -> str:
        """Make and file one package; the run of the period ends with its own.

        Nothing is sent when nothing is in it; that the period was dealt with is noted all the same.
        """
        chosen = await self.db.read(partial(choose, order=order, team=team))
        if not chosen.places:
            if run is not None:
                await self.db.write(partial(_note, order=order, run=run, now=self.now()))
            return _NOTHING
        package, made = await self.sender.make(
            order, team, to=export.to, mail_size=export.mail_size
        )
        if run is not None:
            self._export(run.schedule)  # it may have been ended while the package was made
        said = _packed(order, package)
        write = partial(_write, made=made, order=order, run=run, said=said, now=self.now())
        log(await self.db.write(write), order=order, package=package)
        return said

    def _export(self, schedule: str) -> tuple[Team, Export]:
        slug, _, name = schedule.partition("/")
        team = self.book().team(slug)
        found = next((one for one in team.exports if one.name == name), None)
        if found is None:
            raise UserError(
                Said(
                    "no_export",
                    f'team {slug} has no export "{name}" any more',
                    name=name,
                    team=slug,
                ),
                hint=Said(
                    "skip_owed",
                    f"maild schedule skip {schedule} PERIOD passes over what is still owed",
                    command=f"maild schedule skip {schedule}",
                ),
            )
        return team, found


def log(filed: Filed, *, order: Order, package: Package) -> None:
    """Tell the log of a package that came in."""
    incoming.export_made(
        team=order.team,
        document=filed.document.id,
        period=order.label,
        documents=package.count,
        parts=len(package.parts),
        deliveries=len(filed.deliveries),
    )


def _packed(order: Order, package: Package) -> str:
    many, parts = package.count, len(package.parts)
    english = f"{order.label}: {_counted(many, 'document')}, {_counted(parts, 'part')}"
    if parts == 1:
        return Said("packed", english, count=many)
    return Said("packed_in_parts", english, count=many, parts=parts)


def _counted(n: int, thing: str) -> str:
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def _supplements(tx: Tx, order: Order, *, team: Team) -> tuple[Order, ...]:
    """An order for each period before that something late belongs to, the oldest first.

    Those that an earlier try of this run has made are left out.
    """
    made = packages.made(tx, order.team, order.name)
    reached = max((one.accepted_by for one in made if not one.supplement), default=None)
    if reached is None or reached >= order.accepted_by:
        return ()
    zone, every = ZoneInfo(team.time_zone), order.period.every
    found = periods.late(tx, order.team, after=reached, by=order.accepted_by)
    days = {issued or at.astimezone(zone).date() for issued, at in found}
    late = sorted({period_on(day, every) for day in days if _is_late(day, order.period)})
    orders = []
    for period in late:
        own = [one for one in made if one.period == period.key]
        if any(one.supplement and one.accepted_by >= order.accepted_by for one in own):
            continue
        number = max((one.supplement for one in own), default=0) + 1
        orders.append(replace(order, period=period, after=reached, supplement=number))
    return tuple(orders)


def _is_late(day: date, period: Period) -> bool:
    return day < period.first_on and (period.first_on - day).days <= HORIZON


def _write(tx: Tx, made: Made, *, order: Order, run: Run | None, said: str, now: datetime) -> Filed:
    filed = file_package(tx, made, now=now)
    _note(tx, order, document=filed.document.id, run=run, said=said, now=now)
    return filed


def _note(
    tx: Tx,
    order: Order,
    *,
    run: Run | None,
    now: datetime,
    document: str | None = None,
    said: str = _NOTHING,
) -> None:
    note = packages.Package(
        team=order.team,
        export=order.name,
        period=order.period.key,
        supplement=order.supplement,
        accepted_by=order.accepted_by,
        document=document,
    )
    packages.add(tx, note)
    if run is not None and not runs.finish(tx, run, result=said, now=now):
        raise RuntimeError(f"{run.schedule} {run.period} was taken over by another process")
