"""A long queue within what Exact allows: minutes, days, other programs, clocks that differ."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maild.connectors.exact import ExactConnector
from maild.errors import RoadClosed
from maild.model.party import Address, Party
from maild.simulators.exact.faults import Fault
from maild.simulators.exact.limits import DAY_LIMIT, MINUTE_LIMIT
from maild.store import connectors
from tests.connectors.conftest import Crossing
from tests.connectors.exact.bench import ExactBench

PEETERS = Party(name="Bakkerij Peeters", vat="BE0766123457", address=Address(country="BE"))
CALLS = 6  # of one invoice


async def work_off(bench: ExactBench, connector: ExactConnector, numbers: list[str]) -> int:
    """Deliver a queue as the outbox would: what is put off comes again when it says. How often that was."""
    rests = 0
    while numbers:
        parcel = bench.parcel(numbers[0], buyer=PEETERS)
        try:
            await connector.deliver(parcel, point_of_no_return=Crossing())
        except RoadClosed as closed:
            rests += 1
            bench.advance(closed.retry_after or timedelta(0))
        else:
            del numbers[0]
    return rests


@pytest.mark.parametrize("skew", [-60, 0, 60], ids=["behind", "the same", "ahead"])
@pytest.mark.parametrize("count", [40, pytest.param(500, marks=pytest.mark.soak)])
async def test_a_long_queue_stays_within_the_minutes_whatever_the_clocks_say(
    bench: ExactBench, count: int, skew: int
) -> None:
    bench.skew = timedelta(seconds=skew)
    numbers = [str(number) for number in range(count)]
    began = bench.now()
    assert await work_off(bench, bench.connector, list(numbers)) == 0
    assert sorted(bench.there()) == sorted(numbers)
    assert len(bench.files()) == 2 * count
    assert bench.server.limits.peak <= MINUTE_LIMIT
    minutes = (bench.now() - began) / timedelta(minutes=1)
    assert minutes < 1.2 * count * CALLS / MINUTE_LIMIT + 2


@pytest.mark.parametrize("skew", [-60, 0, 60], ids=["behind", "the same", "ahead"])
async def test_a_day_that_others_used_is_waited_for_and_goes_on_by_itself(
    bench: ExactBench, skew: int
) -> None:
    bench.skew = timedelta(seconds=skew)
    day = bench.server.clock.now().replace(hour=0, minute=0, second=0)
    bench.server.limits.days[bench.server.division, day] = DAY_LIMIT - 100
    numbers = [str(number) for number in range(20)]
    assert await work_off(bench, bench.connector, list(numbers)) == 1
    assert sorted(bench.there()) == sorted(numbers)
    assert len(bench.files()) == 2 * len(numbers)
    assert bench.server.clock.now().date() == day.date() + timedelta(days=1)
    assert bench.server.clock.now() < day + timedelta(days=1, minutes=10)


async def test_a_day_that_is_used_is_shown_with_the_time_at_which_it_goes_on(
    bench: ExactBench,
) -> None:
    bench.server.faults.plan("GET crm/Accounts", Fault.DAY_LIMIT)
    with pytest.raises(
        RoadClosed, match=r"5000 calls .* a day are used; it goes on at 2026-11-25 00:0"
    ):
        await bench.deliver(bench.parcel("1"))
    [(road, (until, reason))] = (
        await bench.db.read(lambda tx: connectors.paused(tx, bench.now()))
    ).items()
    assert road == f"exact, division {bench.division}"
    assert f"{until:%Y-%m-%d %H}" == "2026-11-25 00"
    assert reason == "the 5000 calls that Exact Online allows a day are used"


@pytest.mark.parametrize("headers", [True, False], ids=["said", "not said"])
async def test_a_minute_that_another_program_fills_is_waited_for(
    bench: ExactBench, *, headers: bool
) -> None:
    bench.server.switches.headers_on_errors = headers
    connector = bench.connector
    await connector.deliver(bench.parcel("1", buyer=PEETERS), point_of_no_return=Crossing())
    # Little was left of the minute when Exact last spoke.
    minute = bench.server.clock.now().replace(second=0)
    bench.server.limits.minutes[bench.server.division, minute] = MINUTE_LIMIT - 5
    await connector.deliver(bench.parcel("2", buyer=PEETERS), point_of_no_return=Crossing())
    assert bench.there() == ["1", "2"]
    assert len(bench.waited) == 1
    assert bench.waited[0] <= 65


async def test_administrations_of_one_registration_have_a_quota_each(bench: ExactBench) -> None:
    bench.server.faults.plan("GET financial/GLAccounts", Fault.DIVISION_REFUSED)
    with pytest.raises(RoadClosed):
        await bench.deliver(bench.parcel("1"))
    api = bench.api()
    assert await api.rows("740003", "financial/Journals", select="Code")
    await api.close()
