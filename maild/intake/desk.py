"""The desk: every document that comes in comes in here, whatever the door.

`accept` reads, decides and stores; only after the commit does it return, and then the door may say
yes. `explain` does the same without storing. Doors know bytes and envelopes; the desk knows neither
sockets nor folders.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final

from maild.errors import DocumentError
from maild.intake import familiar
from maild.intake.drafts import Draft
from maild.intake.extract import extract
from maild.intake.filing import Acceptance, Case, Considered, file_case
from maild.intake.mail_text import Take, take_of
from maild.intake.mark import Mark
from maild.intake.opening import Opener
from maild.intake.policy import check_mail
from maild.intake.refusals import Refusals, Refused
from maild.intake.returns import Returns
from maild.log import incoming
from maild.model.delivery import State
from maild.model.document import Arrival, Document, File, Role
from maild.model.ids import new_id
from maild.model.team import Mode, Team
from maild.model.verp import Verp
from maild.reading import mime
from maild.reading.bounds import MAX_HEADER_BLOCK
from maild.reading.mail import Body, Mail
from maild.reading.reader import MailReader
from maild.rules.book import RuleBook
from maild.rules.decide import decide
from maild.store import documents, marks
from maild.store.blobs import BlobStore, Staged
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
    door: str  # "smtp", "folder", "mailbox" or "cli"
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
        team = self.book().team(submission.team)
        try:
            report = await self.returns.take(submission, mark=mark)
            if report is not None:
                return report
            async with self._read(submission, team) as (mail, drafts):
                contents = _contents(submission.raw, drafts)
                staged = await asyncio.gather(*map(self.blobs.stage, contents))
        except DocumentError as fault:
            if submission.door != CLI:
                await self.refuse(submission, fault, mark=mark)
            raise
        arrival = _arrival(submission, mail, original=staged[0].sha256)
        case = Case(
            team=team,
            arrival=arrival,
            considered=tuple(self._consider(draft, team=team, arrival=arrival) for draft in drafts),
            staged=_once(staged),
            now=arrival.received_at,
        )
        acceptance = await self.db.write(partial(_file, case, mark))
        self._remember(drafts)
        _log(acceptance, took=time.monotonic() - started)
        return acceptance

    async def refuse(
        self, submission: Submission, fault: DocumentError, *, mark: Mark | None = None
    ) -> None:
        """Keep it for its team as refused. Never raises; see `Refusals.keep`."""
        await self.refusals.keep(_refused(submission), fault, mark=mark)

    async def explain(self, submission: Submission) -> tuple[Explained, ...]:
        """What `accept` would do with it now; nothing is stored. Raises DocumentError."""
        team = self.book().team(submission.team)
        async with self._read(submission, team) as (mail, drafts):
            arrival = _arrival(submission, mail, original="")
        return tuple(
            [
                await self._explained(self._consider(draft, team=team, arrival=arrival), team)
                for draft in drafts
            ]
        )

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

    def _consider(self, draft: Draft, *, team: Team, arrival: Arrival) -> Considered:
        document = _document(draft, team=team, arrival=arrival)
        decision = decide(team, document, now=arrival.received_at)
        return Considered(document, decision, draft.warnings, draft.hold)

    async def _explained(self, considered: Considered, team: Team) -> Explained:
        return await self.db.read(partial(_look_up, considered, team))


def _file(case: Case, mark: Mark | None, tx: Tx) -> Acceptance:
    acceptance = file_case(case, tx)
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


def _arrival(submission: Submission, mail: Mail, *, original: str) -> Arrival:
    return Arrival(
        id=new_id("a"),
        team=submission.team,
        door=submission.door,
        received_at=submission.received_at,
        sender=submission.sender,
        recipient=submission.recipient,
        subject=mail.subject,
        message_id=mail.message_id,
        peer=submission.peer,
        size=len(submission.raw),
        original=original,
    )


def _document(draft: Draft, *, team: Team, arrival: Arrival) -> Document:
    return Document(
        id=new_id("d"),
        team=team.slug,
        kind=draft.kind,
        number=draft.number,
        issued_on=draft.issued_on,
        counterparty=draft.counterparty,
        total=draft.total,
        files=tuple(
            File(one.role, one.name, one.media_type, one.size, one.sha256, one.made)
            for one in draft.sheets
        ),
        arrival=arrival.id,
        accepted_at=arrival.received_at,
        content_sha256=draft.content_sha256,
        direction=draft.direction,
        tags=frozenset({draft.tag} if draft.tag else ()),
        sender=arrival.sender,
        bill=draft.bill,
    )


def _contents(raw: Original, drafts: tuple[Draft, ...]) -> list[Body]:
    """What has to be stored, the original first, each once."""
    return list(dict.fromkeys([raw, *(one.body for draft in drafts for one in draft.sheets)]))


def _once(staged: list[Staged]) -> tuple[Staged, ...]:
    return tuple({one.sha256: one for one in staged}.values())


def _refused(submission: Submission) -> Refused:
    return Refused(
        team=submission.team,
        door=submission.door,
        peer=submission.peer,
        sender=submission.sender,
        recipient=submission.recipient,
        subject=mime.subject_of(beginning_of(submission.raw, MAX_HEADER_BLOCK)),
        size=len(submission.raw),
        raw=submission.raw,
    )


def _log(acceptance: Acceptance, *, took: float) -> None:
    arrival = acceptance.arrival
    for one in acceptance.duplicates:
        incoming.arrival_repeated(team=arrival.team, document=one.document.id, door=arrival.door)
    if not acceptance.fresh:
        return
    incoming.arrival_accepted(
        team=arrival.team,
        documents=[one.document.id for one in acceptance.fresh],
        door=arrival.door,
        peer=arrival.peer,
        size=arrival.size,
        took=took,
    )
    for one in acceptance.fresh:
        incoming.rules_decided(
            team=arrival.team,
            document=one.document.id,
            kind=one.document.kind,
            deliveries=len(one.deliveries),
            held=sum(1 for each in one.deliveries if each.state is State.HELD),
        )
