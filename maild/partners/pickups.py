"""Packages behind links: shown and handed out to whoever has the link, listed and revoked by who sent it.

Looking at a link changes nothing, since programs that examine mails look at every address in them.
A download is counted before it begins, and stands in the trail and in the history of the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

from maild.errors import NotFound
from maild.log import portal as log
from maild.model.access import Scope
from maild.model.delivery import Content
from maild.model.document import Document, File, Role
from maild.model.pickup import Over, Pickup
from maild.partners.today import Today
from maild.rules.book import RuleBook
from maild.store import documents, packages, trail
from maild.store import pickups as store
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx
from maild.store.link_secrets import sha256_text

MOST_LISTED: Final = 500
_AT_ONCE: Final = 1 << 20  # larger files are sent from the disk


@dataclass(frozen=True, slots=True)
class Waiting:
    """A package behind a link. `over` says why the link gives nothing; the rest is told all the same."""

    pickup: Pickup
    document: Document
    sender: str  # the name of the team
    over: Over | None

    @property
    def files(self) -> tuple[File, ...]:
        """The parts of the package."""
        return tuple(one for one in self.document.files if one.role is Role.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Pickups:
    """What is asked of links to packages."""

    db: Database
    blobs: BlobStore
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]
    today: Today

    async def look(self, token: str) -> Waiting:
        """What a link leads to. Changes nothing. Raises NotFound for one that was never made."""
        return await self.db.read(partial(self._waiting, token=token))

    async def take(self, token: str, *, at: int, place: str) -> tuple[File, Content] | Waiting:
        """A file of the package for keeping; what is there instead when the link is over.

        Raises NotFound for a link or a file that does not exist.
        """
        waiting = await self.look(token)
        if not 0 <= at < len(waiting.files):
            raise NotFound("there is no such file")
        file = waiting.files[at]
        if waiting.over is None:
            # Before it is counted: what cannot be given is not taken.
            content = await self.blobs.content(file.sha256, at_once=_AT_ONCE)
            if await self.db.write(
                partial(self._count, one=waiting.pickup, file=file, place=place)
            ):
                one = waiting.pickup
                log.package_taken(team=one.team, document=one.document, link=one.id, place=place)
                return file, content
        return await self.look(token)

    async def holds(self, token: str) -> bool:
        """Whether a download that has begun may go on: its link was not revoked meanwhile."""
        return (await self.look(token)).pickup.revoked_at is None

    async def listed(self, *, team: str | None = None) -> tuple[Pickup, ...]:
        """The links of a team, or of all, the newest first. Raises UnknownTeam."""
        slug = None if team is None else self.book().team(team).slug
        return await self.db.read(partial(store.listed, team=slug, limit=MOST_LISTED))

    async def revoke(
        self, id_: str, *, by: str, team: str | None = None, place: str = ""
    ) -> Pickup:
        """End a link at once, downloads that are under way too. Raises NotFound, also for another team's."""
        now = self.now()

        def write(tx: Tx) -> Pickup:
            one = store.revoke(tx, id_, by=by, now=now)
            if team is not None and one.team != team:
                raise NotFound(f"there is no link {id_}")  # undone with the transaction
            if one.revoked_at is not None:
                return one
            step = trail.Step(by, "link.revoked", one.document, one.team, place, _whose(one))
            trail.add(tx, step, now=now)
            _tell(tx, one, event="link.revoked", detail=f"by {by}", at=now)
            return replace(one, revoked_at=now, revoked_by=by)

        return await self.db.write(write)

    async def revoke_own(self, scope: Scope, slug: str, id_: str, *, place: str) -> None:
        """The same by one of the team's own people. Raises NotFound."""
        team = self.today.team(scope, slug)
        await self.revoke(id_, by=scope.email, team=team.slug, place=place)

    def _waiting(self, tx: Tx, *, token: str) -> Waiting:
        one = store.find(tx, sha256_text(token))
        if one is None:
            raise NotFound("there is no such link")
        over = one.over(self.now())
        if packages.is_cleared(tx, one.document):
            over = over or Over.CLEARED
        names = {team.slug: team.name for team in self.book().teams}
        document = documents.get(tx, one.document)
        return Waiting(one, document, names.get(one.team, one.team), over)

    def _count(self, tx: Tx, *, one: Pickup, file: File, place: str) -> bool:
        now = self.now()
        if not store.take(tx, one.id, now=now):
            return False
        detail = f"{file.name} by {_whose(one)}"
        # Who it was is not known: only that he had the link.
        step = trail.Step(f"link {one.id}", "package.taken", one.document, one.team, place, detail)
        trail.add(tx, step, now=now)
        _tell(tx, one, event="package.taken", detail=detail, at=now)
        return True


def _whose(one: Pickup) -> str:
    return f"the link {one.id} that was mailed to {one.address}"


def _tell(tx: Tx, one: Pickup, *, event: str, detail: str, at: datetime) -> None:
    documents.add_event(
        tx,
        at=at,
        event=event,
        team=one.team,
        document=one.document,
        delivery=one.delivery,
        detail=detail,
    )
