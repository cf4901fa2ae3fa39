"""The one transaction of an arrival: arrival, documents, files, trace and deliveries, or nothing.

Everything here is a function of a transaction and does no other I/O. What must be looked up to
decide (was it here before?) is looked up inside, so that two doors cannot both be the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from maild.intake.drafts import Hold
from maild.intake.notices import SHADOW_REASON, in_shadow, message_id, tell
from maild.intake.policy import same_number_key
from maild.model.delivery import Decision, Delivery, HoldCode, Planned, Purpose, State
from maild.model.document import Arrival, Document, Role
from maild.model.ids import new_id
from maild.model.team import Attach, Team
from maild.store import blobs, deliveries, documents
from maild.store.blobs import Staged
from maild.store.database import Tx

REVIEW = 'decide with "maild review confirm" or "maild review reject"'


@dataclass(frozen=True, slots=True)
class Considered:
    """A document with what the rules say of it; not stored yet."""

    document: Document
    decision: Decision
    warnings: tuple[str, ...] = ()
    hold: Hold | None = None


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

    @property
    def fresh(self) -> tuple[Filed, ...]:
        """The documents that were not there before."""
        return tuple(one for one in self.filed if not one.repeated)

    @property
    def duplicates(self) -> tuple[Filed, ...]:
        """The documents that were there before; nothing of them goes out twice."""
        return tuple(one for one in self.filed if one.repeated)

    def sentences(self) -> list[str]:
        """One sentence a document, for whoever handed it in."""
        return [_sentence(one) for one in self.filed]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that one transaction needs."""

    team: Team
    arrival: Arrival
    considered: tuple[Considered, ...]
    staged: tuple[Staged, ...] = field(repr=False)
    now: datetime


def file_case(case: Case, tx: Tx) -> Acceptance:
    """Store an arrival with all its documents (T1)."""
    documents.add_arrival(tx, case.arrival)
    for staged in case.staged:
        blobs.keep(tx, staged)
    return Acceptance(case.arrival, tuple(_file_one(tx, case, one) for one in case.considered))


def planned_deliveries(
    document: Document,
    planned: Planned,
    *,
    team: Team,
    now: datetime,
    purpose: Purpose = Purpose.DOCUMENT,
) -> list[Delivery]:
    """The deliveries of one planned road: one, or one a file where the profile wants that."""
    recipient = team.recipient(planned.recipient)
    one_file = recipient is not None and recipient.profile.one_file_a_mail
    parts = range(1, _file_count(document, planned.attach) + 1) if one_file else range(1)
    return [
        _delivery(document, planned, team=team, now=now, purpose=purpose, part=part)
        for part in parts
    ]


def held_in_shadow(delivery: Delivery) -> Delivery:
    """The same, held because its team is in shadow mode; what is held for another reason stays so."""
    if delivery.state is State.HELD:
        return delivery
    return replace(delivery, state=State.HELD, reason=SHADOW_REASON, hold_code=HoldCode.SHADOW)


def describe(document: Document) -> str:
    """A document in a few words: "invoice 2026-001 (d-...)"."""
    return " ".join(
        filter(None, (document.kind.value.replace("_", " "), document.number, f"({document.id})"))
    )


def _file_one(tx: Tx, case: Case, one: Considered) -> Filed:
    document, team = one.document, case.team
    known = documents.same_content(tx, team.slug, document.content_sha256)
    if known is not None:
        documents.repeat_arrival(tx, known.id, case.arrival)
        there = deliveries.of_document(tx, known.id)
        return Filed(known, there, repeated=True)
    key = same_number_key(document, team=team)
    earlier = documents.same_number(tx, team.slug, key) if key else ()
    if earlier:
        document = replace(document, correction_of=earlier[0].id, review="waiting")
    warnings = (*one.warnings, *one.decision.warnings, *_same_number_words(document, earlier))
    documents.add_document(
        tx, document, trace=one.decision.trace, warnings=warnings, same_number_key=key
    )
    _event(tx, case, document, event="document.accepted")
    made = [
        delivery
        for planned in one.decision.planned
        for delivery in planned_deliveries(document, planned, team=team, now=case.now)
    ]
    if one.hold:
        made = [_held(delivery, one.hold) for delivery in made]
    if earlier:
        made = [_held_for_review(delivery, earlier[0]) for delivery in made]
    if in_shadow(tx, team):
        made = [held_in_shadow(delivery) for delivery in made]
    for delivery in made:
        deliveries.add(tx, delivery)
    _tell(tx, case, document, earlier=earlier, without_fate=not made)
    if one.hold and made:
        _tell_held(tx, case, document, hold=one.hold, delivery=made[0])
    return Filed(document, tuple(made), warnings=warnings)


def _delivery(
    document: Document,
    planned: Planned,
    *,
    team: Team,
    now: datetime,
    purpose: Purpose,
    part: int,
) -> Delivery:
    id_ = new_id("v")
    return Delivery(
        id=id_,
        team=team.slug,
        purpose=purpose,
        document=document.id,
        recipient=planned.recipient,
        address=planned.address,
        via=planned.via,
        profile=planned.profile,
        attach=planned.attach,
        state=State.HELD if planned.hold else State.QUEUED,
        not_before=planned.not_before,
        created_at=now,
        message_id=message_id(id_, team),
        part=part,
        reason=planned.hold,
        hold_code=(planned.hold_code or HoldCode.RULE) if planned.hold else None,
    )


def _file_count(document: Document, attach: Sequence[Attach]) -> int:
    count = sum(1 for one in attach if one in {Attach.PDF, Attach.UBL})
    if Attach.ATTACHMENTS in attach:
        count += sum(1 for file in document.files if file.role is Role.ATTACHMENT)
    return max(count, 1)


def _held(delivery: Delivery, hold: Hold) -> Delivery:
    return replace(delivery, state=State.HELD, reason=hold.reason, hold_code=hold.code)


def _held_for_review(delivery: Delivery, earlier: Document) -> Delivery:
    reason = f"the number came before with other content, as {describe(earlier)}; {REVIEW}"
    return replace(delivery, state=State.HELD, reason=reason, hold_code=HoldCode.REVIEW)


def _same_number_words(document: Document, earlier: Sequence[Document]) -> tuple[str, ...]:
    if not earlier:
        return ()
    words = f"the number {document.number} came before with other content"
    return (f"{words}, as {describe(earlier[0])}; this one is kept and held: {REVIEW}",)


def _tell(
    tx: Tx, case: Case, document: Document, *, earlier: Sequence[Document], without_fate: bool
) -> None:
    facts = _facts(document)
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


def _tell_held(tx: Tx, case: Case, document: Document, *, hold: Hold, delivery: Delivery) -> None:
    """Tell the team why a document waits; `delivery` is the first of those that wait."""
    _event(tx, case, document, event="document.held", detail=hold.reason)
    facts = _facts(document) | {"reason": hold.reason, "delivery": delivery.id}
    tell(tx, case.team, kind="held", facts=facts, now=case.now)


def _facts(document: Document) -> dict[str, Any]:
    return {
        "document": document.id,
        "kind": document.kind,
        "number": document.number,
        "counterparty": document.counterparty.name,
        "issued_on": document.issued_on,
        "total": document.total,
        "arrived_at": document.accepted_at,
    }


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
    count = len(filed.deliveries)
    going = f"{count} {'delivery' if count == 1 else 'deliveries'}"
    return f"Accepted: {words}, {going}" + (f", {held} of them held" if held else "")
