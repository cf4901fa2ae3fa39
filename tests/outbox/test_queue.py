"""What a person may do to a delivery, and the words when it cannot be done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maild.errors import NotFound, UserError
from maild.model.delivery import HoldCode, State
from maild.outbox import queue
from tests.outbox.conftest import Rig

DAY = timedelta(days=1)


async def test_a_held_delivery_leaves_when_it_is_released(rig: Rig) -> None:
    delivery = await rig.add()
    held = await queue.hold(rig.db, delivery.id, now=rig.clock.at, reason="wrong buyer")
    assert (held.state, held.reason, held.hold_code) == (
        State.HELD,
        "wrong buyer",
        HoldCode.PERSON,
    )
    async with rig.running():
        await rig.becomes(await rig.add(), State.HANDED_OVER)
        assert (await rig.get(delivery)).state is State.HELD
        await queue.release(rig.db, delivery.id, now=rig.clock.at, deadline=DAY)
        await rig.becomes(delivery, State.HANDED_OVER)


async def test_a_failed_delivery_goes_again_with_the_same_bytes(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["DOT"] = "554 5.7.1 looks like spam"
    async with rig.running():
        failed = await rig.becomes(delivery, State.FAILED)
        rig.sink.faults.reply.clear()
        await queue.retry(rig.db, delivery.id, now=rig.clock.at, deadline=DAY)
        done = await rig.becomes(delivery, State.HANDED_OVER)
    assert done.message == failed.message
    assert len(done.attempts) == 2


async def test_a_delivery_that_waits_for_its_next_try_goes_at_once(rig: Rig) -> None:
    delivery = await rig.add(not_before=rig.clock.at + timedelta(days=1))
    async with rig.running():
        await queue.retry(rig.db, delivery.id, now=rig.clock.at, deadline=DAY)
        await rig.becomes(delivery, State.HANDED_OVER)


async def test_a_cancelled_delivery_never_leaves(rig: Rig) -> None:
    delivery = await rig.add()
    cancelled = await queue.cancel(rig.db, delivery.id, now=rig.clock.at)
    assert (cancelled.state, cancelled.reason) == (State.CANCELLED, "cancelled by a person")
    async with rig.running():
        await rig.becomes(await rig.add(), State.HANDED_OVER)
    assert rig.sink.count == 1


async def test_what_is_on_the_wire_cannot_be_called_back(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["DOT"] = 0.3
    async with rig.running():
        await rig.sink.until(lambda: rig.sink.count == 1)
        with pytest.raises(UserError, match=r"hold it first|on its way"):
            await queue.cancel(rig.db, delivery.id, now=rig.clock.at)
        with pytest.raises(UserError, match="on its way"):
            await queue.hold(rig.db, delivery.id, now=rig.clock.at)


async def test_a_move_that_makes_no_sense_is_refused_in_words(rig: Rig) -> None:
    delivery = await rig.add()
    async with rig.running():
        await rig.becomes(delivery, State.HANDED_OVER)
    with pytest.raises(UserError, match=f"{delivery.id} is handed over; only held deliveries"):
        await queue.release(rig.db, delivery.id, now=rig.clock.at, deadline=DAY)


async def test_an_id_that_is_not_there_is_named(rig: Rig) -> None:
    with pytest.raises(NotFound, match='there is no delivery "v-nowhere"'):
        await queue.show(rig.db, "v-nowhere")


async def test_deliveries_are_listed_newest_first_by_what_is_asked(rig: Rig) -> None:
    first, second = await rig.add(), await rig.add(via="other")
    await queue.hold(rig.db, first.id, now=rig.clock.at)
    assert [one.id for one in await queue.list_(rig.db)] == [second.id, first.id]
    assert [one.id for one in await queue.list_(rig.db, state="held")] == [first.id]
    assert [one.id for one in await queue.list_(rig.db, via="other")] == [second.id]


async def test_a_state_that_does_not_exist_is_answered_with_those_that_do(rig: Rig) -> None:
    with pytest.raises(UserError, match='did you mean "handed_over"') as caught:
        await queue.list_(rig.db, state="handed-over")
    assert "uncertain" in caught.value.hint
