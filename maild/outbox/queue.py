"""What a person may do to a delivery: look, try again, hold, release, cancel.

It works beside a running daemon, which notices within a second, and without one. A move that a
delivery's state forbids is a UserError in words; an id that is not there is NotFound.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from maild.errors import UserError, did_you_mean
from maild.model.delivery import Delivery, State
from maild.store import deliveries
from maild.store.database import Database


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


async def release(db: Database, delivery: str, *, now: datetime, deadline: timedelta) -> Delivery:
    """Let a held delivery go at its time; its `deadline` counts from now."""
    return await db.write(partial(deliveries.release, id=delivery, now=now, deadline=deadline))


async def cancel(db: Database, delivery: str, *, now: datetime, reason: str = "") -> Delivery:
    """Give up a delivery that has not left."""
    why = reason or "cancelled by a person"
    return await db.write(partial(deliveries.cancel, id=delivery, now=now, reason=why))
