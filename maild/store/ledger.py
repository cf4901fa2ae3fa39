"""What connectors keep of their roads: counts that every process shares, and what rests until when.

What the counts mean is the business of each connector.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from maild.store import connectors, marks
from maild.store.database import Database, Tx

T = TypeVar("T")
Counts = dict[str, Any]


class StoredLedger:
    """The port `Ledger` over the marks."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now

    async def change(self, road: str, step: Callable[[Counts | None], tuple[Counts, T]]) -> T:
        """Change the counts of a road; on the disk when this returns."""
        return await self._db.write(partial(_change, road=road, step=step, now=self._now()))

    async def rest(self, road: str, *, until: datetime, reason: str) -> None:
        """Show that a road rests."""
        now = self._now()
        rest = connectors.Rest(until, reason, cause="quota")
        await self._db.write(partial(connectors.pause, via=road, now=now, rest=rest))


def _change(
    tx: Tx, *, road: str, step: Callable[[Counts | None], tuple[Counts, T]], now: datetime
) -> T:
    name = f"counts.{road}"
    counts, said = step(marks.get(tx, name))
    marks.put(tx, name, counts, now=now)
    return said
