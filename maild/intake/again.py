"""A document goes out again because a person wants it: sent once more, or decided anew.

Both make a new generation of deliveries; what was is kept as it is. A machine inbox gets a second
copy only where it is named, since it books twice. Everything here is a function of a transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from maild.errors import UserError, did_you_mean
from maild.intake.notices import in_shadow
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.model.delivery import Decision, Delivery, HoldCode, Planned, Purpose, State
from maild.model.document import Document
from maild.model.team import Recipient, Team
from maild.rules.books import same_books
from maild.rules.decide import ORDER, decide, files_there
from maild.store import deliveries, documents, packages
from maild.store.database import Tx

# Something may still come of a delivery in these states.
_OPEN: Final = frozenset({State.QUEUED, State.SENDING, State.UNCERTAIN, State.HELD})
_ARRIVED: Final = frozenset({State.HANDED_OVER, State.CONFIRMED})
_MAY_BE_DECIDED_ANEW: Final = frozenset({State.QUEUED, State.HELD, State.FAILED, State.BOUNCED})
# What speaks against sending a document whatever the rules say.
_IN_THE_DOCUMENT: Final = frozenset(
    {HoldCode.UNKNOWN_SENDER, HoldCode.ENCRYPTED, HoldCode.UNTRUSTED, HoldCode.UNOPENED}
    | {HoldCode.FIGURES, HoldCode.NEW_ACCOUNT}
)


def resend(
    tx: Tx, document: str, *, team: Team, to: Collection[str] = (), now: datetime
) -> tuple[Delivery, ...]:
    """Send a document once more, now: to these recipients, or to the people that the rules name.

    What waits for an answer about the document itself goes to named ones only; others wait too. A machine inbox is left out unless it is named or never got it. Raises NotFound, and UserError
    when there is nobody to send to, or it is on its way there already.
    """
    stored = documents.get(tx, document)
    if packages.is_cleared(tx, document):
        raise UserError(
            f"{document} was cleared after the links to it had ended",
            hint=f"`maild export {stored.team} PERIOD --to RECIPIENT` makes it again",
        )
    _check_verdict(stored, named=bool(to))
    earlier = deliveries.of_document(tx, document)
    planned = {one.recipient: one for one in decided(stored, team=team, now=now).planned}
    if to:
        roads = [_named_road(name, planned, document=stored, team=team, now=now) for name in to]
        _check_open(roads, earlier)
    else:
        roads = [
            one
            for one in planned.values()
            if _may_get_it(one, earlier, team=team) and not _comes_in(one, earlier, team=team)
        ]
    if not roads:
        raise UserError(
            f"{document} goes to nobody once more: its rules name nobody, it is still on its way, "
            "or only machine inboxes are left, which would book it twice",
            hint=f"maild documents resend {document} --to RECIPIENT sends it all the same",
        )
    roads = [_at_once(one, now) for one in roads]
    held = [one for one in earlier if one.state is State.HELD]
    doubt = next((one for one in held if one.hold_code in _IN_THE_DOCUMENT), None)
    if doubt is not None and not to:
        roads = [_doubted(one, doubt) for one in roads]
    made = _made(tx, stored, roads, team=team, earlier=earlier, named=frozenset(to), now=now)
    words = ", ".join(dict.fromkeys(one.address for one in made))
    _event(tx, stored, event="document.resent", detail=f"once more to {words}", now=now)
    return made


def redecide(tx: Tx, delivery: str, *, team: Team, now: datetime) -> tuple[Delivery, ...]:
    """Let today's rules decide in place of a delivery that waits, failed or came back.

    Made are its recipient's delivery as the rules want it now, and those of recipients that had
    none. Raises NotFound, and UserError when its state forbids it or the rules name nobody.
    """
    old = deliveries.get(tx, delivery)
    if old.document is None:
        raise UserError(f"{delivery} is a notice: no rule decides about it")
    _check_state(old)
    stored = documents.get(tx, old.document)
    earlier = deliveries.of_document(tx, stored.id)
    had = {one.recipient for one in earlier if one.hold_code is not HoldCode.SAME_BOOKS}
    planned = decided(stored, team=team, now=now).planned
    others = [one for one in earlier if one.id != old.id]
    roads = [
        one
        for one in planned
        if (one.recipient == old.recipient or one.recipient not in had)
        and not _comes_in(one, others, team=team)
    ]
    if not roads:
        raise UserError(
            f"today's rules of {team.slug} do not send {stored.id} to {old.recipient}, or to anybody "
            "new; nothing was changed",
            hint=f"maild queue cancel {delivery} gives it up",
        )
    if old.state in {State.QUEUED, State.HELD}:
        deliveries.cancel(tx, delivery, now=now, reason="decided anew by today's rules")
    named = frozenset({old.recipient} if old.named and old.recipient else ())
    if old.hold_code in _IN_THE_DOCUMENT:
        roads = [_doubted(one, old) for one in roads]
    made = _made(
        tx, stored, roads, team=team, earlier=earlier, named=named, now=now, purpose=old.purpose
    )
    words = ", ".join(dict.fromkeys(one.address for one in made))
    _event(
        tx, stored, event="delivery.redecided", detail=f"now to {words}", now=now, delivery=delivery
    )
    return made


def decided(document: Document, *, team: Team, now: datetime) -> Decision:
    """What today's rules say; the document is as old as it was when it came in."""
    age = None
    if document.issued_on is not None:
        came_on = document.accepted_at.astimezone(ZoneInfo(team.time_zone)).date()
        age = (came_on - document.issued_on).days
    return decide(team, document, now=now, known_age=age)


