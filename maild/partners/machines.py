"""Programs of a team: let in by a token, they hand documents in, look at them, and follow what happens.

A token is for one team and says what it may do. What it may not see does not exist: NotFound.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from maild.errors import DocumentError, NotFound, Problem
from maild.intake.desk import Desk, Submission
from maild.intake.filing import Acceptance
from maild.model.delivery import Content
from maild.model.document import Document, File
from maild.model.ids import new_id
from maild.model.machine import Machine, May, Request
from maild.reading.wrap import wrap
from maild.records import Records
from maild.rules.book import TAGS, RuleBook
from maild.store import documents, trail
from maild.store import machines as store
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx
from maild.store.link_secrets import sha256_text

DOOR: Final = "api"
PREFIX: Final = "maild_"  # programs that look for secrets in code know tokens by such a beginning
MOST_EVENTS: Final = 500
_LOOKED_AT: Final = 5_000  # lines of history that one question reads
_NOTED_EVERY: Final = timedelta(minutes=1)
_AT_ONCE: Final = 1 << 20  # larger files are sent from the disk


@dataclass(frozen=True, slots=True)
class Handed:
    """What a program hands in: named files, and a key under which a repeat is known."""

    files: Sequence[tuple[str, bytes]]
    tag: str | None = None
    key: str = ""
    place: str = ""

    @property
    def content(self) -> str:
        """The SHA-256 of all of it."""
        digest = hashlib.sha256((self.tag or "").encode())
        for name, content in self.files:
            digest.update(hashlib.sha256(name.encode()).digest())
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Taken:
    """What it became: the documents, which of them are new, and what was odd about them."""

    documents: tuple[Document, ...]
    fresh: frozenset[str]
    warnings: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Machines:
    """What programs may ask, and what an operator does about them."""

    db: Database
    desk: Desk
    records: Records
    blobs: BlobStore
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def add(
        self, team: str, name: str, *, may: Collection[May], by: str
    ) -> tuple[str, Machine]:
        """A new token, which nobody can be shown again, and the program it lets in. Raises UnknownTeam."""
        slug, now = self.book().team(team).slug, self.now()
        token = PREFIX + secrets.token_urlsafe(32)
        one = Machine(new_id("m"), slug, name[:200], frozenset(may), now, by)

        def write(tx: Tx) -> None:
            store.add(tx, one, token=sha256_text(token))
            trail.add(tx, _step(one, "token.added", by=by), now=now)

        await self.db.write(write)
        return token, one

    async def of_team(self, team: str) -> tuple[Machine, ...]:
        """The programs that a team has or had, the newest first. Raises UnknownTeam."""
        return await self.db.read(partial(store.of_team, team=self.book().team(team).slug))

    async def revoke(self, id_: str, *, by: str) -> Machine:
        """End a token; it holds at once. Raises NotFound."""
        now = self.now()

        def write(tx: Tx) -> Machine:
            one = store.revoke(tx, id_, now=now)
            if one.revoked_at is None:
                trail.add(tx, _step(one, "token.revoked", by=by), now=now)
            return replace(one, revoked_at=one.revoked_at or now)

        return await self.db.write(write)

    async def known(self, token: str) -> Machine | None:
        """The program that holds this token; None for one that is unknown, revoked, or of no team."""
        now = self.now()
        one = await self.db.read(partial(store.find, token=sha256_text(token)))
        if one is None or one.team not in {team.slug for team in self.book().teams}:
            return None
        if one.used_at is None or one.used_at + _NOTED_EVERY <= now:
            await self.db.write(partial(store.used, id_=one.id, now=now))
        return one

    async def take(self, machine: Machine, handed: Handed) -> Taken:
        """Take files in as one arrival; what it returns is durable.

        What came before, by content or under the same key, is named and not taken again.
        Raises DocumentError.
        """
        if handed.tag is not None and handed.tag not in TAGS:
            problem = f'"{handed.tag}" is no tag; there are {", ".join(TAGS)}'
            raise DocumentError(Problem("api.tag", "tag", problem))
        if handed.key:
            before = await self.db.read(partial(store.request, team=machine.team, key=handed.key))
            if before is not None:
                return await self._repeated(before, handed)
        submission = Submission(
            team=machine.team,
            door=DOOR,
            raw=wrap(handed.files),
            received_at=self.now(),
            tag=handed.tag,
            peer=handed.place or None,
        )
        noted = _Noted(machine.team, handed, self.now()) if handed.key else None
        acceptance = await self.desk.accept(submission, mark=noted)
        return Taken(
            documents=tuple(one.document for one in acceptance.filed),
            fresh=frozenset(one.document.id for one in acceptance.fresh),
            warnings=tuple(text for one in acceptance.filed for text in one.warnings),
            note=acceptance.note,
        )

    async def document(self, machine: Machine, id_: str) -> dict[str, Any]:
        """One document with its deliveries and its story. Raises NotFound."""
        await self._mine(machine, id_)
        return await self.records.show(id_)

    async def file(
        self, machine: Machine, id_: str, *, at: int, place: str
    ) -> tuple[File, Content]:
        """One file of a document, counted from 0; that it was taken is noted. Raises NotFound."""
        document = await self._mine(machine, id_)
        if not 0 <= at < len(document.files):
            raise NotFound(f"document {id_} has no file {at}")
        file = document.files[at]
        step = replace(
            _step(machine, "document.downloaded", by=f"{machine.name} ({machine.id})"),
            object=id_,
            place=place,
            detail=file.name,
        )
        await self.db.write(partial(trail.add, step=step, now=self.now()))
        return file, await self.blobs.content(file.sha256, at_once=_AT_ONCE)

    async def events(
        self, machine: Machine, *, after: int, limit: int
    ) -> tuple[Sequence[store.Happened], int, bool]:
        """What happened to the team after a line of its history, oldest first.

        With them the line to ask on from, and whether there is more now.
        """
        return await self.db.read(
            partial(
                store.happened,
                team=machine.team,
                after=after,
                limit=min(limit, MOST_EVENTS),
                looked_at=_LOOKED_AT,
            )
        )

    async def _mine(self, machine: Machine, id_: str) -> Document:
        document = await self.db.read(partial(documents.get, id=id_))
        if document.team != machine.team:
            raise NotFound(f'there is no document "{id_}"')
        return document

    async def _repeated(self, before: Request, handed: Handed) -> Taken:
        if before.content != handed.content:
            raise _reused(handed.key)
        found = await self.db.read(partial(documents.several, ids=before.documents))
        return Taken(documents=found, fresh=frozenset())


@dataclass(frozen=True, slots=True)
class _Noted:
    """Notes the key in the transaction that stores what was handed in under it."""

    team: str
    handed: Handed
    at: datetime

    def accepted(self, tx: Tx, acceptance: Acceptance) -> None:
        """Keep the key, or undo everything when it was used for other files a moment ago."""
        ids = tuple(one.document.id for one in acceptance.filed)
        one = Request(self.team, self.handed.key, self.handed.content, ids, self.at)
        if store.add_request(tx, one):
            return
        before = store.request(tx, self.team, key=one.key)
        if before is None or before.content != one.content:
            raise _reused(one.key)

    def refused(self, tx: Tx, refusal: str, fault: DocumentError) -> None:
        """What was refused may be corrected and handed in under the same key."""


def _reused(key: str) -> DocumentError:
    said = f'"{key}" was used for other files; take a new key for each request'
    return DocumentError(Problem("api.key", "Idempotency-Key", said))


def _step(machine: Machine, action: str, *, by: str) -> trail.Step:
    detail = f"{machine.name}: {', '.join(sorted(machine.may))}"
    return trail.Step(by, action, machine.id, machine.team, detail=detail)
