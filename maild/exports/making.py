"""Packages that a person asks for: written to a file in one piece, or sent to recipients in parts.

What he may ask for in words is checked here; what goes in is decided in `choosing`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from maild.errors import UserError
from maild.exports.asked import named_period
from maild.exports.packing import Package, Packer, Progress
from maild.exports.pages import Pages
from maild.exports.scheduled import Scheduled, log
from maild.exports.sending import Sender
from maild.intake.desk import Desk
from maild.intake.packages import file_package
from maild.model.export import Choice, Order
from maild.model.run import Run
from maild.model.team import Team
from maild.ports import Stored
from maild.records import delivery_json
from maild.render.pdf import Renderer
from maild.rules.book import RuleBook
from maild.store.database import Database
from maild.store.disk import flush_folder
from maild.store.spool import Spool


@dataclass(frozen=True, slots=True)
class Exports:
    """Makes packages of the teams in the book."""

    packer: Packer
    sender: Sender
    db: Database
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def write(
        self, team: str, period: str, *, choice: Choice, path: Path, told: Progress | None = None
    ) -> dict[str, Any]:
        """Write the package of a period to a file; what it holds in short.

        The file is there whole or not at all; one that was there is replaced. Raises UserError for
        what is no period and where the file cannot be written, UnknownTeam.
        """
        whose = self.book().team(team)
        order = self._order(whose, period, choice)
        try:
            made = await self.packer.pack(order, whose, open_part=partial(_spool, path), told=told)
            [part] = made.parts
            await asyncio.to_thread(_settle, part, path)
        except OSError as fault:
            raise UserError(f"{path} cannot be written: {fault.strerror or fault}") from fault
        return {"file": str(path), "size": part.size, "sha256": part.sha256} | _told(made)

    async def send(
        self,
        team: str,
        period: str,
        *,
        choice: Choice,
        to: Sequence[str],
        told: Progress | None = None,
    ) -> dict[str, Any]:
        """Send the package of a period to recipients by name; what it holds, and its deliveries.

        Raises UserError for what is no period or no recipient, UnknownTeam.
        """
        whose = self.book().team(team)
        order = self._order(whose, period, choice)
        package, made = await self.sender.make(order, whose, to=to, told=told)
        filed = await self.db.write(partial(file_package, made=made, now=order.accepted_by))
        log(filed, order=order, package=package)
        return {
            "document": filed.document.id,
            "repeated": filed.repeated,
            "parts": [{"name": name, "size": one.size} for name, one in made.parts],
            "deliveries": [delivery_json(one) for one in filed.deliveries],
        } | _told(package)

    async def run(self, run: Run) -> str:
        """Make what a schedule owes; see `Scheduled.run`."""
        return await Scheduled(self.sender, self.db, self.book, self.now).run(run)

    def _order(self, team: Team, period: str, choice: Choice) -> Order:
        now = self.now()
        zone = ZoneInfo(team.time_zone)
        return Order(team.slug, named_period(period, now=now, zone=zone), now, choice)


def exports_over(desk: Desk, renderer: Renderer, *, folder: Path) -> Exports:
    """Packages of what came in at that desk; temporary files lie in `folder`."""
    pages = Pages(desk.db, desk.blobs, renderer)
    packer = Packer(desk.db, desk.blobs, pages, folder=folder)
    return Exports(packer, Sender(packer, desk.blobs), desk.db, desk.book, desk.now)


def _told(made: Package) -> dict[str, Any]:
    return made.summary | {"incomplete": made.missing}


def _spool(path: Path) -> Spool:
    return Spool(path.absolute().parent)


def _settle(part: Stored, path: Path) -> None:
    """Give the finished file its name; it is durable then."""
    try:
        os.fsync(part.descriptor)
        part.path.rename(path)
        flush_folder(path.absolute().parent)
    finally:
        part.close()
