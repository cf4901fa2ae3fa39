"""Looking through the documents of teams: every question is asked with the scope of the asker.

What is not his does not exist for him: NotFound, as for an id that was never given. Source:
portal_security.md section 3.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from maild.errors import DocumentError, NotFound
from maild.exports.gaps import Gap, between, gaps
from maild.exports.pages import Pages
from maild.model.access import Right, Scope
from maild.model.bill import Bill
from maild.model.browsing import Activity, Place, Sums, Wish
from maild.model.delivery import Content
from maild.model.document import Direction, Document, File, Kind, Role
from maild.model.team import Team
from maild.reading.preview import Preview, preview
from maild.reading.sandbox import Sandbox
from maild.records import Records
from maild.rules.book import RuleBook
from maild.store import browsing, documents, series, trail
from maild.store.activity import activities
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx
from maild.store.periods import known_numbers
from maild.ubl.document import read

PAGE: Final = 50
MOST_BREAKS: Final = 2_000  # places of a period where numbers may be missing
_AT_ONCE: Final = 1 << 20  # larger files are sent from the disk
_LONGEST_UBL: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list: the documents, which of them are new, and where it goes on."""

    documents: tuple[Document, ...]
    new: frozenset[str]
    more: Place | None
    sums: Sums


@dataclass(frozen=True, slots=True)
class Opened:
    """One document with its figures, if there are any, and its story as `documents show` tells it."""

    document: Document
    shown: dict[str, Any]
    warnings: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Browsing:
    """What people with a scope may look at."""

    db: Database
    blobs: BlobStore
    records: Records
    book: Callable[[], RuleBook]
    sandbox: Sandbox
    pages: Pages
    now: Callable[[], datetime]

    def team(self, scope: Scope, slug: str) -> Team:
        """A team of which something may be seen. Raises NotFound."""
        if slug not in scope.teams:
            raise NotFound(f'there is no team "{slug}"')
        return self.book().team(slug)

    async def teams(self, scope: Scope) -> tuple[tuple[Team, Activity], ...]:
        """Every team of which something may be seen, with what came lately."""
        mine = [team for team in self.book().teams if team.slug in scope.teams]
        seen = {team.slug: scope.directions(team.slug) for team in mine}
        look = partial(activities, seen=seen, partner=scope.partner, now=self.now())
        found = await self.db.read(look)
        return tuple((team, found[team.slug]) for team in mine)

    async def page(
        self, scope: Scope, slug: str, *, wish: Wish, behind: Place | None = None
    ) -> Listed:
        """Documents of a team, a page at a time. Raises NotFound."""
        team = self.team(scope, slug)
        wish = _within(wish, scope.directions(team.slug))

        def look(tx: Tx) -> Listed:
            found, more = browsing.page(
                tx, team.slug, wish=wish, partner=scope.partner, behind=behind, limit=PAGE
            )
            new: frozenset[str] = frozenset()
            if scope.partner:
                ids = [one.id for one in found]
                new = browsing.new_among(tx, team.slug, partner=scope.partner, ids=ids)
            sums = browsing.sums(tx, team.slug, wish=wish, partner=scope.partner)
            return Listed(found, new, more, sums)

        return await self.db.read(look)

    async def ids(self, scope: Scope, slug: str, *, wish: Wish, limit: int) -> set[str]:
        """The documents of a wish, at most so many. Raises NotFound."""
        team = self.team(scope, slug)
        wish = _within(wish, scope.directions(team.slug))
        look = partial(browsing.ids, team=slug, wish=wish, partner=scope.partner, limit=limit)
        return await self.db.read(look)

    async def gaps(self, scope: Scope, slug: str, *, days: tuple[date, date]) -> tuple[Gap, ...]:
        """What is missing before a number that a team issued in these days. Raises NotFound."""
        team = self.team(scope, slug)
        if Direction.SALES not in scope.directions(team.slug):
            return ()
        return await self.db.read(partial(_gaps, team=team.slug, days=days, now=self.now()))

    async def open(self, scope: Scope, id_: str) -> Opened:
        """One document with everything that is known of it. Raises NotFound."""
        document = await self._mine(scope, id_)

        def look(tx: Tx) -> tuple[tuple[str, ...], bool]:
            new = scope.partner is not None and bool(
                browsing.new_among(tx, document.team, partner=scope.partner, ids=[id_])
            )
            return documents.warnings_of(tx, id_), new

        warnings, is_new = await self.db.read(look)
        shown = await self.records.show(id_)
        return Opened(await self._with_figures(document), shown, warnings, is_new)

    async def file(
        self, scope: Scope, id_: str, *, at: int, place: str = ""
    ) -> tuple[Document, File, Content]:
        """A document with one file of it, counted from 0; that it was taken is noted. Raises NotFound."""
        document = await self._mine(scope, id_)
        if not 0 <= at < len(document.files):
            raise NotFound(f"document {id_} has no file {at}")
        file = document.files[at]
        await self._note(
            scope, document, action="document.downloaded", detail=file.name, place=place
        )
        return document, file, await self.blobs.content(file.sha256, at_once=_AT_ONCE)

    async def picture(self, scope: Scope, id_: str, *, page: int) -> Preview:
        """A page of a document's PDF as PNG. Raises NotFound, Unreadable."""
        pdf = await self._pdf(await self._mine(scope, id_))
        return await preview(self.sandbox, await self.blobs.read(pdf.sha256), page=page)

    async def pdf(
        self, scope: Scope, id_: str, *, place: str = ""
    ) -> tuple[Document, File, Content]:
        """The PDF of a document, made and kept where none came along; noted. Raises NotFound."""
        document = await self._mine(scope, id_)
        file = await self._pdf(document)
        await self._note(
            scope, document, action="document.downloaded", detail=file.name, place=place
        )
        return document, file, await self.blobs.content(file.sha256, at_once=_AT_ONCE)

    async def prove(self, scope: Scope, id_: str, *, place: str = "") -> Document:
        """A document whose proof somebody takes, which is noted. Raises NotFound."""
        document = await self._mine(scope, id_)
        await self._note(scope, document, action="document.proven", detail="", place=place)
        return document

    async def process(self, scope: Scope, slug: str, *, ids: Sequence[str] | None) -> int:
        """Mark documents as processed by one's office, all so far with None; how many. Raises NotFound."""
        team = self.team(scope, slug)
        partner = scope.partner
        if partner is None:
            raise NotFound("only somebody of an office marks documents")

        def write(tx: Tx) -> int:
            count = 0
            if ids is None:
                browsing.process_all(tx, team.slug, partner=partner, by=scope.email, now=self.now())
            else:
                count = browsing.process(
                    tx, team.slug, partner=partner, ids=ids, by=scope.email, now=self.now()
                )
            detail = "everything" if ids is None else f"{count} documents"
            step = trail.Step(scope.email, "documents.processed", partner, team.slug, detail=detail)
            trail.add(tx, step, now=self.now())
            return count

        return await self.db.write(write)

    async def _mine(self, scope: Scope, id_: str) -> Document:
        document = await self.db.read(partial(documents.get, id=id_))
        if not may_see(scope, document):
            raise NotFound(f'there is no document "{id_}"')
        return document

    async def _note(
        self, scope: Scope, document: Document, *, action: str, detail: str, place: str
    ) -> None:
        step = trail.Step(scope.email, action, document.id, document.team, place, detail)
        await self.db.write(partial(trail.add, step=step, now=self.now()))

    async def _pdf(self, document: Document) -> File:
        if there := drawable(document):
            return there
        ubl = await self._ubl(document)
        bill = _bill(ubl)
        made = None
        if bill is not None:
            team = self.book().team(document.team)
            made = await self.pages.make(document, bill, ubl=ubl, team=team)
        if made is None:
            raise NotFound(f"document {document.id} has no PDF, and none can be made of it")
        return made[0]

    async def _with_figures(self, document: Document) -> Document:
        return replace(document, bill=_bill(await self._ubl(document)))

    async def _ubl(self, document: Document) -> bytes:
        """Its UBL, empty where there is none that a page can be made of."""
        ubl = document.file(Role.UBL)
        if ubl is None or ubl.size > _LONGEST_UBL:
            return b""
        return await self.blobs.read(ubl.sha256)


