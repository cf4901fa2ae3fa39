"""What a daemon died over while it composed: composed anew one at a time, and nothing beside it.

One of them may be what killed it. When the next daemon dies over one alone, that is known, and the
delivery is charged with a loss and rests (`store.leases`); after the third it is held. While one
rests or its connector does, everything else goes on as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial

from maild.outbox.flight import Flight
from maild.outbox.lane import Lane
from maild.store import deliveries
from maild.store.database import Database


class Suspects:
    """Those that are known, and the one that is composed now."""

    def __init__(
        self,
        lanes: Mapping[str, Lane],
        *,
        db: Database,
        owner: str,
        lease: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self.known: frozenset[str] = frozenset()
        self._lanes, self._db, self._now = lanes, db, now
        self._owner, self._lease = owner, lease
        self._alone: Flight | None = None

    def add(self, ids: Iterable[str]) -> None:
        """Suspect these deliveries, too."""
        self.known |= frozenset(ids)

    async def go_first(self, *, done: Callable[[], None]) -> bool:
        """Begin one that is due, alone; whether everything else has to wait meanwhile.

        `done` is called when there is news. Raises StoreUnavailable.
        """
        if self._alone is not None and self._alone.composing:
            return True
        self._alone = None
        if not self.known:
            return False
        now = self._now()
        waiting = await self._db.read(partial(deliveries.due_at, ids=self.known, now=now))
        # What a person held or cancelled, or what has gone, keeps nobody waiting.
        self.known = frozenset(waiting)
        due = [id_ for id_, (via, at) in waiting.items() if at <= now and self._has_room(via)]
        if not due:
            return False
        if any(lane.is_composing for lane in self._lanes.values()):
            return True
        return await self._begin(due[0], done=done)

    def _has_room(self, via: str) -> bool:
        return via in self._lanes and self._lanes[via].room > 0

    async def _begin(self, id_: str, *, done: Callable[[], None]) -> bool:
        now = self._now()
        claim = partial(
            deliveries.claim_one,
            id=id_,
            now=now,
            owner=self._owner,
            lease_until=now + self._lease,
        )
        claimed = await self._db.write(claim)
        if claimed is None:  # a person was quicker, or its connector rests since a moment
            return False
        self.known -= {id_}
        self._alone = self._lanes[claimed.via].take(claimed, done=done)
        return True
