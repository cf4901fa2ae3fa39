"""What a report changes: one transaction with its bytes, its row, the delivery's state, and the notice.

Everything here is a function of a transaction. Which delivery is meant was found before.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from maild.errors import NotFound
from maild.intake.notices import tell
from maild.model.delivery import Delivery, Purpose, State
from maild.model.document import Arrival
from maild.model.returned import GOOD, Action, Return
from maild.model.team import Team
from maild.render.notice import facts_of
from maild.rules.books import other_road
from maild.store import blobs, deliveries, documents, returns
from maild.store.blobs import Staged
from maild.store.database import Tx

# How it is called in the story of a document.
EVENTS: Final = {
    Action.FAILED: "delivery.bounced",
    Action.DELAYED: "delivery.delayed",
    Action.COMPLAINED: "delivery.complained",
    Action.REPLIED: "delivery.answered",
} | dict.fromkeys(GOOD, "delivery.confirmed")
_STATES: Final = {Action.FAILED: State.BOUNCED} | dict.fromkeys(GOOD, State.CONFIRMED)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that the one transaction of a report needs; `told` is the reason for the team."""

    arrival: Arrival
    staged: Staged = field(repr=False)
    delivery: str
    row: Return
    team: Team | None  # None: it left the configuration
    told: str


@dataclass(frozen=True, slots=True)
class Done:
    """What the transaction changed."""

    delivery: Delivery
    moved: bool = False
    repeated: bool = False
    held: int = 0  # deliveries to an address that complained


def note(case: Case, tx: Tx) -> Done:
    """Keep a report with its delivery and change what it says; the same report again changes nothing.

    A failure after the hand-over is final whatever its class: a 4.x.x means that a server gave up.
    """
    delivery, row = deliveries.get(tx, case.delivery), case.row
    if not returns.add(tx, delivery.id, row):
        return Done(delivery, repeated=True)
    documents.add_arrival(tx, case.arrival)
    blobs.keep(tx, case.staged)
    _add_event(tx, case, delivery)
    if row.action is Action.COMPLAINED:
        return _complained(tx, case, delivery)
    state = _STATES.get(row.action)
    moved = state is not None and returns.move(tx, delivery.id, state, reason=_why(row)) is not None
    if moved and state is State.BOUNCED:
        _tell(tx, case, delivery, kind="delivery_returned")
    return Done(delivery, moved=moved)


def _complained(tx: Tx, case: Case, delivery: Delivery) -> Done:
    why = f"{delivery.address} complained about a mail; `maild queue release` lets mail go there again"
    held = returns.stop(tx, delivery.team, delivery.address, now=case.row.at, reason=why)
    _tell(tx, case, delivery, kind="address_stopped")
    return Done(delivery, held=held)


def _add_event(tx: Tx, case: Case, delivery: Delivery) -> None:
    documents.add_event(
        tx,
        at=case.row.at,
        event=EVENTS[case.row.action],
        team=delivery.team,
        document=delivery.document,
        delivery=delivery.id,
        detail=_why(case.row),
    )


def _why(row: Return) -> str:
    """The reason, and what was said literally."""
    return f"{row.reason} ({row.diagnostic})" if row.diagnostic else row.reason


def _tell(tx: Tx, case: Case, delivery: Delivery, *, kind: str) -> None:
    # A notice that comes back makes no notice, and nobody is told at an address that just failed.
    if delivery.purpose in {Purpose.NOTICE, Purpose.SIGN_IN} or case.team is None:
        return
    facts: dict[str, Any] = {
        "delivery": delivery.id,
        "recipient": delivery.recipient,
        "address": delivery.address,
        "reply": case.row.diagnostic,
        "reason": case.told,
    }
    if delivery.document is not None:
        with contextlib.suppress(NotFound):
            facts |= facts_of(documents.get(tx, delivery.document))
            of_it = deliveries.of_document(tx, delivery.document)
            facts["other"] = other_road(case.team, delivery, of_it)
    tell(tx, case.team, kind=kind, facts=facts, now=case.row.at)
