"""What is known of a document that comes in: is it there already, came its number, came one like it?

Lookups of one transaction, so that two doors cannot both be the first. What follows from it is
decided in `maild.intake.filing`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from maild.intake.describing import STRANGER
from maild.intake.page_reading import Read
from maild.intake.paper_bill import bill_of
from maild.intake.sameness import (
    NEAR,
    Facts,
    are_one,
    facts_of,
    facts_of_page,
    near_key,
    same_number_key,
)
from maild.model.delivery import HoldCode, State
from maild.model.document import Direction, Document, Role, kind_of
from maild.model.paper import Paper
from maild.model.team import Team
from maild.store import deliveries, documents, readings, twins
from maild.store.database import Tx


@dataclass(frozen=True, slots=True)
class Like:
    """By what a page would be known if it was read right, while nobody has said so."""

    key: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Familiar:
    """What is there already.

    `twin` is the same document; `earlier` have its number with other content, oldest first; `near`
    have its supplier and amount and nearly its date, which proves nothing. `like` is there for a page
    that waits.
    """

    number_key: str | None
    near_key: str | None
    facts: Facts
    like: Like | None = None
    twin: Document | None = None
    earlier: tuple[Document, ...] = ()
    near: tuple[Document, ...] = ()


def look(
    tx: Tx,
    document: Document,
    *,
    team: Team,
    by_stranger: bool = False,
    read: Read | None = None,
) -> Familiar:
    """Everything that is there already and speaks about a document of that team.

    What a stranger sent first and nobody has let through never stands in the way of what comes from
    somebody who is known, unless it is the same byte for byte. `read` is what the page says of a
    document that is only a page.
    """
    seen = _known_by(document, team=team, read=read)
    same = documents.same_content(tx, team.slug, document.content_sha256) or _same_pdf(tx, document)
    if same is not None:
        return replace(seen, twin=same)
    if seen.like is not None:
        return replace(seen, twin=_bill_of(tx, document, like=seen.like))
    if read is None and not by_stranger:
        waiting = _page_of(tx, document, seen=seen)
        if waiting is not None:
            return replace(seen, twin=waiting)
    numbered = documents.same_number(tx, team.slug, seen.number_key) if seen.number_key else ()
    if not by_stranger:
        numbered = tuple(one for one in numbered if not _waits_for_sender(tx, one))
    for one in numbered:
        if are_one(twins.facts(tx, one.id), seen.facts):
            return replace(seen, twin=one)
    if numbered:
        return replace(seen, earlier=numbered)
    return replace(seen, near=_near(tx, document, key=seen.near_key))


def _known_by(document: Document, *, team: Team, read: Read | None) -> Familiar:
    if read is not None and document.bill is None:
        return Familiar(None, None, {}, like=likeness(document, read.guess, team=team))
    facts = facts_of(document) if read is None else facts_of_page(document, sure=True)
    number, near = same_number_key(document, team=team), near_key(document, team=team)
    return Familiar(number, near, facts)


def numbered(
    tx: Tx, document: Document, *, team: Team
) -> tuple[Document | None, tuple[Document, ...]]:
    """Of a page whose figures became sure: the document that it is, or those with its number only."""
    key, facts = same_number_key(document, team=team), facts_of_page(document, sure=True)
    found = documents.same_number(tx, team.slug, key) if key else ()
    others = tuple(one for one in found if one.id != document.id and not _waits_for_sender(tx, one))
    twin = next((one for one in others if are_one(twins.facts(tx, one.id), facts)), None)
    return twin, others


def likeness(document: Document, paper: Paper, *, team: Team) -> Like | None:
    """By what a document is known if its page says that; None when it says too little."""
    bill = bill_of(paper, team)
    if bill is None or not paper.key:
        return None
    kind = kind_of(bill.kind, Direction.PURCHASE)
    guessed = replace(
        document,
        kind=kind,
        number=bill.number,
        issued_on=bill.issued_on,
        total=bill.totals.gross,
        bill=bill,
    )
    key = same_number_key(guessed, team=team)
    return Like(key, facts_of_page(guessed, sure=False)) if key else None


def _bill_of(tx: Tx, document: Document, *, like: Like) -> Document | None:
    """The document that has the figures of a page, whose number, supplier, day and amounts agree."""
    for one in documents.same_number(tx, document.team, like.key):
        if are_one(twins.facts(tx, one.id), like.facts):
            return one
    return None


def _page_of(tx: Tx, document: Document, *, seen: Familiar) -> Document | None:
    """The page that waits and says what a bill says."""
    if document.direction is not Direction.PURCHASE or seen.number_key is None:
        return None
    for one in readings.alike(tx, document.team, seen.number_key):
        # A stranger's page is not passed on since somebody else sent the bill that it looks like.
        told = {event.event for event in documents.events_of(tx, one.document)}
        if one.facts and STRANGER not in told and are_one(dict(one.facts), seen.facts):
            return documents.get(tx, one.document)
    return None


def _same_pdf(tx: Tx, document: Document) -> Document | None:
    """The document whose PDF this is, where one of the two came as a mere PDF.

    A page that lies beside two different bills makes them no one document.
    """
    pdf = document.file(Role.PDF)
    only_page = pdf is not None and pdf.sha256 == document.content_sha256
    if document.bill is None or only_page:
        return twins.with_pdf(tx, document.team, document.content_sha256, kind=document.kind)
    bare = documents.same_content(tx, document.team, pdf.sha256) if pdf else None
    return bare if bare is not None and bare.kind is document.kind else None


def _waits_for_sender(tx: Tx, document: Document) -> bool:
    held = deliveries.find(
        tx, document=document.id, state=State.HELD, hold_code=HoldCode.UNKNOWN_SENDER, limit=1
    )
    return bool(held)


def _near(tx: Tx, document: Document, *, key: str | None) -> tuple[Document, ...]:
    if key is None or document.issued_on is None:
        return ()
    return twins.near(tx, document.team, key, around=document.issued_on, within=NEAR)
