"""The one transaction of an arrival: arrival, documents, files, trace and deliveries, or nothing.

Everything here is a function of a transaction and does no other I/O. What must be looked up to
decide (was it here before?) is looked up inside, so that two doors cannot both be the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from maild.intake import accounts, familiar
from maild.intake.describing import REVIEW, STRANGER, describe, held_for_review
from maild.intake.familiar import Familiar
from maild.intake.hold import Hold
from maild.intake.notices import in_shadow, tell
from maild.intake.page_reading import Read
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.intake.repeated import Again, repeated
from maild.intake.senders import TRUSTED, Guest
from maild.model.delivery import Decision, Delivery, HoldCode, State
from maild.model.document import Arrival, Document
from maild.model.figures import figures_json
from maild.model.said import Said
from maild.model.team import Team
from maild.render.fields import language_of
from maild.render.notice import facts_of
from maild.render.problems import hold_in
from maild.store import blobs, deliveries, documents, readings
from maild.store.blobs import Staged
from maild.store.database import Tx
from maild.store.readings import Reading, Settled


@dataclass(frozen=True, slots=True)
class Considered:
    """A document with what the rules say of it, and what speaks against that; not stored yet."""

    document: Document
    decision: Decision
    warnings: tuple[str, ...] = ()
    hold: Hold | None = None
    aside: str | None = None  # why it is kept and goes nowhere, though rules may name it
    read: Read | None = None  # what its pages say, where it is only a page


@dataclass(frozen=True, slots=True)
class Filed:
    """A document as it is stored, with its deliveries; `repeated` when it was there before."""

    document: Document
    deliveries: tuple[Delivery, ...]
    repeated: bool = False
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of an arrival."""

    arrival: Arrival
    filed: tuple[Filed, ...]
    note: str = ""  # what it was instead, when it was no document

    @property
    def fresh(self) -> tuple[Filed, ...]:
        """The documents that were not there before."""
        return tuple(one for one in self.filed if not one.repeated)

    @property
    def duplicates(self) -> tuple[Filed, ...]:
        """The documents that were there before; nothing of them goes out twice."""
        return tuple(one for one in self.filed if one.repeated)

    def sentences(self) -> list[str]:
        """One sentence a document, or what it was instead, for whoever handed it in."""
        return [self.note] if self.note else [_sentence(one) for one in self.filed]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one transaction needs."""

    team: Team
    arrival: Arrival
    considered: tuple[Considered, ...]
    staged: tuple[Staged, ...] = field(repr=False)
    now: datetime
    guest: Guest = TRUSTED


def file_case(case: Case, tx: Tx) -> Acceptance:
    """Store an arrival with all its documents (T1)."""
    documents.add_arrival(tx, case.arrival)
    for staged in case.staged:
        blobs.keep(tx, staged)
    return Acceptance(case.arrival, tuple(_file_one(tx, case, one) for one in case.considered))


def _file_one(tx: Tx, case: Case, one: Considered) -> Filed:
    document, team = one.document, case.team
    stranger = case.guest.is_stranger
    seen = familiar.look(tx, document, team=team, by_stranger=stranger, read=one.read)
    if seen.twin is not None:
        again = Again(case.team, case.arrival, case.now, stranger=stranger)
        known = repeated(tx, again, seen.twin, document=document)
        return Filed(known, deliveries.of_document(tx, known.id), repeated=True)
    if one.read is None and one.hold is None:
        one = replace(one, hold=accounts.doubt(tx, document))
    if seen.earlier:
        document = replace(document, correction_of=seen.earlier[0].id, review="waiting")
    warnings = (*one.warnings, *one.decision.warnings, *_words_about(document, seen))
    documents.add_document(
        tx,
        document,
        trace=one.decision.trace,
        warnings=warnings,
        same_number_key=seen.number_key,
        near_key=seen.near_key,
        facts=seen.facts,
    )
    if one.read is not None:
        readings.add(tx, _reading(document, one.read, seen=seen, now=case.now))
    _event(tx, case, document, event="document.accepted")
    made = _made(tx, case, one, document=document, earlier=seen.earlier)
    for delivery in made:
        deliveries.add(tx, delivery)
    _tell(tx, case, document, earlier=seen.earlier, without_fate=not made and not one.aside)
    if one.hold and made:
        _tell_held(tx, case, document, hold=one.hold)
    return Filed(document, tuple(made), warnings=warnings)


def _made(
    tx: Tx, case: Case, one: Considered, *, document: Document, earlier: Sequence[Document]
) -> list[Delivery]:
    """The deliveries of a new document, held where something speaks against sending now."""
    made = [
        delivery
        for planned in one.decision.planned
        for delivery in planned_deliveries(document, planned, team=case.team, now=case.now)
    ]
    if one.hold:
        made = [_held(delivery, one.hold) for delivery in made]
    if earlier:
        made = [held_for_review(delivery, earlier[0]) for delivery in made]
    if in_shadow(tx, case.team):
        made = [held_in_shadow(delivery) for delivery in made]
    return made


def _reading(document: Document, read: Read, *, seen: Familiar, now: datetime) -> Reading:
    return Reading(
        document=document.id,
        team=document.team,
        state=Settled.WAITING if document.bill is None else Settled.PROVEN,
        figures=figures_json(read.figures),
        read_at=now,
        supplier=read.guess.key or None,
        like_key=seen.like.key if seen.like else None,
        facts=seen.like.facts if seen.like else None,
    )


def _held(delivery: Delivery, hold: Hold) -> Delivery:
    if delivery.state is State.CANCELLED:
        return delivery
    return replace(delivery, state=State.HELD, reason=hold.reason, hold_code=hold.code)


def _words_about(document: Document, seen: Familiar) -> tuple[str, ...]:
    if seen.earlier:
        words = f"the number {document.number} came before with other content"
        first = describe(seen.earlier[0])
        english = f"{words}, as {first}; this one is kept and held: {REVIEW}"
        return (
            Said("came_before", english, number=document.number or "", first=seen.earlier[0].id),
        )
    return tuple(
        Said(
            "alike",
            f"{describe(one)} has the same supplier and amount and nearly the same date; if it is "
            "the same, cancel one of them",
            kind=one.kind.value,
            number=one.number or "",
            document=one.id,
        )
        for one in seen.near
    )


def _tell(
    tx: Tx, case: Case, document: Document, *, earlier: Sequence[Document], without_fate: bool
) -> None:
    facts = facts_of(document)
    if earlier:
        _event(tx, case, document, event="document.same_number", detail=f"earlier: {earlier[0].id}")
        tell(
            tx,
            case.team,
            kind="same_number",
            facts=facts | {"earlier": earlier[0].id},
            now=case.now,
        )
    if without_fate:
        _event(tx, case, document, event="document.without_fate")
        tell(tx, case.team, kind="no_rule", facts=facts, now=case.now)


def _tell_held(tx: Tx, case: Case, document: Document, *, hold: Hold) -> None:
    """Tell the team why a document waits."""
    _event(tx, case, document, event="document.held", detail=hold.reason)
    facts = facts_of(document)
    facts["reason"] = hold_in(hold.code, hold.reason, language_of(case.team.language))
    if case.guest.is_stranger:
        # Read again when a person lets the sender in: `maild.intake.review`.
        _event(tx, case, document, event=STRANGER, detail=case.guest.address or "")
    kind = "unknown_sender" if hold.code is HoldCode.UNKNOWN_SENDER else "held"
    tell(tx, case.team, kind=kind, facts=facts | {"sender": case.guest.address}, now=case.now)


def _event(tx: Tx, case: Case, document: Document, *, event: str, detail: str = "") -> None:
    documents.add_event(
        tx, at=case.now, event=event, team=case.team.slug, document=document.id, detail=detail
    )


def _sentence(filed: Filed) -> str:
    words = describe(filed.document)
    if filed.repeated:
        day = filed.document.accepted_at.date().isoformat()
        return f"Already known: {words} came on {day}; it is kept once and nothing goes out twice"
    if filed.document.review == "waiting":
        return f"Accepted and held: {words}; its number came before with other content"
    held = sum(1 for one in filed.deliveries if one.state is State.HELD)
    count = sum(1 for one in filed.deliveries if one.hold_code is not HoldCode.SAME_BOOKS)
    going = f"{count} {'delivery' if count == 1 else 'deliveries'}"
    return f"Accepted: {words}, {going}" + (f", {held} of them held" if held else "")
