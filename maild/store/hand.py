"""What a person may do to a delivery: hold, release, cancel, retry. Each leaves an event."""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, update

from maild.errors import UserError
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.said import Said
from maild.store import connectors
from maild.store.attempts import get
from maild.store.database import Tx
from maild.store.documents import add_event
from maild.store.returns import lift
from maild.store.rows import told_of
from maild.store.schema import deliveries, events

# How long a delivery that starts anew may be tried: the outbox's own default.
DEADLINE: Final = timedelta(days=5)
_PERSON: Final = "person"

_WORDS: Final = {
    State.QUEUED: "is waiting to go out",
    State.SENDING: "is on its way at this moment",
    State.HANDED_OVER: "is handed over",
    State.UNCERTAIN: "may have arrived already",
    State.CONFIRMED: "is confirmed",
    State.BOUNCED: "came back",
    State.FAILED: "has failed",
    State.HELD: "is held",
    State.CANCELLED: "is cancelled",
}


def hold(
    tx: Tx,
    id: str,
    *,
    now: datetime,
    reason: str,
    code: HoldCode = HoldCode.PERSON,
    actor: str = _PERSON,
) -> Delivery:
    """Keep a delivery from going out until it is released. Raises UserError, NotFound."""
    old = _may(
        tx,
        id,
        states={State.QUEUED, State.UNCERTAIN},
        only="only what is waiting can be held",
    )
    values = {"hold_code": code.value, "reason": reason, "told": told_of(reason)}
    _change(tx, old, state=State.HELD.value, **values)
    _tell(tx, old, "delivery.held", at=now, detail=reason, actor=actor)
    return get(tx, id)


def release(
    tx: Tx,
    id: str,
    *,
    now: datetime,
    deadline: timedelta = DEADLINE,
    actor: str = _PERSON,
    detail: str = "",
) -> Delivery:
    """Let a held delivery go at its time; `detail` is told in its story. Raises UserError, NotFound."""
    old = _may(tx, id, states={State.HELD}, only="only held deliveries can be released")
    if old.hold_code is HoldCode.REVIEW:
        english = f"{id} waits for a decision: its number came before with other content"
        hint = f"decide with `maild review confirm {old.document}` or `maild review reject`"
        raise UserError(
            Said("waits_for_decision", english, delivery=id), hint=Said("decide_first", hint)
        )
    _let_go(tx, old, deadline_at=now + deadline)
    lifted = old.hold_code is HoldCode.STOPPED and lift(tx, old.team, old.address)
    detail = "mail may go to this address again" if lifted else detail
    _tell(tx, old, "delivery.released", at=now, detail=detail, actor=actor)
    return get(tx, id)


def cancel(
    tx: Tx,
    id: str,
    *,
    now: datetime,
    reason: str,
    actor: str = _PERSON,
) -> Delivery:
    """Give a delivery up that has not left. Raises UserError, NotFound."""
    only = "only what is waiting or held can be cancelled (hold it first if it may have arrived)"
    old = _may(tx, id, states={State.QUEUED, State.HELD}, only=only)
    _change(tx, old, state=State.CANCELLED.value, hold_code=None, reason=reason)
    _tell(tx, old, "delivery.cancelled", at=now, detail=reason, actor=actor)
    return get(tx, id)


def retry(
    tx: Tx,
    id: str,
    *,
    now: datetime,
    deadline: timedelta = DEADLINE,
    actor: str = _PERSON,
) -> Delivery:
    """Try now: what waits goes at once, what failed or came back starts anew.

    The rest of its connector ends; what else waits there follows when this one was taken.
    Raises UserError, NotFound.
    """
    again = {State.FAILED, State.BOUNCED}
    only = "only what waits, failed or came back can be tried again"
    old = _may(tx, id, states={State.QUEUED, State.UNCERTAIN} | again, only=only)
    if old.state in again:
        _let_go(tx, old, deadline_at=now + deadline, tries=0, not_before=now)
    else:
        _change(tx, old, not_before=now)
    connectors.wake(tx, old.via, now=now)
    _tell(tx, old, "delivery.retried", at=now, detail="", actor=actor)
    return get(tx, id)


def release_shadow(
    tx: Tx,
    team: str,
    *,
    now: datetime,
    since: datetime | None,
    deadline: timedelta = DEADLINE,
    actor: str = _PERSON,
) -> int:
    """Let go what shadow mode held for a team, from `since` on or all of it; how many that were."""
    chosen = (deliveries.c.team == team) & (deliveries.c.hold_code == HoldCode.SHADOW.value)
    if since is not None:
        chosen &= deliveries.c.created_at >= since
    values = _fresh(deadline_at=now + deadline)
    return _release_all(tx, chosen, values, at=now, detail="the team went live", actor=actor)


def release_restored(
    tx: Tx,
    *,
    now: datetime,
    team: str | None = None,
    deadline: timedelta = DEADLINE,
    actor: str = _PERSON,
) -> int:
    """Let go what a restore held, of one team or of all; how many that were."""
    chosen = deliveries.c.hold_code == HoldCode.RESTORED.value
    if team is not None:
        chosen &= deliveries.c.team == team
    values = _fresh(deadline_at=now + deadline)
    detail = "released after a restore: it may go twice"
    return _release_all(tx, chosen, values, at=now, detail=detail, actor=actor)


def _release_all(
    tx: Tx, chosen: Any, values: dict[str, Any], *, at: datetime, detail: str, actor: str
) -> int:
    held = chosen & (deliveries.c.state == State.HELD.value)
    statement = update(deliveries).where(held).values(values)
    told = {"at": at, "event": "delivery.released", "detail": detail, "actor": actor}
    freed = tx.execute(
        statement.returning(deliveries.c.id, deliveries.c.document, deliveries.c.team)
    ).all()
    if freed:
        lines = [
            told | {"team": row.team, "document": row.document, "delivery": row.id} for row in freed
        ]
        tx.execute(insert(events), lines)
    return len(freed)


def _may(tx: Tx, id: str, *, states: set[State], only: str) -> Delivery:
    """The delivery, if it is in one of the states and nobody is at it."""
    found = get(tx, id)
    if found.state not in states:
        english = f"{id} {_WORDS[found.state]}; {only}"
        raise UserError(Said("not_now", english, delivery=id, state=found.state.value))
    return found


def _change(tx: Tx, old: Delivery, **values: Any) -> None:
    # An uncertain delivery with a lease waits for its reply, which must find it unchanged.
    same = (deliveries.c.id == old.id) & (deliveries.c.state == old.state.value)
    free = same & deliveries.c.owner.is_(None)
    if tx.execute(update(deliveries).where(free).values(values)).rowcount != 1:
        english = f"{old.id} is on its way at this moment; look again in a minute"
        raise UserError(Said("on_its_way", english, delivery=old.id))


def _fresh(**values: Any) -> dict[str, Any]:
    start = {"state": State.QUEUED.value, "hold_code": None, "reason": None, "losses": 0}
    return start | values


def _let_go(tx: Tx, old: Delivery, **values: Any) -> None:
    _change(tx, old, **_fresh(**values))


def _tell(tx: Tx, old: Delivery, event: str, *, at: datetime, detail: str, actor: str) -> None:
    add_event(
        tx,
        at=at,
        event=event,
        team=old.team,
        document=old.document,
        delivery=old.id,
        detail=detail,
        actor=actor,
    )
