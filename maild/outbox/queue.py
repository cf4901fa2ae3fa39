"""What a person may do to a delivery: look, try again, hold, release, cancel.

It works beside a running daemon, which notices within a second, and without one. A move that a
delivery's state forbids is a UserError in words; an id that is not there is NotFound.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import UserError, did_you_mean
from maild.model.delivery import OF_PAGE, Delivery, State
from maild.store import deliveries, readings
from maild.store.database import Database, Tx
from maild.store.readings import Settled

_AS_FILE: Final = "let go as a file: nobody confirmed its figures or its account"


async def list_(  # the underscore: `list` is Python's
    db: Database,
    *,
    team: str | None = None,
    state: str | None = None,
    via: str | None = None,
    recipient: str | None = None,
    document: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Delivery, ...]:
    """Deliveries that fit, newest first; `after` is the last id of the page before."""
    if state is not None and state not in set(State):
        raise UserError(
            f'"{state}" is no state of a delivery{did_you_mean(state, list(State))}',
            hint=f"the states are {', '.join(State)}",
        )
    find = partial(
        deliveries.find,
        team=team,
        state=state,
        via=via,
        recipient=recipient,
        document=document,
        after=after,
        limit=limit,
    )
    return await db.read(find)


async def show(db: Database, delivery: str) -> Delivery:
    """One delivery with every attempt."""
    return await db.read(partial(deliveries.get, id=delivery))


async def retry(db: Database, delivery: str, *, now: datetime, deadline: timedelta) -> Delivery:
    """Try a waiting delivery now, or a failed or bounced one anew, for as long as `deadline`."""
    return await db.write(partial(deliveries.retry, id=delivery, now=now, deadline=deadline))


async def hold(db: Database, delivery: str, *, now: datetime, reason: str = "") -> Delivery:
    """Keep a waiting delivery from going out until it is released."""
    why = reason or "held by a person"
    return await db.write(partial(deliveries.hold, id=delivery, now=now, reason=why))


async def release(
    db: Database, delivery: str, *, now: datetime, deadline: timedelta, anyway: bool = False
) -> Delivery:
    """Let a held delivery go at its time; its `deadline` counts from now.

    What waits until somebody says what its page says goes only `anyway`, as a mere file; that is told.
    """
    return await db.write(
        partial(_release, delivery=delivery, now=now, deadline=deadline, anyway=anyway)
    )


async def cancel(db: Database, delivery: str, *, now: datetime, reason: str = "") -> Delivery:
    """Give up a delivery that has not left."""
    why = reason or "cancelled by a person"
    return await db.write(partial(deliveries.cancel, id=delivery, now=now, reason=why))


def _release(
    tx: Tx, *, delivery: str, now: datetime, deadline: timedelta, anyway: bool
) -> Delivery:
    old = deliveries.get(tx, delivery)
    if old.state is not State.HELD or old.hold_code not in OF_PAGE:
        return deliveries.release(tx, delivery, now=now, deadline=deadline)
    if not anyway:
        raise UserError(
            f"{delivery} waits until somebody says what its page says: {old.reason}",
            hint=f"`maild review confirm {old.document}` confirms its figures; --anyway lets it go as a file",
        )
    freed = deliveries.release(tx, delivery, now=now, deadline=deadline, detail=_AS_FILE)
    if old.document is not None and not _waits_on(tx, old.document):
        readings.settle(tx, old.document, state=Settled.FILE)
    return freed


def _waits_on(tx: Tx, document: str) -> bool:
    """Whether another delivery of a document waits for what its page says, or nothing ever did."""
    reading = readings.of_document(tx, document)
    held = [one for one in deliveries.of_document(tx, document) if one.state is State.HELD]
    return (
        reading is None
        or reading.state is not Settled.WAITING
        or any(one.hold_code in OF_PAGE for one in held)
    )
