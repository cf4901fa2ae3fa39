"""Tokens in trouble: clocks that differ, consents given elsewhere. One question, and no storm."""

from __future__ import annotations

from datetime import timedelta

import pytest

from maild.connectors.oauth_consent import ask_by_page, redeem_page
from maild.errors import ConsentNeeded, DeliveryError, Unavailable
from tests.connectors.conftest import Crossing
from tests.connectors.exact.bench import NAME, START, USER, ExactBench


@pytest.mark.parametrize("status", [400, 401])
@pytest.mark.parametrize("burns", [True, False], ids=["burns", "keeps"])
@pytest.mark.parametrize("error", ["invalid_grant", "access_denied"])
async def test_a_renewal_that_comes_too_early_there_ends_in_a_token_or_in_one_question(
    bench: ExactBench, status: int, error: str, *, burns: bool
) -> None:
    switches = bench.server.switches
    switches.early_refresh_status, switches.early_refresh_burns = status, burns
    switches.old_token_error = error
    bench.advance(timedelta(seconds=550))
    # Our clock is ahead of theirs: what is the last half minute here is not there.
    bench.skew = timedelta(seconds=40)
    said: list[DeliveryError] = []
    for _ in range(6):
        try:
            await bench.deliver(bench.parcel("1"))
        except Unavailable as fault:
            said.append(fault)
        bench.advance(timedelta(seconds=30))
    if burns:
        assert isinstance(said[-1], ConsentNeeded)
    else:
        assert said == []
    offences = {"a refresh before 9 min 30 s", "a refresh token used twice"}
    assert set(bench.server.offences) <= offences
    assert len(bench.server.offences) == (2 if burns else 1)
    bench.server.offences.clear()


@pytest.mark.parametrize("lives", [True, False], ids=["lives on", "ends"])
async def test_a_consent_that_is_given_elsewhere_ends_ours_in_one_question(
    bench: ExactBench, *, lives: bool
) -> None:
    bench.server.switches.old_chain_access = lives
    await bench.deliver(bench.parcel("1"))
    question = ask_by_page(bench.account)
    pasted = bench.server.approve(question.address, user=USER)
    await redeem_page(bench.account, question, pasted=pasted, now=bench.now)
    calls = bench.server.counters["POST oauth2/token"]
    said: list[Unavailable] = []
    connector = bench.connector
    for _ in range(30):
        try:
            await connector.deliver(bench.parcel("2"), point_of_no_return=Crossing())
        except Unavailable as fault:
            said.append(fault)
        bench.advance(timedelta(minutes=1))
    assert bench.there() == (["1", "2"] if lives else ["1"])
    assert isinstance(said[-1], ConsentNeeded)
    assert bench.server.counters["POST oauth2/token"] == calls + 1
    assert sum(one.status == 401 for one in bench.server.journal) == (0 if lives else 1)


async def test_a_token_endpoint_in_trouble_is_asked_less_often_than_exact_counts(
    bench: ExactBench,
) -> None:
    bench.server.faults.plan("POST oauth2/token", "service_503", times=1000)
    bench.advance(timedelta(minutes=11))
    said: set[str] = set()
    while bench.now().date() == START.date():
        with pytest.raises(Unavailable) as fault:
            await bench.tokens().token(NAME)
        said.add(fault.value.reply)
        bench.advance(timedelta(minutes=4))
    assert bench.server.counters["POST oauth2/token"] == 191  # with that of the consent
    assert any(
        "asked for 190 tokens today; the next is asked for at 2026-11-25 00:00:00 UTC" in one
        for one in said
    )
    bench.server.faults.clear()
    assert await bench.tokens().token(NAME)
