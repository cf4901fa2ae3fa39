"""A document that is there already comes in again: linked, its new files kept, and nothing goes twice.

It may bring what the first lacked: the supplier's own UBL of what was only a page. Everything here is a
function of a transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from maild.intake.letting_go import let_go
from maild.intake.paper_bill import DERIVED
from maild.intake.settling import go_on
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.document import Arrival, Document, File, Role
from maild.model.team import Attach, Team
from maild.store import amending, deliveries, documents, readings
from maild.store.database import Tx
from maild.store.readings import Settled

_LATER: Final = "document.ubl_later"
_LEFT: Final = frozenset({State.HANDED_OVER, State.CONFIRMED, State.SENDING, State.UNCERTAIN})


@dataclass(frozen=True, slots=True)
class Again:
    """What brought the document again; `stranger` tells that nobody let its sender in."""

    team: Team
    arrival: Arrival
    now: datetime
    stranger: bool


def repeated(tx: Tx, again: Again, known: Document, *, document: Document) -> Document:
    """Link an arrival to the document that it brought again, and keep the files that this lacked."""
    same = known.content_sha256 == document.content_sha256
    detail = "the same content came in again" if same else "the same document came in another form"
    documents.repeat_arrival(tx, known.id, again.arrival, detail=detail)
    issued = next((one for one in document.files if _is_issued(one)), None)
    brings = issued if issued and not _has_issued(known) and not again.stranger else None
    roles = {one.role for one in known.files}
    for file in document.files:
        if file.role in {Role.PDF, Role.UBL} and (file.role not in roles or file == brings):
            documents.add_file(tx, known.id, file)
    if brings is not None:
        _take_issued(tx, again, known, document=document)
    there = {one.sha256 for one in document.files}
    if not again.stranger and there.issuperset(one.sha256 for one in known.files):
        _vouch(tx, again, known)
    return documents.get(tx, known.id)


def _take_issued(tx: Tx, again: Again, known: Document, *, document: Document) -> None:
    """The supplier's own UBL of a page: it takes the place of ours, and proves a page that waits."""
    for one in known.files:
        if one.role is Role.UBL and one.made:
            amending.set_aside(tx, known.id, one)
    reading = readings.of_document(tx, known.id)
    if reading is None:
        return
    of_it = deliveries.of_document(tx, known.id)
    if reading.state is Settled.WAITING:
        # An account that its supplier never had is no more to be trusted for a UBL beside it.
        if any(one.hold_code is HoldCode.NEW_ACCOUNT for one in of_it):
            return
        proven = replace(document, id=known.id, files=documents.get(tx, known.id).files)
        proven = replace(proven, arrival=known.arrival, accepted_at=known.accepted_at)
        proven = replace(proven, content_sha256=known.content_sha256, sender=known.sender)
        go_on(tx, again.team, proven, state=Settled.ISSUED, now=again.now)
        return
    words = _without_it(again.team, of_it)
    if words:
        documents.add_event(
            tx,
            at=again.now,
            event=_LATER,
            team=known.team,
            document=known.id,
            detail=words,
        )


def _without_it(team: Team, of_it: tuple[Delivery, ...]) -> str:
    """Who takes UBL and was handed the page before, in a sentence; empty for nobody."""
    named = []
    for one in of_it:
        recipient = team.recipient(one.recipient or "")
        takes = recipient is not None and Attach.UBL in recipient.profile.takes
        if takes and one.state in _LEFT and one.recipient:
            named.append(one.recipient)
    if not named:
        return ""
    who = ", ".join(dict.fromkeys(named))
    return (
        f"the supplier's UBL came when the PDF had gone to {who}; nothing goes twice: it is kept here, "
        "and `maild documents resend` with --to sends it there all the same"
    )


def _is_issued(file: File) -> bool:
    return file.role is Role.UBL and not file.name.endswith(DERIVED)


def _has_issued(document: Document) -> bool:
    return any(_is_issued(one) for one in document.files)


def _vouch(tx: Tx, again: Again, known: Document) -> None:
    """Let go what waited only because nobody knew who sent it: somebody who is known sent it too.

    With every file of it, that is: beside the right bill a stranger may have laid a page of his own.
    """
    for one in deliveries.of_document(tx, known.id):
        if one.state is State.HELD and one.hold_code is HoldCode.UNKNOWN_SENDER:
            let_go(tx, again.team, one, now=again.now)
