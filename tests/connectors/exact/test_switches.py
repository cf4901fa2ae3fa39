"""What nobody knows of Exact Online, both ways: documents are booked once and whole all the same."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest

from maild.errors import ConsentNeeded, RoadClosed
from maild.simulators.exact.switches import Language, Switches
from tests.connectors.exact.bench import ExactBench
from tests.connectors.exact.mapping import MAPPING, team_of
from tests.connectors.exact.test_mapped import CASES, book

# The other way of each switch that any call may meet.
OTHERS: dict[str, object] = {
    "old_chain_access": False,
    "read_only": "refused",
    "client_keys": True,
    "entry_number": "refused",
    "bare_arrays": False,
    "guarded_lists": False,
    "returns_posted": True,
    "headers_on_errors": False,
    "block_status": 429,
    "quota_grows": False,
    "negative_is_credit": False,
    "long_texts": "cut",
    "retry_after": True,
    "language": Language.FR,
}
# Those that have a test of their own: about tokens here, about files and quotas in test_faults.py.
ELSEWHERE = {
    "consent",
    "early_refresh_status",
    "early_refresh_burns",
    "old_token_error",
    "quota_counts",
    "attachment_limit",
}


def test_every_switch_is_tried_both_ways() -> None:
    assert {one.name for one in fields(Switches)} == {*OTHERS, *ELSEWHERE}


@pytest.mark.parametrize("switch", [*OTHERS])
async def test_documents_are_booked_once_whichever_way_it_is(
    bench: ExactBench, switch: str
) -> None:
    assert getattr(bench.server.switches, switch) != OTHERS[switch]
    setattr(bench.server.switches, switch, OTHERS[switch])
    bench.server.world.books[740001].years[2026].clear()
    team = team_of(f"make_items = true\n{MAPPING}")
    for bill, direction in CASES.values():
        await book(bench, team, bill, direction)
    # A minute that another program used up, and the same documents again.
    bench.server.faults.plan("GET *", "minute_limit")
    for bill, direction in CASES.values():
        try:
            await book(bench, team, bill, direction)
        except RoadClosed as closed:
            bench.advance(closed.retry_after or timedelta(minutes=1))
            await book(bench, team, bill, direction)
    assert sorted(bench.there()) == ["2026-0001", "CN-1", "F-77", "F-78"]
    assert len(bench.server.rows("documents/Documents")) == 4
    assert len(bench.server.rows("crm/Accounts")) == 2


@pytest.mark.parametrize("status", [400, 401])
async def test_a_refresh_that_is_too_early_by_their_clock_is_waited_for(
    bench: ExactBench, status: int
) -> None:
    bench.server.switches.early_refresh_status = status
    bench.server.world.books[740001].years[2026].clear()
    bench.advance(timedelta(seconds=580))
    bench.server.faults.plan("POST oauth2/token", "too_early")
    await book(bench, team_of(), *CASES["an invoice"])
    assert bench.there() == ["2026-0001"]


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_request", "access_denied"])
async def test_a_token_that_another_used_asks_for_a_person_whatever_it_is_called(
    bench: ExactBench, error: str
) -> None:
    bench.server.switches.old_token_error = error
    bench.advance(timedelta(seconds=601))
    bench.server.faults.plan("POST oauth2/token", "old_token", times=3)
    with pytest.raises(ConsentNeeded):
        await book(bench, team_of(), *CASES["an invoice"])
    before = bench.server.counters["POST oauth2/token"]
    with pytest.raises(ConsentNeeded):
        await book(bench, team_of(), *CASES["an invoice"])
    assert bench.server.counters["POST oauth2/token"] == before  # no storm
