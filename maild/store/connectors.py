"""Connectors that rest or are at their rate, as marks: durable, and seen by every process.

Nothing is delivered here, and no rate is counted: that is done in `outbox.pace`.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, or_, select

from maild.store import marks
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import attempts, deliveries
from maild.store.schema import marks as table

_PREFIX: Final = "paused."
_RATED: Final = "rated."
# Clocks are kept right by small steps; one that is behind the moment a rest began was set back.
_STEP: Final = timedelta(minutes=1)
_PAUSED: Final = Prepared(
    select(table.c.name, table.c.value).where(
        or_(table.c.name.startswith(_PREFIX), table.c.name.startswith(_RATED))
    )
)


def pause(tx: Tx, via: str, *, now: datetime, until: datetime, reason: str) -> None:
    """Let a connector rest until then; a moment that has passed wakes it."""
    value = {"since": now.isoformat(), "until": until.isoformat(), "reason": reason}
    marks.put(tx, _PREFIX + via, value, now=now)


def wait_for_rate(tx: Tx, via: str, *, now: datetime, until: datetime, reason: str) -> None:
    """Show that a connector may send nothing more until then."""
    value = {"since": now.isoformat(), "until": until.isoformat(), "reason": reason}
    marks.put(tx, _RATED + via, value, now=now)


def forget_rates(tx: Tx) -> None:
    """No connector is at its rate any more, as far as is known."""
    tx.execute(delete(table).where(table.c.name.startswith(_RATED)))


def at_rate(tx: Tx, now: datetime) -> frozenset[str]:
    """The connectors that send as fast as their rate lets them, and what waits there must wait."""
    found = ((row, json.loads(row.value)) for row in _PAUSED.rows(tx, {}))
    lately = now - _STEP  # between two stretches it is at its rate all the same
    return frozenset(
        row.name.removeprefix(_RATED)
        for row, value in found
        if row.name.startswith(_RATED) and datetime.fromisoformat(value["until"]) > lately
    )


def ended_since(tx: Tx, via: str, *, since: datetime, most: int) -> tuple[datetime, ...]:
    """When the last tries of a connector ended, since then, at most so many."""
    query = (
        select(attempts.c.ended_at)
        .join(deliveries, deliveries.c.id == attempts.c.delivery)
        .where(attempts.c.ended_at > since, deliveries.c.via == via)
        .order_by(attempts.c.ended_at.desc())
        .limit(most)
    )
    return tuple(tx.execute(query).scalars())


def paused(tx: Tx, now: datetime) -> dict[str, tuple[datetime, str]]:
    """The connectors that rest: until when, and why.

    A rest that began in the future is over: the clock was set back, and nobody knows how far.
    """
    found: dict[str, tuple[datetime, str]] = {}
    for row in _PAUSED.rows(tx, {}):
        value, via = json.loads(row.value), row.name.partition(".")[2]
        until = datetime.fromisoformat(value["until"])
        if until > now and not _is_ahead(value, now):
            found[via] = max(found.get(via, (until, "")), (until, str(value["reason"])))
    return found


def _is_ahead(value: dict[str, str], now: datetime) -> bool:
    since = value.get("since")  # a rest of an older maild does not know when it began
    return since is not None and datetime.fromisoformat(since) > now + _STEP
