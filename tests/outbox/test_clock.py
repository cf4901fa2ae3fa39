"""A clock that is wrong for a while: nothing goes twice, nothing waits long, nothing ends early.

mail.md 6.4: back, ahead, 1970 at boot, and both days on which the hour changes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from maild.model.delivery import Delivery, State
from tests.outbox.conftest import Rig, utc

MINUTE = timedelta(minutes=1)
BUSY = "451 4.7.1 not now"


@pytest.fixture
def in_brussels(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands where the hour changes."""
    monkeypatch.setenv("TZ", "Europe/Brussels")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


async def put_off(rig: Rig, delivery: Delivery, *, tries: int = 1) -> Delivery:
    return await rig.when(delivery, lambda one: one.tries == tries)


async def test_a_clock_set_back_by_days_sends_once_and_within_a_pause(rig: Rig) -> None:
    rig.clock.at += timedelta(days=3)  # it runs ahead
    delivery, done = await rig.add(), await rig.add()
    rig.sink.faults.reply["DOT"] = BUSY
    async with rig.running():
        await put_off(rig, delivery)
        await put_off(rig, done)
        rig.sink.faults.reply.clear()
        await rig.step(-timedelta(days=3))
        await rig.becomes(delivery, State.HANDED_OVER)
        await rig.becomes(done, State.HANDED_OVER)
        await rig.step(timedelta(days=3))
    assert rig.sink.count == 2


async def test_a_clock_set_back_by_an_hour_sends_nothing_again(rig: Rig) -> None:
    sent, waiting = await rig.add(), await rig.add(not_before=rig.clock.at + 5 * MINUTE)
    async with rig.running():
        await rig.becomes(sent, State.HANDED_OVER)
        await rig.step(-timedelta(hours=1))
        later = await rig.add(not_before=rig.clock.at)
        await rig.becomes(later, State.HANDED_OVER)
        assert (await rig.get(waiting)).state is State.QUEUED
        await rig.step(timedelta(hours=1) + 5 * MINUTE)
        await rig.becomes(waiting, State.HANDED_OVER)
    assert rig.sink.count == 3


async def test_a_rest_that_a_wrong_clock_wrote_ends_when_it_is_right(rig: Rig) -> None:
    right = rig.clock.at
    rig.clock.at += timedelta(days=30)
    delivery = await rig.add(not_before=right)
    rig.sink.faults.reply["CONNECT"] = "421 4.3.2 too busy"
    async with rig.running():
        await rig.when(
            delivery, lambda one: bool(one.attempts) and one.attempts[-1].ended_at is not None
        )
        rig.sink.faults.reply.clear()
        await rig.step(right - rig.clock.at)
        await rig.becomes(delivery, State.HANDED_OVER)


async def test_after_a_boot_in_1970_what_waited_goes_and_nothing_has_failed(rig: Rig) -> None:
    right, rig.clock.at = rig.clock.at, utc(1970, 1, 1)
    young = await rig.add(created_at=rig.clock.at, not_before=rig.clock.at)
    rig.sink.faults.reply["DOT"] = BUSY
    async with rig.running():
        await put_off(rig, young)
        await rig.step(right - rig.clock.at)
        again = await put_off(rig, young, tries=2)
        assert again.state is State.QUEUED
        assert again.not_before > right
        rig.sink.faults.reply.clear()
        await rig.step(15 * MINUTE)
        await rig.becomes(young, State.HANDED_OVER)


@pytest.mark.usefixtures("in_brussels")
@pytest.mark.parametrize(
    "change",
    [utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)],
    ids=["an hour is left out", "an hour comes twice"],
)
async def test_when_the_hour_changes_pauses_keep_their_length(rig: Rig, change: datetime) -> None:
    rig.clock.at = change - 2 * MINUTE
    delivery = await rig.add(created_at=rig.clock.at, not_before=rig.clock.at)
    rig.sink.faults.reply["DOT"] = BUSY
    async with rig.running(retry=(5 * MINUTE,)):
        first = await put_off(rig, delivery)
        assert timedelta(minutes=4.5) <= first.not_before - rig.clock.at <= timedelta(minutes=5.5)
        await rig.step(4 * MINUTE)  # past the change
        other = await rig.add(created_at=rig.clock.at, not_before=rig.clock.at)
        await put_off(rig, other)
        assert (await rig.get(delivery)).tries == 1
        rig.sink.faults.reply.clear()
        await rig.step(2 * MINUTE)
        await rig.becomes(delivery, State.HANDED_OVER)
        await rig.step(4 * MINUTE)
        await rig.becomes(other, State.HANDED_OVER)
