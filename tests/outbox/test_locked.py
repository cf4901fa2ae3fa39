"""A database that another process keeps locked: nothing is sent, and what was sent is in doubt."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.model.delivery import Delivery, Outcome, Parcel, State
from maild.outbox.compose import Composed
from maild.outbox.lane import AHEAD
from maild.simulators.mailsink import LOOPBACK
from maild.store import engines, writer
from maild.store.database import Database, StoreUnavailable, Tx
from tests.outbox.conftest import Rig

MINUTE = timedelta(minutes=1)
NO_GRACE: dict[str, Any] = {"grace": timedelta(0)}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store waits for a lock for a tenth of a second, not ten."""
    for module in (engines, writer):
        monkeypatch.setattr(module, "BUSY_TIMEOUT", 100)


@contextlib.asynccontextmanager
async def locked(rig: Rig) -> AsyncIterator[None]:
    """Another connection is in the middle of a transaction that writes."""
    other = await Database.open(rig.db.path)
    inside, over = threading.Event(), threading.Event()

    def keep(_: Tx) -> None:
        inside.set()
        over.wait(60)

    keeping = asyncio.create_task(other.write(keep))
    assert await asyncio.to_thread(inside.wait, 10)
    try:
        yield
    finally:
        over.set()
        await keeping
        await other.close()


async def refused(rig: Rig) -> None:
    """Every write that was asked for before has failed by now."""
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await rig.db.write(lambda _: None)


async def test_while_the_database_is_locked_nothing_is_claimed_or_sent_and_nothing_is_lost(
    rig: Rig,
) -> None:
    gate = asyncio.Event()

    async def compose(delivery: Delivery) -> Composed:
        await gate.wait()
        return await rig.compose(delivery)

    under_way = [await rig.add() for _ in range(1 + AHEAD)]
    async with rig.running(compose=compose, connections={"relay": 1}):
        for one in under_way:
            await rig.when(one, lambda found: found.state is State.SENDING)
        waiting = [await rig.add() for _ in range(3)]
        async with locked(rig):
            gate.set()  # they reach their dots, and leave their places to others
            await rig.sink.until(lambda: rig.sink.steps["DATA"] == 1)
            await refused(rig)
            assert rig.sink.steps["DOT"] == rig.sink.count == 0
            assert [(await rig.get(one)).claim_no for one in waiting] == [0, 0, 0]
        # The point of no return could not be written: they wait a minute, uncharged.
        done = {one.id for one in waiting}
        for one in waiting:
            await rig.becomes(one, State.HANDED_OVER)
        while len(done) < len(under_way) + len(waiting):
            await rig.step(MINUTE)
            for one in under_way:
                if (await rig.when(one, is_at_rest)).state is State.HANDED_OVER:
                    done.add(one.id)
    assert rig.sink.count == len(under_way) + len(waiting)
    assert {(await rig.get(one)).tries for one in under_way} == {1}


def is_at_rest(found: Delivery) -> bool:
    return found.state in {State.QUEUED, State.HANDED_OVER}


class Replied(SmtpConnector):
    """A connector that keeps the server's reply to itself until it is let go."""

    def __init__(self, options: SmtpOptions) -> None:
        super().__init__(options)
        self.replied, self.go = asyncio.Event(), asyncio.Event()

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        reply = await super().deliver(parcel, point_of_no_return=point_of_no_return)
        self.replied.set()
        await self.go.wait()
        return reply


def replied(rig: Rig) -> Replied:
    return Replied(SmtpOptions(name="relay", host=LOOPBACK, port=rig.sink.port, tls="none"))


async def test_a_result_that_cannot_be_saved_is_saved_when_it_can_and_in_doubt_until_then(
    rig: Rig,
) -> None:
    delivery, way = await rig.add(), replied(rig)
    async with rig.running(connectors={"relay": way}):
        await way.replied.wait()
        async with locked(rig):
            way.go.set()
            await refused(rig)
            assert (await rig.get(delivery)).state is State.UNCERTAIN
        done = await rig.becomes(delivery, State.HANDED_OVER)
    assert [one.outcome for one in done.attempts] == [Outcome.HANDED_OVER]
    assert rig.sink.count == 1


async def test_a_daemon_that_ends_without_saving_a_result_leaves_it_in_doubt(rig: Rig) -> None:
    delivery, way = await rig.add(), replied(rig)
    async with locked_after(rig, way), rig.running(connectors={"relay": way}, **NO_GRACE):
        await way.go.wait()
        await refused(rig)
    left = await rig.get(delivery)
    assert (left.state, left.attempts[0].outcome) == (State.UNCERTAIN, Outcome.OPEN)
    async with rig.running():
        back = await rig.when(delivery, lambda one: one.attempts[0].outcome is Outcome.UNCERTAIN)
        assert back.state is State.UNCERTAIN
        assert back.not_before == rig.clock.at + 15 * MINUTE
        assert "may have arrived" in (back.reason or "")
        await rig.step(15 * MINUTE)
        done = await rig.becomes(delivery, State.HANDED_OVER)
    assert [one.outcome for one in done.attempts] == [Outcome.UNCERTAIN, Outcome.HANDED_OVER]
    first, second = rig.sink.mails
    assert first.content == second.content


@contextlib.asynccontextmanager
async def locked_after(rig: Rig, way: Replied) -> AsyncIterator[None]:
    """Locked from the reply to the dot until the block is left, drained outbox and all."""
    async with contextlib.AsyncExitStack() as stack:

        async def lock() -> None:
            await way.replied.wait()
            await stack.enter_async_context(locked(rig))
            way.go.set()

        locking = asyncio.create_task(lock())
        yield
        await locking