def _check_verdict(document: Document, *, named: bool) -> None:
    if document.review == "waiting":
        raise UserError(
            f"{document.id} waits for a decision: its number came before with other content",
            hint=f"maild review confirm {document.id} sends it as a correction",
        )
    if document.review == "rejected" and not named:
        raise UserError(
            f"{document.id} was rejected; it goes nowhere by itself",
            hint=f"maild documents resend {document.id} --to RECIPIENT sends it all the same",
        )


def _check_state(old: Delivery) -> None:
    if old.hold_code is HoldCode.REVIEW:
        raise UserError(
            f"{old.id} waits for a decision: its number came before with other content",
            hint=f"decide with `maild review confirm {old.document}` or `maild review reject`",
        )
    if old.hold_code is HoldCode.UNCERTAIN:
        raise UserError(
            f"{old.id} may have arrived already",
            hint=f"maild queue release {old.id} sends the same mail again",
        )
    if old.state not in _MAY_BE_DECIDED_ANEW:
        raise UserError(
            f"{old.id} is {old.state.replace('_', ' ')}; only what waits, is held, failed or came "
            "back can be decided anew",
            hint=f"maild documents resend {old.document} sends it once more",
        )


def _check_open(roads: Sequence[Planned], earlier: Sequence[Delivery]) -> None:
    problems = [
        f"{one.id} to {one.address} is {one.state.replace('_', ' ')} still"
        for road in roads
        for one in earlier
        if one.state in _OPEN and _same_place(one, road)
    ]
    if problems:
        raise UserError(problems, hint="maild queue retry, release or cancel it first")


def _named_road(
    name: str,
    planned: dict[str, Planned],
    *,
    document: Document,
    team: Team,
    now: datetime,
) -> Planned:
    """The road to a recipient that a person names, whether or not a rule does."""
    recipient = team.recipient(name)
    if recipient is None:
        known = [one.name for one in team.recipients]
        raise UserError(
            f'"{name}" is no recipient of {team.slug}{did_you_mean(name, known)}',
            hint=f"recipients here: {', '.join(known) or 'none'}",
        )
    if document.kind not in recipient.profile.kinds:
        kind = document.kind.replace("_", " ")
        raise UserError(f"{name} ({recipient.profile.name}) takes no {kind}")
    road = planned.get(name) or _own_road(recipient, document, now=now)
    return replace(road, instead=None)


def _own_road(recipient: Recipient, document: Document, *, now: datetime) -> Planned:
    profile = recipient.profile
    readable = files_there(document) & profile.takes
    wanted = readable & set(profile.attach) or readable
    return Planned(
        recipient=recipient.name,
        via=recipient.via,
        address=recipient.address,
        profile=profile.name,
        attach=tuple(one for one in ORDER if one in wanted),
        not_before=now,
    )


def _may_get_it(road: Planned, earlier: Sequence[Delivery], *, team: Team) -> bool:
    """Whether a copy that names nobody may go there."""
    there = [one for one in earlier if _same_place(one, road)]
    if any(one.state in _OPEN for one in there):
        return False
    recipient = team.recipient(road.recipient)
    return not there or recipient is None or not recipient.profile.machine


def _comes_in(road: Planned, earlier: Sequence[Delivery], *, team: Team) -> bool:
    """Whether another road brings it into the books of this one, by the rules or already."""
    there = [one.recipient for one in earlier if one.state in _OPEN | _ARRIVED]
    return road.instead is not None or same_books(team, road.recipient, there)


def _same_place(one: Delivery, road: Planned) -> bool:
    return (one.via, one.address) == (road.via, road.address)


def _at_once(road: Planned, now: datetime) -> Planned:
    """The same road without the hour and the hold of its rule: a person wants it now."""
    if road.hold_code is HoldCode.RULE:
        return replace(road, not_before=now, hold=None, hold_code=None)
    return replace(road, not_before=now)


def _doubted(road: Planned, held: Delivery) -> Planned:
    """The same road, held for what holds another of the document."""
    return replace(road, hold=held.reason, hold_code=held.hold_code)


def _made(
    tx: Tx,
    document: Document,
    roads: Sequence[Planned],
    *,
    team: Team,
    earlier: Sequence[Delivery],
    named: Collection[str],
    now: datetime,
    purpose: Purpose | None = None,
) -> tuple[Delivery, ...]:
    """Write the next generation of these deliveries."""
    corrects = document.correction_of is not None and document.review == "confirmed"
    purpose = purpose or (Purpose.CORRECTION if corrects else Purpose.DOCUMENT)
    made = []
    for road in roads:
        before = [one.generation for one in earlier if _same_place(one, road)]
        for one in planned_deliveries(document, road, team=team, now=now, purpose=purpose):
            delivery = replace(
                one, generation=1 + max(before, default=0), named=one.recipient in named
            )
            made.append(held_in_shadow(delivery) if in_shadow(tx, team) else delivery)
    for delivery in made:
        deliveries.add(tx, delivery)
    return tuple(made)


def _event(
    tx: Tx,
    document: Document,
    *,
    event: str,
    detail: str,
    now: datetime,
    delivery: str | None = None,
) -> None:
    documents.add_event(
        tx,
        at=now,
        event=event,
        team=document.team,
        document=document.id,
        delivery=delivery,
        detail=detail,
        actor="person",
    )
