"""Finds what is due and gives it to the lane of its connector; drains when maild stops.

It wakes at once for what this process writes, within a quarter of a second for what another one
does, and by itself at the next due time. What happens to a delivery is the lane's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from maild.log import outgoing
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.ids import new_id
from maild.model.rate import Rate
from maild.outbox.compose import Composed
from maild.outbox.lane import Kit, Lane
from maild.outbox.lateness import Lateness
from maild.outbox.pace import Pace
from maild.outbox.rates import Rates
from maild.outbox.record import Tell, record
from maild.outbox.retry import DEADLINE, LATE, PAUSES, longest_wait
from maild.outbox.suspects import Suspects
from maild.outbox.upkeep import Patience, Upkeep
from maild.outbox.verdict import Policy
from maild.pause import pause
from maild.ports import Connector
from maild.rules.book import RuleBook
from maild.store import deliveries
from maild.store.database import Database, StoreUnavailable
from maild.store.deliveries import Settled

CONNECTIONS = 4  # at once to one server, where the configuration does not say (mail.md 6.4)
UPKEEP = timedelta(minutes=1)  # between two looks for leases of others and connectors that are gone
LONGEST_SLEEP = 30.0  # seconds; a clock that was set back is noticed after this long
LISTEN = 5.0  # seconds of one wait for a change


@dataclass(frozen=True, slots=True)
class OutboxOptions:
    """What [outbox] and the connectors' sections say about the way out."""

    retry: tuple[timedelta, ...] = PAUSES
    deadline: timedelta = DEADLINE
    lease: timedelta = timedelta(minutes=15)  # longer than the longest session (mail.md 6.4)
    doubt_pause: timedelta = timedelta(minutes=15)
    loss_pause: timedelta = timedelta(seconds=30)
    grace: timedelta = timedelta(seconds=30)
    delay_notice: timedelta = LATE
    connections: Mapping[str, int] = field(default_factory=dict)  # by connector
    hold_uncertain: frozenset[str] = frozenset()  # connectors where a person decides
    rates: Mapping[str, Rate] = field(
        default_factory=dict
    )  # by connector; absent: as fast as it goes


