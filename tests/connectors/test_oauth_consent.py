"""A person's yes: a code typed in elsewhere, or a page whose last address is pasted back."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from maild.connectors.oauth_consent import (
    ask_by_device,
    ask_by_page,
    redeem_page,
    wait_for_device,
)
from maild.connectors.oauth_providers import account_at
from maild.errors import UserError
from tests.connectors.accounts import ADDRESS, Bench


async def test_a_code_that_is_typed_in_elsewhere_brings_tokens(bench: Bench) -> None:
    account = bench.account()
    question = await ask_by_device(account, now=bench.now)
    assert question.address == f"{bench.provider.url}/devicelogin"
    asked = 0

    async def pause(seconds: float) -> None:
        nonlocal asked
        await bench.pause(seconds)
        asked += 1
        if asked == 3:
            bench.provider.approve_device(question.code, ADDRESS)

    token = await wait_for_device(account, question, now=bench.now, pause=pause)
    assert asked == 3
    assert bench.provider.introspect(token.access)[1]["username"] == ADDRESS
    assert bench.provider.complaints == []
    assert str(token.refresh) not in repr(token)


async def test_a_provider_that_wants_to_be_asked_less_often_is_heeded(bench: Bench) -> None:
    account = bench.account()
    question = await ask_by_device(account, now=bench.now)
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        # The first pause is taken too short, as by a clock that runs fast: slow_down.
        await bench.pause(seconds if pauses else 1.0)
        pauses.append(seconds)
        if len(pauses) == 3:
            bench.provider.approve_device(question.code, ADDRESS)

    await wait_for_device(account, question, now=bench.now, pause=pause)
    assert pauses == [5.0, 10.0, 10.0]


async def test_a_no_and_a_code_that_ended_are_told_with_what_to_do(bench: Bench) -> None:
    account = bench.account()
    question = await ask_by_device(account, now=bench.now)
    bench.provider.decline_device(question.code)
    with pytest.raises(UserError, match=r"gave no consent for .*: the person said no") as told:
        await wait_for_device(account, question, now=bench.now, pause=bench.pause)
    assert "maild connect microsoft acme" in told.value.hint
    bench.provider.device_seconds = 20
    question = await ask_by_device(account, now=bench.now)
    with pytest.raises(UserError, match="nobody typed the code in"):
        await wait_for_device(account, question, now=bench.now, pause=bench.pause)


async def test_a_provider_that_gives_no_codes_points_to_the_browser(bench: Bench) -> None:
    with pytest.raises(UserError, match="gives no device code") as told:
        await ask_by_device(bench.account(scopes=("everything",)), now=bench.now)
    assert "--paste" in told.value.hint


async def test_an_address_that_is_pasted_back_brings_tokens(bench: Bench) -> None:
    account = bench.account()
    question = ask_by_page(account)
    pasted = bench.provider.approve(question.address, ADDRESS)
    token = await redeem_page(account, question, pasted=f'  "{pasted}"\n', now=bench.now)
    assert bench.provider.introspect(token.access)[1]["username"] == ADDRESS
    with pytest.raises(UserError, match="expired or was used before"):
        await redeem_page(account, question, pasted=pasted, now=bench.now)


async def test_an_answer_to_another_question_is_not_taken(bench: Bench) -> None:
    account = bench.account()
    mine, foreign = ask_by_page(account), ask_by_page(account)
    pasted = bench.provider.approve(foreign.address, "somebody@else.example")
    with pytest.raises(UserError, match="answers another question"):
        await redeem_page(account, mine, pasted=pasted, now=bench.now)
    forged = pasted.replace(foreign.state, mine.state)
    with pytest.raises(UserError, match="verifier does not fit"):
        await redeem_page(account, mine, pasted=forged, now=bench.now)


@pytest.mark.parametrize(
    ("pasted", "told"),
    [
        ("", "holds no answer"),
        ("4/0AX4XfWh", "holds no answer"),
        ("http://localhost/", "holds no answer"),
        ("http://[::1", "holds no answer"),
        ("x" * 100_000, "holds no answer"),
        (
            "http://localhost/?error=access_denied&error_description=The+owner+declined",
            "the person said no",
        ),
        (
            "http://localhost/?error=server_error&error_description=AADSTS90033",
            r"AADSTS90033 \(server_error\)",
        ),
    ],
    ids=["nothing", "a bare code", "no query", "no address", "endless", "no", "an error"],
)
async def test_what_is_no_answer_is_told(bench: Bench, pasted: str, told: str) -> None:
    account = bench.account()
    with pytest.raises(UserError, match=told):
        await redeem_page(account, ask_by_page(account), pasted=pasted, now=bench.now)


def test_each_provider_is_asked_in_its_own_way() -> None:
    microsoft = account_at(
        provider="microsoft", tenant="acme.example", client_id="id", address=ADDRESS
    )
    google = account_at(provider="google", client_id="id", address=ADDRESS)
    asked = {
        one.provider: (urlsplit(page), parse_qs(urlsplit(page).query))
        for one in (microsoft, google)
        for page in [ask_by_page(one).address]
    }
    place, query = asked["microsoft"]
    assert place.netloc == "login.microsoftonline.com"
    assert place.path == "/acme.example/oauth2/v2.0/authorize"
    assert "offline_access" in query["scope"][0].split()
    assert "https://outlook.office.com/SMTP.Send" in query["scope"][0].split()
    place, query = asked["google"]
    assert place.netloc == "accounts.google.com"
    assert query["access_type"] == ["offline"]
    assert query["prompt"] == ["consent"]
    assert all(query["login_hint"] == [ADDRESS] for _, query in asked.values())
    assert all(query["code_challenge_method"] == ["S256"] for _, query in asked.values())
    assert not google.device_first
