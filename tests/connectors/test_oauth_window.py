"""Providers that renew a token in its last moments only, as Exact Online does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_consent import ask_by_device, ask_by_page
from maild.connectors.oauth_providers import account_at
from maild.errors import ConsentNeeded, Unavailable, UserError
from tests.connectors.accounts import NAME, Bench

LIFE = timedelta(minutes=10)
SECOND = timedelta(seconds=1)
EXACT = account_at(provider="exact", name=NAME, team="acme", site="https://exact.example")
EARLY = {"error": "access_denied", "error_description": "Rate limit: access_token not expired"}
SPENT = {"error": "invalid_request", "error_description": "Old refresh token used"}


@pytest.fixture
async def tokens(bench: Bench) -> OAuthTokens:
    """The tokens of an account whose provider gives ten minutes, with a consent."""
    bench.provider.access_seconds = LIFE.total_seconds()
    await bench.consent()
    return bench.tokens(
        margin=EXACT.margin, window=EXACT.window, over=EXACT.over, early=EXACT.early
    )


def at(bench: Bench, span: timedelta) -> str:
    """When the next token comes, as a moment: who reads it later must not count from then."""
    return f"no new token yet; it does at {bench.now() + span:%Y-%m-%d %H:%M:%S} UTC"


async def test_a_token_is_renewed_in_its_last_moments_only(
    bench: Bench, tokens: OAuthTokens
) -> None:
    first = await tokens.token(NAME)
    bench.advance(LIFE - timedelta(seconds=21))
    assert await tokens.token(NAME) == first
    bench.advance(2 * SECOND)
    assert await tokens.token(NAME) != first
    assert bench.provider.refreshes() == 1


async def test_a_token_that_was_refused_waits_for_its_last_moments(
    bench: Bench, tokens: OAuthTokens
) -> None:
    bench.advance(LIFE - timedelta(seconds=40))
    with pytest.raises(Unavailable, match=at(bench, 10 * SECOND)) as told:
        await tokens.token(NAME, fresh=True)
    assert told.value.retry_after == 10 * SECOND
    assert bench.provider.refreshes() == 0
    bench.advance(11 * SECOND)
    assert await tokens.token(NAME, fresh=True)
    assert bench.provider.refreshes() == 1


@pytest.mark.parametrize("status", [400, 401])
async def test_a_provider_whose_clock_is_behind_costs_nothing(
    bench: Bench, tokens: OAuthTokens, status: int
) -> None:
    first = await tokens.token(NAME)
    bench.advance(LIFE - timedelta(seconds=10))
    bench.provider.broken.append(lambda: (status, json.dumps(EARLY).encode()))
    for _ in range(3):
        assert await tokens.token(NAME) == first
    with pytest.raises(Unavailable, match=at(bench, 20 * SECOND)):
        await tokens.token(NAME, fresh=True)
    assert bench.provider.refreshes() == 1
    bench.advance(EXACT.margin)
    assert await tokens.token(NAME) != first
    assert bench.provider.refreshes() == 2


async def test_a_refresh_token_that_was_used_asks_for_consent_whatever_its_code(
    bench: Bench, tokens: OAuthTokens
) -> None:
    bench.advance(LIFE)
    bench.provider.broken.append(lambda: (400, json.dumps(SPENT).encode()))
    for _ in range(3):
        with pytest.raises(ConsentNeeded, match=r"Old refresh token used.*maild connect"):
            await tokens.token(NAME)
    assert bench.provider.refreshes() == 1


async def test_a_consent_that_is_given_while_the_old_one_is_renewed_is_kept(
    bench: Bench, tokens: OAuthTokens
) -> None:
    old = (await bench.store().load(NAME)).token
    assert old is not None
    bench.advance(LIFE)
    await bench.consent()
    given = (await bench.store().load(NAME)).token
    await bench.store().save(NAME, old)
    assert (await bench.store().load(NAME)).token == given
    assert given is not None
    assert await tokens.token(NAME) == given.access


async def test_exact_is_asked_by_page_without_scopes_or_hints(bench: Bench) -> None:
    question = ask_by_page(EXACT.changed(client_id="{6731}", address="an@acme.example"))
    asked = question.address.partition("?")
    assert asked[0] == "https://exact.example/api/oauth2/auth"
    assert "client_id=%7B6731%7D" in asked[2]
    assert not {"scope", "login_hint", "code_challenge"} & {
        one.partition("=")[0] for one in asked[2].split("&")
    }
    with pytest.raises(UserError, match="gives no device code") as told:
        await ask_by_device(EXACT, now=bench.now)
    assert "maild connect exact acme --account acme-mail --paste" in told.value.hint
