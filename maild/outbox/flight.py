"""One try under way: what of it is on the disk, and the writes that put it there.

A try that goes quickly is written twice: once before the dot (T3 and T4 in one), and once when it
has ended. It decides nothing and sends nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from datetime import datetime

from maild.model.delivery import Attempt, Delivery
from maild.outbox.compose import Composed
from maild.store import attempts, blobs, deliveries, documents, pickups
from maild.store.database import Database, StoreUnavailable, Tx
from maild.store.deliveries import Superseded

# A try that is not at its dot by then (seconds) is written down as begun. Until it is, a daemon that
# dies takes it for one that was being composed, and a slow server must not be held against a
# document (store/leases.py).
SOON = 1.0


class Flight:
    """One try: whether its message is made (`composing`), whether the other side may act (`crossed`)."""

    def __init__(self, claimed: Delivery, *, db: Database, started_at: datetime) -> None:
        self.claimed = claimed
        self.started_at = started_at
        self.began = time.monotonic()
        self.crossed = False
        self.composing = True
        self._db = db
        self._composed: Composed | None = None  # known once it goes to the connector
        self._began_at = started_at
        self._attempt: Attempt | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether it went to the connector."""
        return self._composed is not None

    @property
    def n(self) -> int:
        """The number of the attempt; of the next one where none was opened."""
        return attempts.next_number(self.claimed)

    def begin(self, composed: Composed, *, now: datetime) -> None:
        """It goes to the connector: from here on it is an attempt, whoever writes it down first."""
        self._composed, self._began_at = composed, now
        self._timer = asyncio.get_running_loop().call_later(SOON, self._write_begun)

    async def cross(self) -> None:
        """Write that the other side may act from now on, before the dot. Raises Superseded."""
        await self._no_more_opening()
        await self._db.write(self._cross if self._attempt is None else self._mark)
        self.crossed = True

    async def ended(self) -> Callable[[Tx], None]:
        """What has to be written before the result: the attempt, where it was not at its dot."""
        await self._no_more_opening()
        return _nothing if self.crossed else self._open_late

    def _write_begun(self) -> None:
        self._opening = asyncio.get_running_loop().create_task(self._open_soon())

    async def _open_soon(self) -> None:
        # Nobody waits for this one: what it could not write is written by the next.
        with contextlib.suppress(StoreUnavailable, Superseded):
            self._attempt = await self._db.write(self._begin)

    async def _no_more_opening(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._opening is not None:
            await asyncio.shield(self._opening)

    def _begin(self, tx: Tx) -> Attempt:
        """T3: the attempt is open, its message and new files are kept."""
        composed = self._known()
        attempt = deliveries.begin(
            tx, self.claimed, message=composed.staged_message.sha256, now=self._began_at
        )
        _keep(tx, self.claimed, composed)
        return attempt

    def _cross(self, tx: Tx) -> None:
        """T3 and T4 in one."""
        composed = self._known()
        message = composed.staged_message.sha256
        attempts.begin_uncertain(tx, self.claimed, message=message, now=self._began_at)
        _keep(tx, self.claimed, composed)

    def _mark(self, tx: Tx) -> None:
        """T4 alone."""
        deliveries.mark_uncertain(tx, self.claimed)

    def _open_late(self, tx: Tx) -> None:
        # The row is asked, not this object: a write whose caller was called off is done all the same.
        if self._composed is not None and not attempts.is_open(tx, self.claimed.id):
            self._begin(tx)

    def _known(self) -> Composed:
        if self._composed is None:
            raise ValueError(f"{self.claimed.id} did not go to its connector")
        return self._composed


def _nothing(_: Tx) -> None:
    """The attempt is on the disk: the dot waited for that."""


def _keep(tx: Tx, claimed: Delivery, composed: Composed) -> None:
    """The bytes of the message, and the files and the link that were made for it."""
    blobs.keep(tx, composed.staged_message)
    if composed.pickup is not None:
        pickups.add(tx, composed.pickup)
    for file, staged in composed.new_files:
        # Two deliveries that were composed together made the same PDF: the second is done here.
        if claimed.document is None or documents.add_file(tx, claimed.document, file):
            blobs.keep(tx, staged)
