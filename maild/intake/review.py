"""A person decides about a document whose number came before with other content.

Confirmed, it goes to people as a correction that says so, and to a machine inbox only where that
inbox is named: a second copy books twice. Rejected, it is kept and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from maild.errors import NotFound, UserError, did_you_mean
from maild.intake.notices import in_shadow
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.model.delivery import Delivery, HoldCode, Planned, Purpose, State
from maild.model.document import Document
from maild.model.team import Team
from maild.rules.decide import decide
from maild.store import deliveries, documents
from maild.store.database import Tx


def confirm(
    tx: Tx, *, document: str, team: Team, to: Collection[str] = (), now: datetime
) -> tuple[Delivery, ...]:
    """Send a waiting document as a correction, as today's rules say; the new deliveries.

    `to` names machine inboxes that get it too. Raises NotFound, and UserError when nothing waits or
    a name is none of the rules' recipients.
    """
    waiting = _waiting(tx, document)
    planned = decide(team, waiting, now=now).planned
    _check_names(to, planned=planned, team=team)
    going = [one for one in planned if one.recipient in to or not _is_machine(one, team)]
    _end_held(tx, document, now=now, reason="confirmed: it goes out as a correction")
    made = [
        replace(delivery, named=delivery.recipient in to)
        for one in going
        for delivery in planned_deliveries(
            waiting, one, team=team, now=now, purpose=Purpose.CORRECTION
        )
    ]
    if in_shadow(tx, team):
        made = [held_in_shadow(delivery) for delivery in made]
    for delivery in made:
        deliveries.add(tx, delivery)
    _decided(tx, waiting, verdict="confirmed", now=now)
    return tuple(made)


def reject(tx: Tx, *, document: str, now: datetime) -> None:
    """Keep a waiting document and send it nowhere. Raises NotFound, and UserError when none waits."""
    waiting = _waiting(tx, document)
    _end_held(tx, document, now=now, reason="rejected by a person")
    _decided(tx, waiting, verdict="rejected", now=now)


def _waiting(tx: Tx, document: str) -> Document:
    found = documents.get(tx, document)
    if found.review != "waiting":
        was = f"was {found.review} before" if found.review else "has a number of its own"
        raise UserError(
            f"{document} {was}; there is nothing to decide",
            hint="maild review list shows what waits",
        )
    return found


def _check_names(to: Collection[str], *, planned: Collection[Planned], team: Team) -> None:
    known = [one.recipient for one in planned]
    problems = [
        f'"{name}" is no recipient that the rules of {team.slug} name for this document'
        f"{did_you_mean(name, known)}"
        for name in to
        if name not in known
    ]
    if problems:
        raise UserError(problems, hint=f"recipients here: {', '.join(known) or 'none'}")


def _is_machine(planned: Planned, team: Team) -> bool:
    recipient = team.recipient(planned.recipient)
    if recipient is None:
        raise NotFound(f'team {team.slug} has no recipient "{planned.recipient}"')
    return recipient.profile.machine


def _end_held(tx: Tx, document: str, *, now: datetime, reason: str) -> None:
    for one in deliveries.of_document(tx, document):
        if one.state is State.HELD and one.hold_code is HoldCode.REVIEW:
            deliveries.cancel(tx, one.id, now=now, reason=reason)


def _decided(tx: Tx, document: Document, *, verdict: str, now: datetime) -> None:
    documents.set_review(tx, document.id, verdict)
    documents.add_event(
        tx,
        at=now,
        event=f"review.{verdict}",
        team=document.team,
        document=document.id,
        actor="person",
    )