class Outbox:
    """The way out of one daemon, which holds the state lock: every other lease is a dead one's."""

    def __init__(
        self,
        *,
        db: Database,
        compose: Callable[[Delivery], Awaitable[Composed]],
        connectors: Mapping[str, Connector],
        options: OutboxOptions,
        book: Callable[[], RuleBook],
        tell: Tell,
        now: Callable[[], datetime],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.owner = new_id("o")
        self._db, self._options, self._now = db, options, now
        self._kit = Kit(db=db, compose=compose, book=book, tell=tell, now=now, rng=Random())  # noqa: S311 - spreads retries, guards nothing
        paces = {name: Pace(rate, ticks=ticks) for name, rate in options.rates.items()}
        self._rates = Rates(paces, db=db, now=now)
        self._lanes = {
            name: self._lane(name, one, pace=paces.get(name)) for name, one in connectors.items()
        }
        self._news = asyncio.Event()
        self._more_is_due = False  # the last claim got all that it asked for
        self._suspects = Suspects(
            self._lanes, db=db, owner=self.owner, lease=options.lease, now=now
        )
        self._upkeep = Upkeep(
            db=db,
            owner=self.owner,
            lanes=self._lanes,
            rates=self._rates,
            suspects=self._suspects,
            patience=_patience(options),
            lateness=Lateness(db, book, tell, options.delay_notice, now),
            now=now,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver what is due until `stop`; then let what is on the wire finish, within `grace`."""
        beside = [
            asyncio.create_task(work)
            for work in (self._listen(), self._renew_leases(), self._until(stop))
        ]
        try:
            await self._work(stop)
        finally:
            grace = self._options.grace.total_seconds() if stop.is_set() else 0
            await asyncio.gather(*(lane.drain(grace=grace) for lane in self._lanes.values()))
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _work(self, stop: asyncio.Event) -> None:
        upkeep_at = self._now()
        while not stop.is_set():
            self._news.clear()
            sleep, looked_at = LONGEST_SLEEP, self._now()
            try:
                if self._now() >= upkeep_at or upkeep_at - self._now() > UPKEEP:
                    await self._upkeep.look()
                    upkeep_at = self._now() + UPKEEP
                sleep = min(await self._claim_what_is_due(), await self._rates.note())
            except StoreUnavailable:
                # Nothing was claimed, nothing is sent; the daemon ends by itself if it is broken.
                sleep = 1.0
            await pause(self._news, sleep, now=self._now, since=looked_at)

    async def _claim_what_is_due(self) -> float:
        """Fill the lanes; how many seconds until something else may be due."""
        if await self._suspects.go_first(done=self._news.set):
            return 1.0  # until it is composed, which may be no news
        while open_lanes := [name for name, lane in self._lanes.items() if lane.room]:
            # While claims come back full there is more, and to look first would only cost time.
            if not self._more_is_due:
                now = self._now()
                due = await self._db.read(partial(deliveries.oldest_due, now=now))
                if due is None:
                    return LONGEST_SLEEP
                if due > now:
                    return min((due - now).total_seconds(), LONGEST_SLEEP)
            looked, self._more_is_due = not self._more_is_due, False
            if not await self._fill_all(open_lanes) and looked:
                # What is due belongs to a lane that is full, or to no lane: `_upkeep` holds that.
                return 1.0
        return LONGEST_SLEEP  # until a lane has room again, which is news

    async def _fill_all(self, names: list[str]) -> int:
        """Claim and begin what the lanes have room for."""
        return sum(await asyncio.gather(*(self._fill(one, self._lanes[one].room) for one in names)))

    async def _fill(self, name: str, most: int) -> int:
        """Claim what one lane can begin at once (T2), at most so many, and begin them."""
        now = self._now()
        claim = partial(
            deliveries.claim,
            now=now,
            owner=self.owner,
            lease_until=now + self._options.lease,
            limit=most,
            busy=[other for other in self._lanes if other != name],
            but=self._suspects.known,
        )
        claimed = await self._db.write(claim)
        self._more_is_due = self._more_is_due or len(claimed) == most
        for one in claimed:
            if one.via in self._lanes:
                self._lanes[one.via].take(one, done=self._news.set)
            else:
                await self._hold_without_connector(one)
        return len(claimed)

    async def _hold_without_connector(self, claimed: Delivery) -> None:
        now = self._now()
        reason = (
            f'the configuration has no connector "{claimed.via}" any more; put it back and say'
            f" `maild queue release {claimed.id}`"
        )
        settled = Settled(
            State.HELD, Outcome.HELD, now, reason=reason, hold_code=HoldCode.PROFILE, charged=False
        )
        await self._db.write(
            partial(
                record,
                claimed=claimed,
                settled=settled,
                started_at=now,
                policy=Policy(),
                book=self._kit.book(),
                tell=self._kit.tell,
            )
        )
        outgoing.delivery_held(
            team=claimed.team, delivery=claimed.id, code=HoldCode.PROFILE, reason=reason
        )

    async def _listen(self) -> None:
        """Make news of every commit, of this process or another."""
        seen = self._db.changes
        while True:
            if await self._db.wait_for_change(LISTEN, since=seen):
                seen = self._db.changes
                self._news.set()

    async def _until(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._news.set()

    async def _renew_leases(self) -> None:
        """Lengthen the leases of what is under way, at a third of their life."""
        third = self._options.lease.total_seconds() / 3
        while True:
            await asyncio.sleep(third)
            ids = [one for lane in self._lanes.values() for one in lane.under_way]
            until = self._now() + self._options.lease
            with contextlib.suppress(StoreUnavailable):  # two more chances before it runs out
                await self._db.write(
                    partial(deliveries.renew, ids=ids, owner=self.owner, lease_until=until)
                )

    def _lane(self, name: str, connector: Connector, *, pace: Pace | None) -> Lane:
        options = self._options
        policy = Policy(
            pauses=options.retry,
            deadline=options.deadline,
            doubt_pause=options.doubt_pause,
            hold_uncertain=name in options.hold_uncertain,
            delay_notice=options.delay_notice,
        )
        connections = options.connections.get(name, CONNECTIONS)
        return Lane(connector, kit=self._kit, connections=connections, policy=policy, pace=pace)


def _patience(options: OutboxOptions) -> Patience:
    return Patience(
        doubt_pause=options.doubt_pause,
        loss_pause=options.loss_pause,
        longest=max(longest_wait(options.retry), options.doubt_pause),
        hold_uncertain=options.hold_uncertain,
    )
