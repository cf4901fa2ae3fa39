"""A connector at its rate: no stretch of time sees more, whatever ends when, and over restarts."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.model.delivery import Delivery, State
from maild.model.rate import Rate, read_rate
from maild.outbox.pace import Pace
from maild.store import deliveries
from tests.outbox.conftest import Rig

THREE = {"relay": Rate(3, "m")}
SECOND = timedelta(seconds=1)


@given(
    most=st.integers(1, 4),
    steps=st.lists(st.tuples(st.floats(0, 0.7), st.floats(0, 3), st.floats(0, 1)), max_size=60),
)
def test_no_stretch_of_time_sees_more_than_the_rate(
    most: int, steps: list[tuple[float, float, float]]
) -> None:
    """Each try lasts as long as it likes, and its mail leaves at any moment of it."""
    now = 0.0
    left: list[float] = []
    under_way: list[float] = []  # when each ends
    pace = Pace(Rate(most, "s"), ticks=lambda: now)
    for pause, lasts, leaves in steps:
        for end in sorted(one for one in under_way if one <= now + pause):
            now = max(now, end)
            under_way.remove(end)
            pace.end(sent=True)
        now += pause
        if pace.free:
            pace.begin()
            under_way.append(now + lasts)
            left.append(now + lasts * leaves)
    left.sort()
    assert all(late - early >= 1 for early, late in zip(left, left[most:], strict=False))


def test_what_never_went_to_the_server_is_not_counted() -> None:
    pace = Pace(Rate(1, "m"), ticks=lambda: 7.0)
    pace.begin()
    assert pace.free == 0
    assert pace.opens_in is None
    pace.end(sent=False)
    assert pace.free == 1


def test_it_opens_when_the_first_of_the_stretch_is_old_enough() -> None:
    now = 0.0
    pace = Pace(Rate(2, "m"), ticks=lambda: now)
    for now in (0.0, 20.0):  # noqa: B007 - `ticks` reads it
        pace.begin()
        pace.end(sent=True)
    assert pace.opens_in == 40.0
    now = 60.0
    assert pace.free == 1
    assert pace.opens_in is None


@pytest.mark.parametrize(
    ("text", "rate"),
    [("30/m", Rate(30, "m")), ("500 / H", Rate(500, "h")), ("2000/d", Rate(2000, "d"))],
)
def test_a_rate_is_read_as_people_write_it(text: str, rate: Rate) -> None:
    assert read_rate(text) == rate
    assert read_rate(str(rate)) == rate


@pytest.mark.parametrize(
    "text", ["30", "0/m", "30/w", "-3/m", "30/m/h", "1000000/d", "m/30", "٣/m"]
)
def test_what_is_no_rate_is_refused_with_the_value(text: str) -> None:
    with pytest.raises(ValueError, match=r'such as "30/m".*not "'):
        read_rate(text)


async def sent(rig: Rig, count: int) -> None:
    await rig.sink.until(lambda: rig.sink.count == count)


async def until_waiting(rig: Rig) -> tuple[timedelta, str]:
    """How long the connector waits, and why, once everybody can see it."""
    while "relay" not in (rest := await rig.db.read(partial(deliveries.paused, now=rig.clock.at))):
        assert await rig.db.wait_for_change(10)
    until, reason = rest["relay"]
    return until - rig.clock.at, reason


async def test_a_connector_at_its_rate_waits_and_the_others_go_on(rig: Rig) -> None:
    ways = {"relay": rig.connector(), "other": rig.connector("other")}
    slow = [await rig.add() for _ in range(7)]
    async with rig.running(connectors=ways, rates=THREE):
        await sent(rig, 3)
        assert await until_waiting(rig) == (60 * SECOND, "its rate of 3/m is reached")
        for one in [await rig.add(via="other") for _ in range(9)]:
            await rig.becomes(one, State.HANDED_OVER)
        waiting = [await rig.get(one) for one in slow]
        assert sum(one.state is State.QUEUED for one in waiting) == 4
        assert not any(one.attempts or one.claim_no for one in waiting if one.state is State.QUEUED)
        await rig.step(59 * SECOND)
        assert rig.sink.count == 12
        await rig.step(SECOND)
        await sent(rig, 15)
        await until_waiting(rig)
        await rig.step(60 * SECOND)
        for one in slow:
            done: Delivery = await rig.becomes(one, State.HANDED_OVER)
            assert done.tries == 1


async def test_a_restart_does_not_begin_the_stretch_anew(rig: Rig) -> None:
    for _ in range(9):
        await rig.add()
    async with rig.running(rates=THREE):
        await sent(rig, 3)
        await until_waiting(rig)
    for passed, left in ((20, 40), (39, 1)):
        await rig.step(passed * SECOND)
        async with rig.running(rates=THREE):
            assert (await until_waiting(rig))[0] == left * SECOND
    assert rig.sink.count == 3
    await rig.step(2 * SECOND)
    async with rig.running(rates=THREE):
        await sent(rig, 6)
        await until_waiting(rig)
    # Without the rate in the configuration nothing is left of it.
    async with rig.running():
        await sent(rig, 9)
