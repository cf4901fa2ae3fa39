"""Connectors that are at their rate: what they sent before a restart, and who sees that they wait.

How many may still begin is in `pace`; what waits is neither claimed nor charged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from maild.outbox.pace import Pace
from maild.store import connectors
from maild.store.database import Database


class Rates:
    """The paces of one outbox, by connector; those without a rate are not among them."""

    def __init__(
        self, paces: Mapping[str, Pace], *, db: Database, now: Callable[[], datetime]
    ) -> None:
        self._paces, self._db, self._now = paces, db, now
        self._noted: dict[str, datetime] = {}

    async def recall(self) -> None:
        """Take up where the last process ended. Raises StoreUnavailable."""
        await self._db.write(connectors.forget_rates)
        for via, pace in self._paces.items():
            now = self._now()
            since = partial(
                connectors.ended_since, via=via, since=now - pace.rate.within, most=pace.rate.most
            )
            ended = await self._db.read(since)
            pace.recall((now - one).total_seconds() for one in ended)

    async def note(self) -> float:
        """Write down who waits for its rate; seconds until the first of them goes on."""
        waits = [await self._note(via, pace) for via, pace in self._paces.items()]
        return min(waits, default=float("inf"))

    async def _note(self, via: str, pace: Pace) -> float:
        opens_in = pace.opens_in
        if opens_in is None:
            return float("inf")
        now = self._now()
        until = now + timedelta(seconds=opens_in)
        noted = self._noted.get(via)
        # Once for a wait: what is written wakes the outbox, which looks here again.
        if noted is None or noted <= now:
            self._noted[via] = until
            reason = f"its rate of {pace.rate} is reached"
            await self._db.write(
                partial(connectors.wait_for_rate, via=via, now=now, until=until, reason=reason)
            )
        return opens_in
