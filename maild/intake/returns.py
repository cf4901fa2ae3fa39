"""What comes back: a report finds its delivery, is kept with it, and changes what is known of it.

The desk asks here before it looks for documents. A report that names no mail of ours changes nothing
and is only logged. Nothing is ever answered; a notice that comes back makes no notice (RFC 3834
section 4).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol

from maild.errors import DocumentError, MaildError, UnknownTeam
from maild.intake import returns_match
from maild.intake.filing import Acceptance
from maild.intake.returns_effect import Case, Done, note
from maild.log import incoming, outgoing
from maild.model.delivery import Delivery
from maild.model.document import Arrival
from maild.model.ids import new_id
from maild.model.returned import GOOD, Action, Report, Return, Sort
from maild.model.verp import Verp
from maild.reading.headers import header
from maild.reading.returns import classify
from maild.reading.returns_other import inbox_of
from maild.reading.returns_view import MAX_READ, head_of
from maild.render.reasons import reason_of
from maild.rules.book import RuleBook
from maild.store import returns as rows
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from maild.store.spool import Original, beginning_of

# A report can be here before the reply to our own dot is written: a lane gets this long to settle.
LANE_WAIT: Final = timedelta(seconds=20)
_LOOK: Final = 0.5
LARGE: Final = 64_000  # above this a report is read beside the event loop

_NOTES: Final = {
    Action.FAILED: "Noted: the mail came back",
    Action.DELAYED: "Noted: the mail is late",
    Action.COMPLAINED: "Noted: the recipient complained",
    Action.REPLIED: "Noted: an automatic reply",
} | dict.fromkeys(GOOD, "Noted: the mail arrived")


class OnItsWay(MaildError):
    """The report is about a delivery whose own result is not written yet: not now."""


class Note(Protocol):
    """A door's own mark, written in the same transaction."""

    def accepted(self, tx: Tx, acceptance: Acceptance) -> None:
        """The report is stored by `tx`."""
        ...


class Came(Protocol):
    """A mail that came in, byte for byte, with its envelope; `team` is whose address it had."""

    @property
    def team(self) -> str: ...  # noqa: D102 - the fields of `maild.intake.desk.Submission`
    @property
    def door(self) -> str: ...  # noqa: D102 - the same
    @property
    def raw(self) -> Original: ...  # noqa: D102 - the same
    @property
    def received_at(self) -> datetime: ...  # noqa: D102 - the same
    @property
    def sender(self) -> str | None: ...  # noqa: D102 - the same
    @property
    def recipient(self) -> str | None: ...  # noqa: D102 - the same
    @property
    def peer(self) -> str | None: ...  # noqa: D102 - the same


