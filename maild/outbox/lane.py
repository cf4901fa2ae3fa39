"""One connector's lane: compose, begin, deliver, settle, for a few deliveries at once.

It owns its connector's pace: how many go at a time, and one probe after a rest. What is due is
found by `dispatch`; what each fault means is in `verdict`. T3 (begin) and T4 (the point of no
return) are on disk before the dot, in one write where the server is quick (`flight`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from random import Random
from typing import Any

from maild.errors import DeliveryError, RoadClosed, Unavailable
from maild.log import outgoing, running
from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.model.ids import new_id
from maild.outbox import retry, verdict
from maild.outbox.compose import Composed
from maild.outbox.flight import Flight
from maild.outbox.pace import Pace
from maild.outbox.record import Tell, record
from maild.outbox.verdict import Policy, Try
from maild.ports import Connector
from maild.rules.book import RuleBook
from maild.store import connectors
from maild.store.connectors import Rest
from maild.store.database import Database, StoreUnavailable, Tx
from maild.store.deliveries import Settled, Superseded

# A store that does not take the result is asked again this often (seconds), up to the longest.
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0
# So many deliveries are composed while others are on the wire, so that the PDF children never wait
# for a mail server: a tenth more documents a second (bench/pipeline.py).
AHEAD = 4


@dataclass(frozen=True, slots=True)
class Kit:
    """What every lane works with."""

    db: Database
    compose: Callable[[Delivery], Awaitable[Composed]]
    book: Callable[[], RuleBook]
    tell: Tell
    now: Callable[[], datetime]
    rng: Random


class Lane:
    """The lane of one connector. `take` starts a delivery, `drain` ends them all."""

    def __init__(
        self,
        connector: Connector,
        *,
        kit: Kit,
        connections: int,
        policy: Policy,
        pace: Pace | None = None,
    ) -> None:
        self.connector = connector
        self._kit, self._connections, self._policy = kit, connections, policy
        self._pace = pace
        self._wire = asyncio.Semaphore(connections)
        self._tasks: dict[asyncio.Task[None], Flight] = {}
        self._settling = 0  # how many of them only wait for their result to be written
        self._rests = 0  # how often in a row the connector was out
        self._is_out = False  # and everybody can see it
        self._rested_at = float("-inf")  # monotonic
        self._outage = ""  # what the server said when it began to rest

    @property
    def room(self) -> int:
        """How many more deliveries may begin now: one alone after a rest, to see how it is."""
        most = 1 if self._rests else self._connections + AHEAD
        # Those that are settled leave their place to others, as many as there are places: a store
        # that takes no result must not be given ever more of them.
        left = 0 if self._rests else min(self._settling, most)
        room = max(0, most - len(self._tasks) + left)
        return room if self._pace is None else min(room, self._pace.free)

    @property
    def under_way(self) -> list[str]:
        """The ids of the deliveries that this lane works on."""
        return [flight.claimed.id for flight in self._tasks.values()]

    @property
    def is_composing(self) -> bool:
        """Whether any message is being made: that is when a document may kill the process."""
        return any(flight.composing for flight in self._tasks.values())

    def take(self, claimed: Delivery, *, done: Callable[[], None]) -> Flight:
        """Start a delivery that was claimed; `done` is called when there is room again."""
        flight = Flight(claimed, db=self._kit.db, started_at=self._kit.now())
        task = asyncio.create_task(self.attempt(flight), name=f"deliver {claimed.id}")
        self._tasks[task] = flight
        if self._pace is not None:
            self._pace.begin()
        task.add_done_callback(self._landed)
        task.add_done_callback(lambda _: done())
        return flight

    def recall(self, rest: Rest) -> None:
        """Go on where the last process ended: its connector was out, and is to be probed."""
        self._rests, self._is_out = rest.times, True

    async def drain(self, *, grace: float) -> None:
        """Give what is under way `grace` seconds, then call it off; return when all is settled."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        while self._tasks:  # a store that takes nothing must not keep maild from ending
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=LONGEST_WAIT)

    async def attempt(self, flight: Flight) -> None:
        """One try of one delivery, from composing to the row that says how it ended."""
        try:
            reply = await self._carry(flight)
            settled = verdict.handed_over(self._try(flight), reply)
            await self._recover()
        except Superseded:
            outgoing.delivery_superseded(delivery=flight.claimed.id)
            return
        except asyncio.CancelledError:
            crossed = flight.crossed
            settled = verdict.called_off(self._try(flight), crossed=crossed, policy=self._policy)
        except Exception as fault:  # noqa: BLE001 - the worker is one of the three places: ours is held
            settled = self._after(flight, fault)
            if isinstance(fault, Unavailable):
                await self._rest(flight, fault)
            elif isinstance(fault, DeliveryError) and not isinstance(fault, RoadClosed):
                await self._recover()  # a server that refuses a mail is there
        await self._settle(flight, settled)

    def _landed(self, task: asyncio.Task[None]) -> None:
        flight = self._tasks.pop(task)
        flight.composing = False
        if self._pace is not None:
            self._pace.end(sent=flight.begun)

    async def _carry(self, flight: Flight) -> str:
        composed = await self._kit.compose(flight.claimed)
        flight.composing = False
        async with self._wire:
            if flight.began < self._rested_at:
                # The server went away meanwhile: it is left in peace, and nothing was begun.
                raise Unavailable(self._outage)
            return await self._hand_over(flight, composed)

    async def _hand_over(self, flight: Flight, composed: Composed) -> str:
        flight.begin(composed, now=self._kit.now())
        parcel = composed.parcel
        return await self.connector.deliver(parcel, point_of_no_return=flight.cross)

    def _try(self, flight: Flight) -> Try:
        return Try(flight.claimed, flight.started_at, self._kit.now())

    def _after(self, flight: Flight, fault: Exception) -> Settled:
        one = self._try(flight)
        settled = verdict.after(one, fault, policy=self._policy, rng=self._kit.rng)
        if settled is not None:
            return settled
        incident = new_id("i")
        settled = verdict.from_bug(one, fault, incident=incident)
        outgoing.delivery_held(
            team=one.delivery.team,
            delivery=one.delivery.id,
            code=HoldCode.BUG,
            reason=settled.reason or "",
            incident=incident,
            error=fault,
        )
        return settled

    async def _rest(self, flight: Flight, fault: Unavailable) -> None:
        """Let the connector rest; tries that began before it did are the same outage."""
        if flight.began < self._rested_at:
            return
        self._rests += 1
        self._rested_at = time.monotonic()
        self._outage = fault.reply
        now, name = self._kit.now(), self.connector.name
        until = now + retry.rest(self._rests, fault, rng=self._kit.rng)
        outgoing.connector_paused(connector=name, cause=fault.cause, until=until, reply=fault.reply)
        rest = Rest(until, fault.reply, fault.cause, self._rests)
        self._is_out = True
        await self._persist(partial(connectors.pause, via=name, now=now, rest=rest))

    async def _recover(self) -> None:
        """The server took or refused a mail: it is there, and nobody need see to it any more."""
        self._rests = 0
        if self._is_out:
            self._is_out = False
            outgoing.connector_recovered(connector=self.connector.name)
            await self._persist(partial(connectors.recovered, via=self.connector.name))

    async def _settle(self, flight: Flight, settled: Settled) -> None:
        """T5, tried until the store takes it; the notice rides in the same transaction."""
        # Its place is free from here on, so that the next claim rides in the same commit.
        self._settling += 1
        try:
            await self._write(flight, settled)
        finally:
            self._settling -= 1

    async def _write(self, flight: Flight, settled: Settled) -> None:
        write = partial(
            _write_end,
            before=await flight.ended(),
            claimed=flight.claimed,
            settled=settled,
            started_at=flight.started_at,
            policy=self._policy,
            book=self._kit.book(),
        )
        try:
            try:
                written = await self._persist(partial(write, tell=self._kit.tell))
            except Superseded:
                raise
            except Exception as fault:  # noqa: BLE001 - a notice that cannot be written must not undo the result
                running.service_failed(service="notices", error=fault, again_in=0)
                written = await self._persist(partial(write, tell=_tell_nobody))
        except Superseded:
            outgoing.delivery_superseded(delivery=flight.claimed.id)
            return
        if written:
            self._report(flight, settled)

    async def _persist(self, write: Callable[[Tx], object]) -> bool:
        """Write, again and again while the store is not available; False when it never will be."""
        wait = FIRST_WAIT
        while not self._kit.db.broken:
            try:
                await self._kit.db.write(write)
            except StoreUnavailable:
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                return True
        return False

    def _report(self, flight: Flight, settled: Settled) -> None:
        one, reply, via = flight.claimed, settled.reply or "", self.connector.name
        match settled.state:
            case State.HANDED_OVER:
                outgoing.delivery_handed_over(
                    team=one.team,
                    delivery=one.id,
                    document=one.document,
                    connector=via,
                    attempt=flight.n,
                    reply=reply,
                    took=time.monotonic() - flight.began,
                )
            case State.UNCERTAIN:
                outgoing.delivery_uncertain(
                    team=one.team, delivery=one.id, connector=via, reply=reply
                )
            case State.FAILED:
                outgoing.delivery_failed(
                    team=one.team,
                    delivery=one.id,
                    document=one.document,
                    connector=via,
                    reply=reply,
                )
            case State.HELD if settled.hold_code not in {HoldCode.BUG, None}:
                outgoing.delivery_held(
                    team=one.team,
                    delivery=one.id,
                    code=str(settled.hold_code),
                    reason=settled.reason or "",
                )
            case State.QUEUED if settled.outcome is Outcome.DEFERRED:
                outgoing.delivery_deferred(
                    team=one.team,
                    delivery=one.id,
                    connector=via,
                    attempt=flight.n,
                    reply=reply,
                    until=settled.not_before,
                )


def _write_end(tx: Tx, *, before: Callable[[Tx], None], **known: Any) -> None:
    """The attempt, where nothing was written of it so far, and how it ended."""
    before(tx)
    record(tx, **known)


def _tell_nobody(*_: object, **__: object) -> None:
    """Stands in for a notice that could not be made."""
