"""Connectors that rest, as marks: durable, and seen by every process. Nothing is delivered here."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from sqlalchemy import select

from maild.store import marks
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import marks as table

_PREFIX: Final = "paused."
_PAUSED: Final = Prepared(
    select(table.c.name, table.c.value).where(table.c.name.startswith(_PREFIX))
)


def pause(tx: Tx, via: str, *, until: datetime, reason: str) -> None:
    """Let a connector rest until then; a moment that has passed wakes it."""
    marks.put(tx, _PREFIX + via, {"until": until.isoformat(), "reason": reason}, now=until)


def paused(tx: Tx, now: datetime) -> dict[str, tuple[datetime, str]]:
    """The connectors that rest: until when, and why."""
    found = {row.name.removeprefix(_PREFIX): json.loads(row.value) for row in _PAUSED.rows(tx, {})}
    rests = {
        via: (datetime.fromisoformat(value["until"]), str(value["reason"]))
        for via, value in found.items()
    }
    return {via: rest for via, rest in rests.items() if rest[0] > now}
