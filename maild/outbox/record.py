"""T5: what one try left behind, in one transaction: the delivery, its history, the team's notice.

What is recorded was decided in `verdict`; nothing is sent here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from maild.errors import NotFound, UnknownTeam
from maild.model.delivery import Delivery, Purpose, State
from maild.model.team import Team
from maild.outbox import retry
from maild.rules.book import RuleBook
from maild.rules.books import other_road
from maild.store import deliveries, documents
from maild.store.database import Tx
from maild.store.deliveries import Settled

# The states that a person wants to find in a document's history, and how they are called there.
EVENTS: Mapping[State, str] = {
    State.HANDED_OVER: "delivery.handed_over",
    State.UNCERTAIN: "delivery.uncertain",
    State.FAILED: "delivery.failed",
    State.HELD: "delivery.held",
}


class Tell(Protocol):
    """Queues a notice to the people of a team; `facts` are what its letter knows."""

    def __call__(
        self, tx: Tx, team: Team, *, kind: str, facts: Mapping[str, Any], now: datetime
    ) -> object:
        """Queue it in this transaction."""
        ...


def record(
    tx: Tx,
    *,
    claimed: Delivery,
    settled: Settled,
    started_at: datetime,
    book: RuleBook,
    tell: Tell,
) -> None:
    """Write how a try ended. Raises Superseded when the delivery was taken back meanwhile."""
    deliveries.settle(tx, claimed, settled)
    event = EVENTS.get(settled.state)
    if event is None and retry.is_late_now(claimed, started_at=started_at):
        event = "delivery.delayed"
    if event is not None:
        documents.add_event(
            tx,
            at=settled.now,
            event=event,
            team=claimed.team,
            document=claimed.document,
            delivery=claimed.id,
            detail=settled.reason or settled.reply or "",
        )
    if settled.state is State.FAILED:
        _tell_team(tx, claimed, settled, book=book, tell=tell)


def _tell_team(tx: Tx, failed: Delivery, settled: Settled, *, book: RuleBook, tell: Tell) -> None:
    # A notice that fails is not followed by a notice about it: that road has no end.
    if failed.purpose in {Purpose.NOTICE, Purpose.SIGN_IN}:
        return
    try:
        team = book.team(failed.team)
    except UnknownTeam:  # it left the configuration; the event and the log still say it
        return
    facts: dict[str, Any] = {
        "delivery": failed.id,
        "recipient": failed.recipient,
        "address": failed.address,
        "reply": settled.reply,
    }
    if failed.document is not None:
        with contextlib.suppress(NotFound):
            facts |= _facts_of(tx, failed.document)
            of_it = deliveries.of_document(tx, failed.document)
            facts["other"] = other_road(team, failed, of_it)
    tell(tx, team, kind="delivery_failed", facts=facts, now=settled.now)


def _facts_of(tx: Tx, id_: str) -> dict[str, Any]:
    document = documents.get(tx, id_)
    return {
        "document": document.id,
        "kind": document.kind.value,
        "number": document.number,
        "counterparty": document.counterparty.name,
        "issued_on": document.issued_on,
        "total": document.total,
        "arrived_at": document.accepted_at,
    }
