"""Each fault at each call: what is told, and that nothing is double, lost or half for long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maild.errors import Deferred, DeliveryError, Doubtful, Refused, RoadClosed, Unavailable
from maild.simulators.exact.faults import Fault
from maild.store import connectors
from tests.connectors.conftest import Crossing
from tests.connectors.exact.bench import ExactBench

GETS = ("GET financial/GLAccounts", "GET crm/Accounts")
POSTS = (
    "POST crm/Accounts",
    "POST salesentry/SalesEntries",
    "POST documents/Documents",
    "POST documents/DocumentAttachments",
)
BEFORE = (Fault.CUT_BEFORE, Fault.HTML_500, Fault.HTML_200, Fault.SERVICE_503, Fault.TIMEOUT_408)
AFTER = (Fault.CUT_AFTER, Fault.HALF_ANSWER, Fault.TRUNCATED, Fault.WRONG_TYPE)


def whole(bench: ExactBench) -> None:
    """One entry with one document and two files, and one customer."""
    assert bench.there() == ["1"]
    assert len(bench.server.rows("documents/Documents")) == 1
    assert [reference for reference, _ in bench.files()] == ["1", "1"]
    assert len(bench.server.rows("crm/Accounts")) == 1


async def again(bench: ExactBench) -> None:
    """The next try, some time later."""
    bench.advance(timedelta(minutes=15))
    await bench.deliver(bench.parcel("1"))
    whole(bench)


@pytest.mark.parametrize("fault", [*BEFORE, *AFTER])
@pytest.mark.parametrize("call", GETS)
async def test_trouble_while_looking_rests_the_connector(
    bench: ExactBench, call: str, fault: Fault
) -> None:
    bench.server.faults.plan(call, fault)
    with pytest.raises(Unavailable):
        await bench.deliver(bench.parcel("1"))
    assert bench.there() == []
    await again(bench)


@pytest.mark.parametrize("fault", BEFORE)
@pytest.mark.parametrize("call", POSTS)
async def test_a_post_without_an_answer_that_did_nothing_is_a_doubt_and_then_done(
    bench: ExactBench, call: str, fault: Fault
) -> None:
    bench.server.faults.plan(call, fault)
    with pytest.raises(Doubtful) as told:
        await bench.deliver(bench.parcel("1"))
    if "documents" in call:
        assert "booked as entry" in told.value.reply
        assert "but its document is not complete" in told.value.reply
    await again(bench)


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("fault", [Fault.HTML_500, Fault.HTML_200, Fault.SERVICE_503])
async def test_a_page_in_place_of_an_answer_says_nothing_of_what_was_done(
    bench: ExactBench, fault: Fault, *, done: bool
) -> None:
    bench.server.faults.plan("POST salesentry/SalesEntries", fault, done=done)
    if done:
        await bench.deliver(bench.parcel("1"))
        return whole(bench)
    with pytest.raises(Doubtful):
        await bench.deliver(bench.parcel("1"))
    return await again(bench)


@pytest.mark.parametrize("fault", AFTER)
@pytest.mark.parametrize("call", POSTS)
async def test_a_post_that_was_done_without_an_answer_is_found_at_once(
    bench: ExactBench, call: str, fault: Fault
) -> None:
    bench.server.faults.plan(call, fault)
    await bench.deliver(bench.parcel("1"))
    whole(bench)
    assert bench.server.counters[call] == (2 if "Attachments" in call else 1)


@pytest.mark.parametrize("call", POSTS)
async def test_a_post_that_was_done_while_the_look_after_it_fails_is_found_later(
    bench: ExactBench, call: str
) -> None:
    looks_before = 1 if "Accounts" in call else 0
    bench.server.faults.plan(call, Fault.CUT_AFTER)
    bench.server.faults.plan(call.replace("POST", "GET"), Fault.SERVICE_503, skip=looks_before)
    with pytest.raises(Doubtful):
        await bench.deliver(bench.parcel("1"))
    await again(bench)


async def test_an_access_token_that_is_no_longer_known_waits_for_the_next_one(
    bench: ExactBench,
) -> None:
    bench.server.faults.plan("POST salesentry/SalesEntries", Fault.UNAUTHORIZED)
    with pytest.raises(
        Unavailable, match=r"no new token yet; it does at 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    ):
        await bench.deliver(bench.parcel("1"))
    await again(bench)


async def test_a_token_that_ends_between_two_calls_is_renewed_and_the_call_made_again(
    bench: ExactBench,
) -> None:
    bench.advance(timedelta(seconds=579))
    bench.server.faults.plan("POST documents/Documents", Fault.UNAUTHORIZED)
    connector = bench.connector
    await connector.deliver(bench.parcel("1"), point_of_no_return=Crossing())
    whole(bench)


async def test_a_refusal_by_their_rules_is_final_and_in_their_words(bench: ExactBench) -> None:
    bench.changes["journal"] = "12"
    with pytest.raises(Refused, match=r"Exact Online refused salesentry/SalesEntries: .*Journal"):
        await bench.deliver(bench.parcel("1"))
    assert bench.there() == []
    assert bench.server.counters["POST salesentry/SalesEntries"] == 1


async def test_a_file_that_is_too_large_leaves_a_booked_entry_and_says_so(
    bench: ExactBench,
) -> None:
    bench.server.switches.attachment_limit = 10
    with pytest.raises(Refused, match=r"booked as entry \d+ .* but its document is not complete"):
        await bench.deliver(bench.parcel("1"))
    assert bench.there() == ["1"]


@pytest.mark.parametrize("reason", ["BlockedUser", "InactiveUser", "LicenseExpired"])
async def test_a_user_who_is_let_in_nowhere_rests_the_connector(
    bench: ExactBench, reason: str
) -> None:
    bench.server.world.refused_user = reason
    with pytest.raises(Unavailable, match=rf"Exact Online: .*\({reason}\)") as no:
        await bench.deliver(bench.parcel("1"))
    assert no.value.cause == "login"
    bench.server.world.refused_user = ""
    await again(bench)


async def test_a_division_that_is_closed_to_us_rests_alone_and_says_until_when(
    bench: ExactBench,
) -> None:
    bench.server.faults.plan("GET financial/GLAccounts", Fault.DIVISION_REFUSED)
    for _ in range(3):
        with pytest.raises(RoadClosed, match=r"may not open division .* it goes on at 2026-") as no:
            await bench.deliver(bench.parcel("1"))
    assert bench.calls() == ["GET financial/GLAccounts"]
    assert no.value.retry_after is not None
    assert timedelta(minutes=59) < no.value.retry_after <= timedelta(hours=1)
    rests = await bench.db.read(lambda tx: connectors.paused(tx, bench.now()))
    assert list(rests) == [f"exact, division {bench.division}"]
    await bench.connector.check()
    bench.advance(timedelta(minutes=50))
    await again(bench)


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("headers", [True, False], ids=["with headers", "without"])
async def test_a_key_that_is_blocked_is_left_alone_until_the_block_is_over(
    bench: ExactBench, status: int, *, headers: bool
) -> None:
    bench.server.switches.block_status = status
    bench.server.switches.headers_on_errors = headers
    bench.server.faults.plan("GET crm/Accounts", Fault.KEY_BLOCKED)
    tries = 0
    while not bench.there():
        try:
            await bench.deliver(bench.parcel("1"))
        except Deferred as fault:
            tries += 1
            bench.advance(fault.retry_after or timedelta(minutes=5))
    assert tries <= 3
    whole(bench)


@pytest.mark.parametrize("status", [403, 429])
async def test_a_block_that_grows_is_waited_for_longer_each_time_though_other_pages_answer(
    bench: ExactBench, status: int
) -> None:
    bench.server.switches.block_status = status
    bench.server.switches.headers_on_errors = False
    bench.server.faults.plan("POST documents/Documents", Fault.KEY_BLOCKED, times=3)
    waited = []
    for _ in range(3):
        with pytest.raises(RoadClosed) as fault:
            await bench.deliver(bench.parcel("1"))
        assert fault.value.retry_after is not None
        waited.append(round(fault.value.retry_after / timedelta(hours=1)))
        bench.advance(fault.value.retry_after)
    assert waited == [1, 2, 4]
    await bench.deliver(bench.parcel("1"))
    whole(bench)


async def test_errors_stop_a_page_before_exact_does(bench: ExactBench) -> None:
    bench.changes["journal"] = "12"
    told: list[DeliveryError] = []
    for number in range(12):
        with pytest.raises(DeliveryError) as fault:
            await bench.deliver(bench.parcel(str(number)))
        told.append(fault.value)
        bench.advance(timedelta(seconds=30))
    assert [type(one) for one in told] == [Refused] * 6 + [RoadClosed] * 6
    assert "refused 6 calls to salesentry/SalesEntries within an hour" in told[-1].reply
    bench.changes.clear()
    bench.advance(timedelta(hours=1))
    await bench.deliver(bench.parcel("1"))


async def test_the_point_of_no_return_is_passed_once_and_before_anything_is_written(
    bench: ExactBench,
) -> None:
    written: list[int] = []

    async def cross() -> None:
        written.append(sum(one.startswith("POST") for one in bench.calls()))

    await bench.connector.deliver(bench.parcel("1"), point_of_no_return=cross)
    assert written == [0]
    await bench.connector.deliver(bench.parcel("1"), point_of_no_return=cross)
    assert written == [0]
