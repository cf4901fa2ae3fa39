"""Connectors that rest, as marks: durable, and seen by every process. Nothing is delivered here."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from maild.store import marks
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import marks as table

_PREFIX: Final = "paused."
# Clocks are kept right by small steps; one that is behind the moment a rest began was set back.
_STEP: Final = timedelta(minutes=1)
_PAUSED: Final = Prepared(
    select(table.c.name, table.c.value).where(table.c.name.startswith(_PREFIX))
)


def pause(tx: Tx, via: str, *, now: datetime, until: datetime, reason: str) -> None:
    """Let a connector rest until then; a moment that has passed wakes it."""
    value = {"since": now.isoformat(), "until": until.isoformat(), "reason": reason}
    marks.put(tx, _PREFIX + via, value, now=now)


def paused(tx: Tx, now: datetime) -> dict[str, tuple[datetime, str]]:
    """The connectors that rest: until when, and why.

    A rest that began in the future is over: the clock was set back, and nobody knows how far.
    """
    found = {row.name.removeprefix(_PREFIX): json.loads(row.value) for row in _PAUSED.rows(tx, {})}
    return {
        via: (until, str(value["reason"]))
        for via, value in found.items()
        if (until := datetime.fromisoformat(value["until"])) > now and not _is_ahead(value, now)
    }


def _is_ahead(value: dict[str, str], now: datetime) -> bool:
    since = value.get("since")  # a rest of an older maild does not know when it began
    return since is not None and datetime.fromisoformat(since) > now + _STEP
