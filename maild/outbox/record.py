"""T5: what one try left behind, in one transaction: the delivery, its history, the team's notice.

What is recorded was decided in `verdict`; nothing is sent here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from maild.errors import NotFound, UnknownTeam
from maild.model.delivery import Delivery, Outcome, Purpose, State
from maild.model.team import Team
from maild.outbox import retry
from maild.outbox.verdict import Policy
from maild.render.notice import facts_of
from maild.rules.book import RuleBook
from maild.rules.books import other_road
from maild.store import deliveries, documents
from maild.store.database import Tx
from maild.store.deliveries import Settled
from maild.store.late import DELAYED

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
    policy: Policy,
    book: RuleBook,
    tell: Tell,
) -> None:
    """Write how a try ended. Raises Superseded when the delivery was taken back meanwhile."""
    deliveries.settle(tx, claimed, settled)
    if event := EVENTS.get(settled.state):
        _add_event(tx, claimed, settled, event=event)
    if settled.state is State.FAILED:
        _tell_team(tx, claimed, settled, kind="delivery_failed", book=book, tell=tell, until=None)
    elif settled.outcome is Outcome.DEFERRED and claimed.document is not None:
        late = retry.is_late(claimed, started_at=started_at, after=policy.delay_notice)
        if late and not _was_told(tx, claimed.document, delivery=claimed.id):
            _add_event(tx, claimed, settled, event=DELAYED)
            until = retry.ends_at(claimed, started_at=started_at, deadline=policy.deadline)
            _tell_team(
                tx, claimed, settled, kind="delivery_delayed", book=book, tell=tell, until=until
            )


def _was_told(tx: Tx, document: str, *, delivery: str) -> bool:
    known = documents.events_of(tx, document)
    return any((one.event, one.delivery) == (DELAYED, delivery) for one in known)


def _add_event(tx: Tx, claimed: Delivery, settled: Settled, *, event: str) -> None:
    documents.add_event(
        tx,
        at=settled.now,
        event=event,
        team=claimed.team,
        document=claimed.document,
        delivery=claimed.id,
        detail=settled.reason or settled.reply or "",
    )


def _tell_team(
    tx: Tx,
    one: Delivery,
    settled: Settled,
    *,
    kind: str,
    book: RuleBook,
    tell: Tell,
    until: datetime | None,
) -> None:
    # A notice that fails is not followed by a notice about it: that road has no end.
    if one.purpose in {Purpose.NOTICE, Purpose.SIGN_IN}:
        return
    try:
        team = book.team(one.team)
    except UnknownTeam:  # it left the configuration; the event and the log still say it
        return
    facts: dict[str, Any] = {
        "delivery": one.id,
        "recipient": one.recipient,
        "address": one.address,
        "reply": settled.reply,
        "until": until,
    }
    if one.document is not None:
        with contextlib.suppress(NotFound):
            facts |= facts_of(documents.get(tx, one.document))
            of_it = deliveries.of_document(tx, one.document)
            facts["other"] = other_road(team, one, of_it)
    tell(tx, team, kind=kind, facts=facts, now=settled.now)
