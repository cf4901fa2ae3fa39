"""Packages that people take from the pages: of the documents they chose, or of all that a list shows.

What is in one is decided by the asker's scope, as for the list. Each is noted in the trail, and there
is a bound an hour, so that a stolen session does not carry everything away. Source:
portal_security.md section 1 (ASVS 2.4.1).
"""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import Final

from maild.errors import NotFound, UserError
from maild.exports.packing import Packer
from maild.log import portal as log
from maild.model.access import Right, Scope
from maild.model.browsing import Wish
from maild.model.delivery import Content
from maild.model.export import KINDS, Choice, Form, Order
from maild.model.period import Period
from maild.model.said import Said
from maild.model.team import Team
from maild.partners.browsing import Browsing
from maild.ports import Stored
from maild.store import trail
from maild.store.blobs import BlobStore
from maild.store.database import Tx

MOST: Final = 20_000  # documents of one package
AN_HOUR: Final = 60  # packages of one office, or of one of a team's own people
_AT_ONCE: Final = 2  # packages that are made at one time; others wait
_STEP: Final = "documents.exported"
_EXCEL: Final = {"nl": "excel-be", "fr": "excel-fr", "en": "excel-en"}


class Shape(StrEnum):
    """What somebody takes: everything, or the list of it."""

    ZIP = "zip"
    CSV = "csv"
    XLSX = "xlsx"


_FORMS: Final = {
    Shape.ZIP: tuple(Form),
    Shape.CSV: (Form.CSV,),
    Shape.XLSX: (Form.XLSX,),
}
_TYPES: Final = {
    Shape.ZIP: "application/zip",
    Shape.CSV: "text/csv",
    Shape.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: a period, a wish within it, and of that only `ids` when there are any."""

    period: Period
    wish: Wish
    ids: frozenset[str]
    shape: Shape
    language: str
    place: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A file for somebody; whoever sends it closes it."""

    name: str
    media_type: str
    content: Content
    stored: Stored | None = None

    def close(self) -> None:
        """Drop what was made for this one download."""
        if self.stored is not None:
            self.stored.close()


class Downloads:
    """Makes packages for people who look through documents."""

    def __init__(self, browsing: Browsing, packer: Packer, blobs: BlobStore) -> None:
        self._browsing, self._packer, self._blobs = browsing, packer, blobs
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def take(self, scope: Scope, slug: str, *, asked: Asked) -> Taken:
        """Make a package. Raises NotFound for a team whose documents may not be taken, UserError."""
        team = self._browsing.team(scope, slug)
        if not scope.may(Right.EXPORT, slug):
            raise NotFound(f"nothing of {slug} may be exported")
        ids = await self._browsing.ids(scope, slug, wish=asked.wish, limit=MOST + 1)
        if asked.ids:
            ids &= asked.ids
        _check(ids)
        await self._browsing.db.write(
            partial(self._count, scope=scope, team=slug, asked=asked, many=len(ids))
        )
        async with self._turns:
            return await self._make(team, asked=asked, ids=ids)

    def _count(self, tx: Tx, *, scope: Scope, team: str, asked: Asked, many: int) -> None:
        """Note it, unless this hour has had enough."""
        now, who = self._browsing.now(), scope.partner or scope.person
        if trail.count(tx, who, action=_STEP, since=now - timedelta(hours=1)) >= AN_HOUR:
            log.download_refused(team=team, place=asked.place)
            raise UserError(
                Said(
                    "packages_enough",
                    f"that is more than {AN_HOUR} packages in an hour",
                    most=AN_HOUR,
                ),
                hint=Said("whole_year", "try again in an hour; one package may hold a whole year"),
            )
        detail = f"{many} documents of {asked.period.key}, {asked.shape}"
        step = trail.Step(scope.email, _STEP, who, team, place=asked.place, detail=detail)
        trail.add(tx, step, now=now)

    async def _make(self, team: Team, *, asked: Asked, ids: Collection[str]) -> Taken:
        choice = Choice(
            kinds=KINDS,
            formats=_FORMS[asked.shape],
            dialect=_EXCEL.get(asked.language, "excel-en"),
            documents=frozenset(ids),
        )
        order = Order(team.slug, asked.period, self._browsing.now(), choice)
        package = await self._packer.pack(order, team, open_part=self._blobs.spool)
        [part] = package.parts
        taken = Taken(
            f"{team.slug}_{asked.period.key}.{asked.shape}", _TYPES[asked.shape], part, part
        )
        if asked.shape is Shape.ZIP:
            return taken
        try:
            sheet = await asyncio.to_thread(_member, part, f"index.{asked.shape}")
        finally:
            part.close()
        return replace(taken, content=sheet, stored=None)


def _check(ids: Collection[str]) -> None:
    if not ids:
        raise UserError(
            Said("nothing_in_it", "there is nothing in it"),
            hint=Said("choose_other", "choose documents or another period"),
        )
    if len(ids) > MOST:
        raise UserError(
            Said("too_many", f"that is more than {MOST:,} documents", most=MOST),
            hint=Said("choose_shorter", "choose a shorter period, or one kind"),
        )


def _member(part: Stored, name: str) -> bytes:
    with zipfile.ZipFile(part.path) as archive:
        return archive.read(name)
