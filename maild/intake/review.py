"""A person decides about a document that waits for one.

Two things make a document wait. Its number came before with other content: confirmed, it goes to
people as a correction that says so, and to a machine inbox only where that inbox is named, since a
second copy books twice. Or something speaks against sending it (who sent it, what is in it):
confirmed, it goes as it was planned. Rejected, it is kept and goes nowhere.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from maild.errors import NotFound, UserError, did_you_mean
from maild.intake import accounts
from maild.intake.describing import STRANGER
from maild.intake.letting_go import let_go
from maild.intake.notices import in_shadow
from maild.intake.planned import held_in_shadow, planned_deliveries
from maild.model.delivery import Delivery, HoldCode, Planned, Purpose, State
from maild.model.document import Document
from maild.model.team import Team
from maild.rules.books import one_road
from maild.rules.decide import decide
from maild.store import deliveries, documents, readings, senders
from maild.store.database import Tx
from maild.store.hand import DEADLINE
from maild.store.readings import Settled
from maild.store.waiting import NOT_ASKED

Always = Literal["once", "address", "domain"]

# Nobody is let in as a whole domain where everybody can have an address.
PUBLIC: Final = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "outlook.com",
        "hotmail.com",
        "hotmail.be",
        "hotmail.fr",
        "live.com",
        "live.be",
        "live.nl",
        "msn.com",
        "yahoo.com",
        "yahoo.fr",
        "icloud.com",
        "me.com",
        "mac.com",
        "proton.me",
        "protonmail.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "t-online.de",
        "telenet.be",
        "skynet.be",
        "proximus.be",
        "scarlet.be",
        "orange.fr",
        "free.fr",
        "laposte.net",
        "wanadoo.fr",
        "sfr.fr",
        "ziggo.nl",
        "kpnmail.nl",
        "planet.nl",
        "xs4all.nl",
        "aol.com",
        "mail.com",
        "zoho.com",
    ]
)


def confirm(
    tx: Tx,
    *,
    document: str,
    team: Team,
    to: Collection[str] = (),
    always: Always = "once",
    now: datetime,
    deadline: timedelta = DEADLINE,
) -> tuple[Delivery, ...]:
    """Send a waiting document as today's rules say, or as it was planned; those deliveries.

    `to` names machine inboxes that get a correction too. `always` lets its sender, or everybody of
    his domain, in from now on. Raises NotFound, and UserError when nothing waits or a name is none.
    """
    waiting = documents.get(tx, document)
    held = _held(tx, document)
    if waiting.review != "waiting" and not held:
        raise nothing(waiting)
    if always != "once":
        learn(tx, waiting, always=always, now=now)
    if waiting.review == "waiting":
        made = _as_correction(tx, waiting, team=team, to=to, now=now)
    elif to:
        raise UserError(
            f"{document} has a number of its own: it goes to everybody that its rules name",
            hint="leave --to out",
        )
    else:
        if any(one.hold_code is HoldCode.NEW_ACCOUNT for one in held):
            accounts.learn(tx, waiting, now=now, by="person")
        made = let_all_go(tx, held, team=team, now=now, deadline=deadline)
    decided(tx, waiting, verdict="confirmed", now=now)
    return made


def reject(tx: Tx, *, document: str, now: datetime) -> None:
    """Keep a waiting document and send it nowhere. Raises NotFound, and UserError when none waits."""
    waiting = documents.get(tx, document)
    held = _held(tx, document)
    if waiting.review != "waiting" and not held:
        raise nothing(waiting)
    reason = "rejected by a person"
    readings.settle(tx, document, state=Settled.REJECTED)
    for one in held:
        deliveries.cancel(tx, one.id, now=now, reason=reason)
    _end_held(tx, document, now=now, reason=reason)
    decided(tx, waiting, verdict="rejected", now=now)


def let_all_go(
    tx: Tx,
    held: Collection[Delivery],
    *,
    team: Team,
    now: datetime,
    deadline: timedelta = DEADLINE,
) -> tuple[Delivery, ...]:
    """Let deliveries go as they were planned, since a person said so."""
    return tuple(let_go(tx, team, one, now=now, deadline=deadline, actor="person") for one in held)


def waits(delivery: Delivery) -> bool:
    """Whether a delivery is held for a person who looks at its document."""
    asked = delivery.hold_code not in NOT_ASKED
    return delivery.state is State.HELD and delivery.document is not None and asked


def sender_of(tx: Tx, document: str) -> str | None:
    """The sender that nobody knew when the document came, if that was so."""
    told = [one.detail for one in documents.events_of(tx, document) if one.event == STRANGER]
    return told[-1] or None if told else None


def _held(tx: Tx, document: str) -> list[Delivery]:
    return [one for one in deliveries.of_document(tx, document) if waits(one)]


def nothing(document: Document) -> UserError:
    """What to say when nothing of a document waits."""
    was = f"was {document.review} before" if document.review else "waits for nobody"
    return UserError(
        f"{document.id} {was}; there is nothing to decide",
        hint="maild review list shows what waits",
    )


def learn(tx: Tx, document: Document, *, always: Always, now: datetime) -> None:
    """Let the sender of a document in from now on. Raises UserError where nobody asked about him."""
    address = sender_of(tx, document.id)
    if address is None:
        raise UserError(
            f"{document.id} does not wait because of its sender, so there is nobody to let in",
            hint="confirm it without --always; senders_allow of the team names who may always send",
        )
    domain = address.rpartition("@")[2]
    if always == "domain" and domain in PUBLIC:
        raise UserError(
            f"everybody can have an address at {domain}", hint="--always lets the address in"
        )
    sender = f"*@{domain}" if always == "domain" else address
    senders.learn(tx, document.team, sender, now=now, document=document.id)
    documents.add_event(
        tx,
        at=now,
        event="sender.let_in",
        team=document.team,
        document=document.id,
        detail=sender,
        actor="person",
    )


def _as_correction(
    tx: Tx, waiting: Document, *, team: Team, to: Collection[str], now: datetime
) -> tuple[Delivery, ...]:
    planned = decide(team, waiting, now=now).planned
    _check_names(to, planned=planned, team=team)
    going = [one for one in planned if one.recipient in to or not _is_machine(one, team)]
    going = [*one_road(team, going, named=to)]
    _end_held(tx, waiting.id, now=now, reason="confirmed: it goes out as a correction")
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
    return tuple(made)


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


def decided(tx: Tx, document: Document, *, verdict: str, now: datetime, detail: str = "") -> None:
    """Write a person's verdict on a document."""
    documents.set_review(tx, document.id, verdict)
    documents.add_event(
        tx,
        at=now,
        event=f"review.{verdict}",
        team=document.team,
        document=document.id,
        detail=detail,
        actor="person",
    )
