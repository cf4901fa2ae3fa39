"""Connectors that rest or are at their rate, as marks: durable, and seen by every process.

Nothing is delivered here, and no rate is counted: that is done in `outbox.pace`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select

from maild.errors import Cause
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


@dataclass(frozen=True, slots=True)
class Rest:
    """A connector that was out, and has not taken anything since. `times` is how often in a row."""

    until: datetime
    reason: str
    cause: Cause = "network"
    times: int = 1


def pause(tx: Tx, via: str, *, now: datetime, rest: Rest) -> None:
    """Let a connector rest until then; a moment that has passed wakes it."""
    _put(tx, _PREFIX + via, now=now, **asdict(rest))


def wake(tx: Tx, via: str, *, now: datetime) -> None:
    """End the rest of a connector: it is tried now, and not well before it takes something."""
    if rest := rests(tx).get(via):
        pause(tx, via, now=now, rest=replace(rest, until=min(rest.until, now)))


def recovered(tx: Tx, via: str) -> None:
    """A connector that was out takes something again."""
    marks.drop(tx, _PREFIX + via)


def rests(tx: Tx) -> dict[str, Rest]:
    """Every connector that was out and took nothing since, also when its rest is over."""
    found = {}
    for name, value in _values(tx):
        if name.startswith(_PREFIX):
            known = {key: value[key] for key in ("reason", "cause", "times") if key in value}
            until = datetime.fromisoformat(value["until"])
            found[name.removeprefix(_PREFIX)] = Rest(until=until, **known)
    return found


def wait_for_rate(tx: Tx, via: str, *, now: datetime, until: datetime, reason: str) -> None:
    """Show that a connector may send nothing more until then."""
    _put(tx, _RATED + via, now=now, until=until, reason=reason)


def forget_rates(tx: Tx) -> None:
    """No connector is at its rate any more, as far as is known."""
    tx.execute(delete(table).where(table.c.name.startswith(_RATED)))


def at_rate(tx: Tx, now: datetime) -> frozenset[str]:
    """The connectors that send as fast as their rate lets them, and what waits there must wait."""
    lately = now - _STEP  # between two stretches it is at its rate all the same
    return frozenset(
        name.removeprefix(_RATED)
        for name, value in _values(tx)
        if name.startswith(_RATED) and datetime.fromisoformat(value["until"]) > lately
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
    for name, value in _values(tx):
        via = name.partition(".")[2]
        until = datetime.fromisoformat(value["until"])
        if until > now and not _is_ahead(value, now):
            found[via] = max(found.get(via, (until, "")), (until, str(value["reason"])))
    return found


def _put(tx: Tx, name: str, *, now: datetime, until: datetime, **known: Any) -> None:
    instants = {"since": now.isoformat(), "until": until.isoformat()}
    marks.put(tx, name, instants | known, now=now)


def _values(tx: Tx) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((row.name, json.loads(row.value)) for row in _PAUSED.rows(tx, {}))


def _is_ahead(value: dict[str, Any], now: datetime) -> bool:
    since = value.get("since")  # a rest of an older maild does not know when it began
    return since is not None and datetime.fromisoformat(since) > now + _STEP
