"""What an outbox looks after once a minute, and once at its start: what dead daemons left, the clock.

Nothing is claimed or sent here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.log import outgoing
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.outbox.lane import Lane
from maild.outbox.lateness import Lateness
from maild.outbox.rates import Rates
from maild.outbox.suspects import Suspects
from maild.store import connectors, deliveries
from maild.store.database import Database, Tx

BACK: Final = 60.0  # seconds; a clock that lost more than this was set back


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what was taken back waits, and what waits longer than any pause lasts."""

    doubt_pause: timedelta
    loss_pause: timedelta
    longest: timedelta
    hold_uncertain: frozenset[str]  # connectors where a person decides


@dataclass(slots=True)
class Upkeep:
    """The upkeep of one outbox, whose `owner` holds the state lock."""

    db: Database
    owner: str
    lanes: Mapping[str, Lane]
    rates: Rates
    suspects: Suspects
    patience: Patience
    lateness: Lateness
    now: Callable[[], datetime]
    # Seconds of the clock over the one that never jumps; None before the first look.
    _lead: float | None = field(default=None, init=False)

    async def look(self) -> None:
        """Take back, recall, put right. Raises StoreUnavailable; then it is to be called again."""
        take = partial(_take_back, owner=self.owner, now=self.now(), patience=self.patience)
        taken = await self.db.write(take)
        self.suspects.add(one.id for one in taken if _was_composed(one))
        if taken:
            uncertain = sum(one.state is State.UNCERTAIN for one in taken)
            outgoing.outbox_took_back(deliveries=len(taken), uncertain=uncertain)
        if self._lead is None:
            await self._recall()
        await self._look_at_clock()
        await self.lateness.look()

    async def _recall(self) -> None:
        """Go on where the last process ended: what it sent, which servers were out, what killed it."""
        self.suspects.add(await self.db.read(deliveries.lost_before))
        await self.rates.recall()
        for via, rest in (await self.db.read(connectors.rests)).items():
            if lane := self.lanes.get(via):
                lane.recall(rest)

    async def _look_at_clock(self) -> None:
        """Where the clock was set back, or nobody knows: waits that it made too long end."""
        now = self.now()
        lead = now.timestamp() - time.monotonic()
        if self._lead is None or lead < self._lead - BACK:
            longest = self.patience.longest
            await self.db.write(partial(deliveries.bring_forward, now=now, longest=longest))
        self._lead = lead


def _take_back(tx: Tx, *, owner: str, now: datetime, patience: Patience) -> tuple[Delivery, ...]:
    """Take back what dead daemons held; where a person decides about doubts, hold those.

    Not by the leases' age: a clock that jumps ahead would take deliveries from our own lanes, and
    whoever is not us is dead while we hold the state lock.
    """
    taken = deliveries.take_back(
        tx,
        owner=owner,
        now=now,
        doubt_pause=patience.doubt_pause,
        loss_pause=patience.loss_pause,
    )
    for one in taken:
        if one.state is State.UNCERTAIN and one.via in patience.hold_uncertain:
            deliveries.hold(
                tx,
                one.id,
                now=now,
                reason=one.reason or "it may have arrived",
                code=HoldCode.UNCERTAIN,
                actor="maild",
            )
    return taken


def _was_composed(taken: Delivery) -> bool:
    """Whether a delivery that was taken back had no attempt open: it was being composed."""
    on_the_wire = bool(taken.attempts) and taken.attempts[-1].outcome is Outcome.LOST
    return taken.state is State.QUEUED and not on_the_wire