@dataclass(frozen=True, slots=True)
class Returns:
    """Takes in what comes back about the mails of this house."""

    db: Database
    blobs: BlobStore
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]
    verp: Verp = field(default_factory=Verp)

    async def take(self, came: Came, *, mark: Note | None = None) -> Acceptance | None:
        """Keep a report and what follows from it; None when this is no report about a mail of ours.

        Raises DocumentError for a report about somebody else's mail or with a forged token, and OnItsWay while a lane still works on the delivery: the sender tries again.
        """
        found = await self._find(came)
        if found is None:
            return None
        delivery, report = found
        await self._settled(delivery.id)
        case = await self._case(came, report, delivery)
        acceptance = Acceptance(case.arrival, (), note=_NOTES[case.row.action])
        done = await self.db.write(partial(_write, case, acceptance, mark=mark))
        _log(case, done)
        return acceptance

    async def delivery_at(self, address: str) -> Delivery | None:
        """The delivery that a return path of ours names; None when it is forged, too old or unknown."""
        id_ = self.verp.delivery_of(address, today=self.now().date())
        if id_ is None:
            return None
        return await self.db.read(partial(returns_match.one, id_=id_))

    async def is_ours(self, delivery: str) -> bool:
        """Whether a mail with this X-Maild-Delivery left here."""
        return await self.db.read(partial(returns_match.one, id_=delivery)) is not None

    async def _find(self, came: Came) -> tuple[Delivery, Report] | None:
        report = await _classified(came)
        if self.verp.is_meant(came.recipient):
            delivery = await self.delivery_at(came.recipient or "")
            if delivery is not None:
                # Something came back to it that is no report we can read: kept, and shown.
                return delivery, report or Report(Sort.AUTO_REPLY, sender=came.sender)
            _unknown(came, report, "its token is forged or too old")
            raise DocumentError(
                "this address takes reports about mails that left here; its token is not, or no more, valid",
                smtp="550 5.7.1",
            )
        if report is None:
            return None
        find = partial(returns_match.find, report=report, team=came.team, now=came.received_at)
        delivery = await self.db.read(find)
        if delivery is None:
            _unknown(came, report, "it names no mail of ours")
            if report.sort in {Sort.BOUNCE, Sort.FEEDBACK}:
                raise DocumentError("this is a report about a mail that did not leave here")
            return None
        return delivery, report

    async def _settled(self, delivery: str) -> None:
        ends = asyncio.get_running_loop().time() + LANE_WAIT.total_seconds()
        while await self.db.read(partial(rows.is_held_by_a_lane, delivery=delivery)):
            if asyncio.get_running_loop().time() > ends:
                raise OnItsWay(f"{delivery} is on its way at this moment")
            await self.db.wait_for_change(_LOOK, since=self.db.changes)

    async def _case(self, came: Came, report: Report, delivery: Delivery) -> Case:
        returned = returns_match.meant(report, delivery)
        staged = await self.blobs.stage(came.raw)
        of_inbox = report.sort is Sort.RECEIPT and inbox_of(report.sender or "") is not None
        row = Return(
            at=came.received_at,
            source=came.door,
            sort=report.sort,
            action=returned.action,
            recipient=returned.recipient,
            status=returned.status,
            diagnostic=returned.diagnostic,
            reason=reason_of(returned, of_inbox=of_inbox),
            original=staged.sha256,
        )
        team = None
        with contextlib.suppress(UnknownTeam):  # it left the configuration; its rows are still told
            team = self.book().team(delivery.team)
        return Case(
            arrival=_arrival(came, delivery, staged=staged),
            staged=staged,
            delivery=delivery.id,
            row=row,
            team=team,
            told=reason_of(returned, team.language, of_inbox=of_inbox) if team else "",
        )


async def _classified(came: Came) -> Report | None:
    start = beginning_of(came.raw, MAX_READ)
    # "<>" names no sender, as a report does (RFC 5321 section 4.5.5).
    null = came.sender is not None and not came.sender.strip("<> ")
    ask = partial(classify, start, null_sender=null)
    return await asyncio.to_thread(ask) if len(start) > LARGE else ask()


def _write(case: Case, acceptance: Acceptance, tx: Tx, *, mark: Note | None) -> Done:
    done = note(case, tx)
    if mark is not None:
        mark.accepted(tx, acceptance)
    return done


def _arrival(came: Came, delivery: Delivery, *, staged: Staged) -> Arrival:
    head = head_of(beginning_of(came.raw, MAX_READ))
    return Arrival(
        id=new_id("a"),
        team=delivery.team,
        door=came.door,
        received_at=came.received_at,
        sender=came.sender,
        recipient=came.recipient,
        subject=header(head, "subject"),
        message_id=header(head, "message-id"),
        peer=came.peer,
        size=staged.size,
        original=staged.sha256,
    )


def _unknown(came: Came, report: Report | None, reason: str) -> None:
    sort = report.sort.value if report else "none"
    incoming.return_unknown(door=came.door, peer=came.peer, sort=sort, reason=reason)


def _log(case: Case, done: Done) -> None:
    one, row = done.delivery, case.row
    if done.repeated:
        return
    incoming.return_noted(
        team=one.team,
        delivery=one.id,
        document=one.document,
        door=row.source,
        sort=row.sort,
        action=row.action,
        status=row.status,
    )
    if done.moved and row.action is Action.FAILED:
        reply = row.diagnostic or row.reason
        outgoing.delivery_bounced(
            team=one.team, delivery=one.id, document=one.document, status=row.status, reply=reply
        )
    elif done.moved:
        outgoing.delivery_confirmed(
            team=one.team, delivery=one.id, document=one.document, action=row.action
        )
    elif row.action is Action.COMPLAINED:
        outgoing.address_stopped(team=one.team, delivery=one.id, held=done.held)
