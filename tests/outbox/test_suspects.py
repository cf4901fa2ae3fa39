"""What a daemon died over: composed alone, after a rest, and nobody else waits for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.model.delivery import Delivery, State
from maild.outbox.compose import Composed
from maild.outbox.dispatch import CONNECTIONS
from maild.simulators.mailsink import MailSink
from maild.store import connectors, deliveries
from maild.store.connectors import Rest
from tests.outbox.conftest import Rig

SECOND = timedelta(seconds=1)
NO_GRACE: dict[str, Any] = {"grace": timedelta(0)}


class Watching:
    """Composes, and sees how many are composed beside each; some wait until they are let go."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.gates: dict[str, asyncio.Event] = {}
        self.beside: Counter[str] = Counter()  # by delivery: the most that were composed at once
        self.under_way: set[str] = set()
        self._news = asyncio.Event()

    async def until(self, composed: Iterable[str]) -> None:
        """Wait until just these are composed at once."""
        async with asyncio.timeout(10):
            while self.under_way != set(composed):
                self._news.clear()
                await self._news.wait()

    async def __call__(self, delivery: Delivery) -> Composed:
        self.under_way.add(delivery.id)
        self._news.set()
        for one in self.under_way:
            self.beside[one] = max(self.beside[one], len(self.under_way))
        try:
            if gate := self.gates.get(delivery.id):
                await gate.wait()
            await asyncio.sleep(0)
            return await self.rig.compose(delivery)
        finally:
            self.under_way.remove(delivery.id)


@pytest.fixture
def watching(rig: Rig) -> Watching:
    return Watching(rig)


async def died_over(rig: Rig, *ids: str) -> None:
    """A daemon claimed these, and was killed while it composed them."""
    for id_ in ids:
        claim = partial(
            deliveries.claim_one,
            id=id_,
            now=rig.clock.at,
            owner="dead",
            lease_until=rig.clock.at + SECOND,
        )
        assert await rig.db.write(claim) is not None


async def test_what_another_daemon_died_over_is_composed_one_by_one(
    rig: Rig, watching: Watching
) -> None:
    """So that the next death tells which of them it was; afterwards several go at once again."""
    suspects = [await rig.add() for _ in range(4)]
    await died_over(rig, *(one.id for one in suspects))
    others = [await rig.add() for _ in range(3)]
    watching.gates = {one.id: asyncio.Event() for one in others}
    async with rig.running(compose=watching):
        for one in suspects:
            await rig.becomes(one, State.HANDED_OVER)
        await watching.until(watching.gates)
        for gate in watching.gates.values():
            gate.set()
        for one in others:
            await rig.becomes(one, State.HANDED_OVER)
    assert {watching.beside[one.id] for one in suspects} == {1}
    assert {watching.beside[one.id] for one in others} == {3}


async def test_a_loss_rests_while_the_others_go_and_is_composed_alone_then(
    rig: Rig, watching: Watching
) -> None:
    suspect = await rig.add()
    await died_over(rig, suspect.id)
    others = [await rig.add() for _ in range(6)]
    watching.gates = {one.id: asyncio.Event() for one in others}
    async with rig.running(compose=watching):
        await watching.until(watching.gates)
        waiting = await rig.get(suspect)
        assert (waiting.state, waiting.losses) == (State.QUEUED, 1)
        assert waiting.not_before == rig.clock.at + 30 * SECOND
        for gate in watching.gates.values():
            gate.set()
        for one in others:
            await rig.becomes(one, State.HANDED_OVER)
        # When it is due, everything else waits until it is composed.
        watching.gates = {suspect.id: asyncio.Event()}
        more = [await rig.add(not_before=rig.clock.at + 30 * SECOND) for _ in range(6)]
        await rig.step(30 * SECOND)
        await watching.until({suspect.id})
        watching.gates[suspect.id].set()
        for one in [suspect, *more]:
            await rig.becomes(one, State.HANDED_OVER)
    assert watching.beside[suspect.id] == 1
    assert (await rig.get(suspect)).losses == 0


async def test_a_restart_within_the_rest_still_composes_it_alone(
    rig: Rig, watching: Watching
) -> None:
    suspect = await rig.add()
    await died_over(rig, suspect.id)
    async with rig.running(compose=watching):
        await rig.when(suspect, lambda one: one.losses == 1)
    others = [await rig.add(not_before=rig.clock.at + 30 * SECOND) for _ in range(6)]
    async with rig.running(compose=watching):
        await rig.step(30 * SECOND)
        for one in [suspect, *others]:
            await rig.becomes(one, State.HANDED_OVER)
    assert watching.beside[suspect.id] == 1


async def test_a_suspect_whose_connector_rests_keeps_nobody_waiting(
    rig: Rig, watching: Watching
) -> None:
    suspects = [await rig.add(via="slow") for _ in range(2)]
    await died_over(rig, *(one.id for one in suspects))
    rest = Rest(rig.clock.at + timedelta(hours=1), "no route")
    await rig.db.write(partial(connectors.pause, via="slow", now=rig.clock.at, rest=rest))
    others = [await rig.add() for _ in range(6)]
    watching.gates = {one.id: asyncio.Event() for one in others}
    ways = {"relay": rig.connector(), "slow": rig.connector("slow")}
    async with rig.running(compose=watching, connectors=ways):
        await watching.until(watching.gates)
        for gate in watching.gates.values():
            gate.set()
        for one in others:
            await rig.becomes(one, State.HANDED_OVER)
        await rig.step(timedelta(hours=1))
        for one in suspects:
            await rig.becomes(one, State.HANDED_OVER)
    assert {watching.beside[one.id] for one in suspects} == {1}


async def test_a_server_that_hangs_keeps_no_suspect_waiting(rig: Rig, watching: Watching) -> None:
    """What is composed and waits for a connection cannot kill anybody any more."""
    hanging = MailSink()
    hanging.faults.delay["CONNECT"] = 3600
    ways = {"relay": rig.connector(), "slow": rig.connector("slow", await hanging.start())}
    for _ in range(12):
        await rig.add(via="slow")
    suspect = await rig.add()
    await died_over(rig, suspect.id)
    async with rig.running(compose=watching, connectors=ways, **NO_GRACE):
        await hanging.until(lambda: hanging.steps["CONNECT"] == CONNECTIONS)
        await rig.step(30 * SECOND)
        await rig.becomes(suspect, State.HANDED_OVER)
    assert watching.beside[suspect.id] == 1
    await hanging.stop()


async def test_a_suspect_that_a_person_holds_keeps_nobody_waiting(
    rig: Rig, watching: Watching
) -> None:
    suspect, other = await rig.add(), await rig.add()
    await died_over(rig, suspect.id)
    async with rig.running(compose=watching):
        await rig.when(suspect, lambda one: one.losses == 1)
        hold = partial(deliveries.hold, id=suspect.id, now=rig.clock.at, reason="let it be")
        await rig.db.write(hold)
        await rig.becomes(other, State.HANDED_OVER)
        await rig.step(30 * SECOND)
        await rig.becomes(await rig.add(), State.HANDED_OVER)
    assert (await rig.get(suspect)).state is State.HELD
