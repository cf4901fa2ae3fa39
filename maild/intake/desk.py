"""The desk: every document that comes in comes in here, whatever the door.

`accept` reads, decides and stores; only after the commit does it return, and then the door may say
yes. `explain` does the same without storing. Doors know bytes and envelopes; the desk knows neither
sockets nor folders.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from maild.errors import DocumentError
from maild.intake import familiar, taken
from maild.intake.answering import Asker, asker, tell_taken
from maild.intake.drafts import Draft
from maild.intake.extract import extract
from maild.intake.filing import Acceptance, Case, Considered, file_case
from maild.intake.mail_text import Take, take_of
from maild.intake.mark import Mark
from maild.intake.opening import Opener
from maild.intake.page_reading import PageReader, bought
from maild.intake.policy import check_mail
from maild.intake.refusals import Refusals
from maild.intake.returns import Returns
from maild.intake.senders import COPY, TRUSTED, Guest, Senders, is_copy, set_aside
from maild.intake.token_mails import TokenMails
from maild.model.document import Arrival, Document, Role
from maild.model.team import Mode, Team
from maild.model.verp import Verp
from maild.reading.bounds import MAX_HEADER_BLOCK, header_block
from maild.reading.mail import Mail
from maild.reading.reader import MailReader
from maild.rules.book import RuleBook
from maild.rules.decide import decide
from maild.store import documents, marks
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx
from maild.store.spool import Original, beginning_of
from maild.ubl.recent import Known, RecentBills

# Bills of more bytes are read beside the event loop: it takes longer than other clients should wait.
LARGE: Final = 256_000

CLI: Final = "cli"  # whoever stands at this door reads the refusal himself


@dataclass(frozen=True, slots=True)
class Submission:
    """Something handed in for one team: a mail byte for byte, with its envelope.

    A large one lies in a file of the store; whoever made that file closes it after `accept`. `tag`
    is what stood after the "+" of the address, a key of `maild.rules.book.TAGS`. `take` says what
    the document is: the files in the mail, its text (an invoice that is no file), or both.
    """

    team: str
    door: str  # "smtp", "folder", "mailbox", "codabox", "api" or "cli"
    raw: Original = field(repr=False)
    received_at: datetime
    sender: str | None = None
    recipient: str | None = None
    tag: str | None = None
    peer: str | None = None
    take: Take = "attachments"


@dataclass(frozen=True, slots=True)
class Explained:
    """What would happen, or what happens now, to one document."""

    considered: Considered
    same_content: Document | None
    same_number: tuple[Document, ...]
    shadow: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """The one way in."""

    db: Database
    blobs: BlobStore
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]
    refusals: Refusals
    reader: MailReader
    opener: Opener
    recent: RecentBills = field(default_factory=RecentBills)
    verp: Verp = field(default_factory=Verp)
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # see `Senders`
    token_mails: TokenMails | None = None  # where a connector gets its keys by mail

    @property
    def returns(self) -> Returns:
        """What takes in reports about mails of ours."""
        return Returns(self.db, self.blobs, self.book, self.now, self.verp)

    async def accept(self, submission: Submission, *, mark: Mark | None = None) -> Acceptance:
        """Read, decide and store; what it returns is durable, and so is the door's `mark`.

        Raises DocumentError when the sender has to change something; the refusal is kept for the
        team. Anything else that it raises means: not now.
        """
        started = time.monotonic()
        team, guest = self.book().team(submission.team), TRUSTED
        try:
            report = await self.returns.take(submission, mark=mark)
            if report is None and self.token_mails is not None:
                report = await self.token_mails.take(submission, mark=mark)
            if report is not None:
                return report
            guest = await self._guest(submission, team)
            async with self._read(submission, team) as (mail, drafts):
                contents = taken.contents(submission.raw, drafts)
                staged = await asyncio.gather(*map(self.blobs.stage, contents))
        except DocumentError as fault:
            if submission.door != CLI:
                whom = asker(team, guest, door=submission.door)
                await self.refuse(submission, fault, mark=mark, whom=whom)
            raise
        arrival = taken.arrival(submission, mail, original=staged[0].sha256)
        case = Case(
            team=team,
            arrival=arrival,
            considered=self._considered(drafts, mail, team=team, arrival=arrival, guest=guest),
            guest=guest,
            staged=taken.once(staged),
            now=arrival.received_at,
        )
        acceptance = await self.db.write(partial(_file, case, mark))
        self._remember(drafts)
        taken.log(acceptance, took=time.monotonic() - started)
        return acceptance

    async def refuse(
        self,
        submission: Submission,
        fault: DocumentError,
        *,
        mark: Mark | None = None,
        whom: Asker | None = None,
    ) -> None:
        """Keep it for its team as refused. Never raises; see `Refusals.keep`."""
        await self.refusals.keep(taken.refused(submission), fault, mark=mark, whom=whom)

    async def explain(self, submission: Submission) -> tuple[Explained, ...]:
        """What `accept` would do with it now; nothing is stored. Raises DocumentError."""
        team = self.book().team(submission.team)
        async with self._read(submission, team) as (mail, drafts):
            arrival = taken.arrival(submission, mail, original="")
        considered = self._considered(drafts, mail, team=team, arrival=arrival, guest=TRUSTED)
        return tuple([await self._explained(one, team) for one in considered])

    async def explain_stored(self, document: str) -> Explained:
        """What today's rules say of a stored document. Raises NotFound."""
        stored = await self.db.read(partial(documents.get, id=document))
        team = self.book().team(stored.team)
        considered = Considered(stored, decide(team, stored, now=self.now()))
        explained = await self._explained(considered, team)
        others = tuple(one for one in explained.same_number if one.id != stored.id)
        return replace(explained, same_content=None, same_number=others)

    @asynccontextmanager
    async def _read(
        self, submission: Submission, team: Team
    ) -> AsyncIterator[tuple[Mail, tuple[Draft, ...]]]:
        """The mail and its documents; large files of theirs are there to the end of the context."""
        async with self.reader.opened(submission.raw) as mail:
            check_mail(mail)
            wanted = take_of(submission.take, team)
            opened = await self.opener.open(mail, raw=submission.raw, take=wanted)
            if team.reads_pages and (kind := bought(submission.tag)):
                pages = PageReader(self.opener.sandbox, self.db)
                opened = await self.opener.read_pages(
                    mail, opened, pages=pages, team=team, kind=kind
                )
            take = partial(extract, mail, team=team, tag=submission.tag, opened=opened)
            large = sum(one.size for one in mail.parts) > LARGE
            drafts = await asyncio.to_thread(take) if large else take()
            if mail.trace is not None and await self.returns.is_ours(mail.trace):
                raise DocumentError(
                    "maild itself sent this mail; it would go round in a circle", smtp="554 5.4.6"
                )
            yield mail, drafts

    def _remember(self, drafts: tuple[Draft, ...]) -> None:
        """Keep what was read in their UBL for the outbox, which composes them in a moment."""
        for draft in drafts:
            for one in draft.sheets:
                # What maild made of JSON was written and not read: its bill may say more. Large ones
                # lie on the disk and are gone by now.
                read = one.role is Role.UBL and not one.made
                if read and draft.bill and isinstance(one.body, bytes):
                    self.recent.keep(one.sha256, Known(one.body, draft.bill))

    async def _guest(self, submission: Submission, team: Team) -> Guest:
        head = header_block(beginning_of(submission.raw, MAX_HEADER_BLOCK))
        return await Senders(self.db, self.servers).look(
            team,
            head,
            door=submission.door,
            peer=submission.peer,
            envelope=submission.sender,
        )

    def _considered(
        self,
        drafts: tuple[Draft, ...],
        mail: Mail,
        *,
        team: Team,
        arrival: Arrival,
        guest: Guest,
    ) -> tuple[Considered, ...]:
        """The documents with what the rules say of them, and what speaks against it."""
        aside = COPY if is_copy(team, guest.origin, mail) else None
        found = []
        for draft in drafts:
            document = taken.document(draft, team=team, arrival=arrival)
            decision = decide(team, document, now=arrival.received_at)
            if aside:
                decision = set_aside(decision, aside)
            hold = guest.hold(draft.hold, bare=draft.bill is None)
            found.append(
                Considered(document, decision, draft.warnings, hold, aside=aside, read=draft.read)
            )
        return tuple(found)

    async def _explained(self, considered: Considered, team: Team) -> Explained:
        return await self.db.read(partial(_look_up, considered, team))


def _file(case: Case, mark: Mark | None, tx: Tx) -> Acceptance:
    acceptance = file_case(case, tx)
    whom = asker(case.team, case.guest, door=case.arrival.door)
    tell_taken(tx, whom, acceptance, waits=case.guest.is_stranger, now=case.now)
    if mark is not None:
        mark.accepted(tx, acceptance)
    return acceptance


def _look_up(considered: Considered, team: Team, tx: Tx) -> Explained:
    document = considered.document
    seen = familiar.look(tx, document, team=team)
    live = marks.get(tx, f"golive:{team.slug}") is not None
    return Explained(
        considered=considered,
        same_content=seen.twin,
        same_number=seen.earlier,
        shadow=team.mode is Mode.SHADOW and not live,
    )