def _gaps(tx: Tx, *, team: str, days: tuple[date, date], now: datetime) -> tuple[Gap, ...]:
    lacking = between(series.breaks(tx, team, days=days, limit=MOST_BREAKS))
    wanted = [one.number for one in lacking]
    # Invoices and credit notes are often numbered in one series.
    there = {number for _, number in known_numbers(tx, team, wanted, accepted_by=now)}
    return gaps(one for one in lacking if one.number not in there)


def may_see(scope: Scope, document: Document) -> bool:
    """Whether a document may be seen: of an own team all, of others by direction."""
    if document.team in scope.owns:
        return True
    if document.kind is Kind.EXPORT:  # both directions may be in it
        rights = (Right.EXPORT, Right.SALES, Right.PURCHASE)
        return all(scope.may(one, document.team) for one in rights)
    return document.direction in scope.directions(document.team)


def drawable(document: Document) -> File | None:
    """The file whose pages are shown: the PDF, else the original if it is one."""
    pdfs = [one for one in document.files if one.media_type == "application/pdf"]
    return next((one for one in pdfs if one.role is Role.PDF), pdfs[0] if pdfs else None)


def _bill(ubl: bytes) -> Bill | None:
    try:
        return read(ubl) if ubl else None
    except DocumentError:  # it was accepted as a file; its page image tells more
        return None


def _within(wish: Wish, allowed: Collection[Direction]) -> Wish:
    """A wish for no more than may be seen."""
    asked = wish.directions or frozenset(allowed)
    return replace(wish, directions=asked & frozenset(allowed))
