"""Access tokens while they last, renewed once however many ask, kept before they are used."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from maild.connectors.http import LONGEST_ANSWER
from maild.connectors.oauth import FRESH, IDLE
from maild.connectors.oauth_providers import MARGIN
from maild.errors import ConsentNeeded, Unavailable
from maild.model.token import Token
from maild.store.faults import StoreUnavailable
from maild.store.tokens import SealedTokens
from tests.connectors.accounts import ADDRESS, NAME, Bench

HOUR = timedelta(hours=1)


async def test_a_token_is_used_while_it_lasts_and_then_renewed(bench: Bench) -> None:
    await bench.consent()
    tokens = bench.tokens()
    first = await tokens.token(NAME)
    bench.advance(HOUR - MARGIN - timedelta(seconds=1))
    assert await tokens.token(NAME) == first
    bench.advance(timedelta(seconds=2))
    second = await tokens.token(NAME)
    assert second != first
    assert bench.provider.introspect(second) == (200, {"active": "true", "username": ADDRESS})
    assert await bench.tokens().token(NAME) == second
    assert bench.provider.complaints == []


async def test_however_many_ask_at_once_one_refresh_is_made(bench: Bench) -> None:
    await bench.consent()
    bench.advance(HOUR)
    ours, others = bench.tokens(), bench.tokens()
    asked = [one.token(NAME) for one in (ours, others) for _ in range(8)]
    assert len(set(await asyncio.gather(*asked))) == 1
    assert bench.provider.refreshes() == 1


async def test_of_processes_that_start_together_one_refreshes(bench: Bench, tmp_path: Path) -> None:
    # Two hours old by the clock of those processes.
    bench.at = datetime.now(UTC) - 2 * HOUR
    await bench.consent()
    given = {
        "provider": "microsoft",
        "name": NAME,
        "team": "acme",
        "scopes": ["mail.send"],
        **bench.provider.settings(),
    }
    script = Path(__file__).with_name("refreshing.py")
    pipe = asyncio.subprocess.PIPE
    processes = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, script, tmp_path, json.dumps(given)),
            stdin=pipe,
            stdout=pipe,
            env=os.environ | {"PYTHONPATH": str(script.parents[2])},
        )
        for _ in range(3)
    ]
    ready = [await one.stdout.readline() for one in processes if one.stdout]
    answers = await asyncio.gather(*(one.communicate(b"go\n") for one in processes))
    said = {out.splitlines()[-1] for out, _ in answers}
    assert ready == [b"ready\n"] * 3
    assert len(said) == 1
    assert bench.provider.refreshes() == 1
    assert bench.provider.complaints == []


async def test_a_token_that_was_refused_is_renewed_once_for_all(bench: Bench) -> None:
    await bench.consent()
    tokens = bench.tokens()
    first = await tokens.token(NAME)
    bench.advance(timedelta(seconds=1))
    renewed = await asyncio.gather(*(tokens.token(NAME, fresh=True) for _ in range(4)))
    assert len(set(renewed)) == 1
    assert renewed[0] != first
    assert bench.provider.refreshes() == 1
    bench.advance(FRESH)
    assert await tokens.token(NAME, fresh=True) != renewed[0]


async def test_the_new_refresh_token_is_on_the_disk_before_the_access_token_is_used(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.consent()
    before = (await bench.store().load(NAME)).token
    bench.advance(HOUR)
    saved: list[Token] = []
    plain = SealedTokens.save

    async def watched(self: SealedTokens, name: str, token: Token) -> None:
        await plain(self, name, token)
        saved.append(token)

    monkeypatch.setattr(SealedTokens, "save", watched)
    access = await bench.tokens().token(NAME)
    assert [one.access for one in saved] == [access]
    kept = (await bench.store().load(NAME)).token
    assert kept is not None
    assert before is not None
    assert kept.refresh not in {None, before.refresh}
    assert kept.consented_at == before.consented_at


async def test_a_disk_that_is_full_for_a_moment_costs_no_consent(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.consent()
    bench.advance(HOUR)
    plain, failures = SealedTokens.save, [StoreUnavailable("the disk is full")] * 2

    async def failing(self: SealedTokens, name: str, token: Token) -> None:
        if failures:
            raise failures.pop()
        await plain(self, name, token)

    monkeypatch.setattr(SealedTokens, "save", failing)
    access = await bench.tokens().token(NAME)
    assert await bench.tokens().token(NAME) == access
    assert bench.provider.refreshes() == 1


async def test_a_refresh_is_finished_when_whoever_asked_is_called_off(bench: Bench) -> None:
    await bench.consent()
    bench.advance(HOUR)
    tokens = bench.tokens()
    asking = asyncio.create_task(tokens.token(NAME))
    while not bench.provider.refreshes():
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await tokens.close()
    await bench.tokens().token(NAME)
    assert bench.provider.refreshes() == 1
    assert bench.provider.complaints == []


async def test_a_provider_that_gives_no_new_refresh_token_leaves_the_old_one(bench: Bench) -> None:
    bench.provider.rotates = False
    await bench.consent()
    for _ in range(3):
        bench.advance(HOUR)
        await bench.tokens().token(NAME)
    assert bench.provider.refreshes() == 3


async def test_a_consent_that_was_never_given_names_the_command(bench: Bench) -> None:
    with pytest.raises(ConsentNeeded, match=r"`maild connect microsoft acme --account acme-mail`"):
        await bench.tokens().token(NAME)


async def test_a_consent_that_was_revoked_is_asked_for_once_and_not_tried_again(
    bench: Bench,
) -> None:
    await bench.consent()
    bench.provider.revoke(ADDRESS)
    bench.advance(HOUR)
    with capture_logs() as events:
        for _ in range(3):
            with pytest.raises(ConsentNeeded, match=r"AADSTS50173.*maild connect microsoft acme"):
                await bench.tokens().token(NAME)
    assert bench.provider.refreshes() == 1
    assert [one["event"] for one in events] == ["account.needs_consent"]
    await bench.consent()
    assert await bench.tokens().token(NAME)


async def test_a_chain_whose_answer_was_lost_ends_in_asking_and_in_no_storm(bench: Bench) -> None:
    await bench.consent()
    bench.advance(HOUR)
    bench.provider.lose_answers = 1
    with pytest.raises(Unavailable, match="does not answer"):
        await bench.tokens().token(NAME)
    for _ in range(3):
        with pytest.raises(ConsentNeeded):
            await bench.tokens().token(NAME)
    assert bench.provider.refreshes() == 2


BROKEN = {
    "busy": (503, b"<html>Service Unavailable</html>"),
    "too many": (429, b"slow down"),
    "no json": (200, b"<html>a captive portal</html>"),
    "a list": (200, b"[]"),
    "no token": (200, b'{"token_type": "Bearer"}'),
    "a line too much": (200, b'{"access_token": "x\\r\\nQUIT", "expires_in": 3600}'),
    "endless": (200, b'{"access_token": "' + b"x" * LONGEST_ANSWER + b'"}'),
    "compressed": (200, gzip.compress(b'{"access_token": "x"}')),
    "later": (400, b'{"error": "temporarily_unavailable"}'),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_a_provider_in_trouble_costs_no_consent(
    bench: Bench, answer: tuple[int, bytes]
) -> None:
    await bench.consent()
    bench.advance(HOUR)
    bench.provider.broken.append(lambda: answer)
    with pytest.raises(Unavailable) as told:
        await bench.tokens().token(NAME)
    assert not isinstance(told.value, ConsentNeeded)
    assert len(str(told.value)) < 500
    assert await bench.tokens().token(NAME)


async def test_a_secret_that_is_wrong_is_told_and_costs_no_consent(
    bench: Bench, tmp_path: Path
) -> None:
    await bench.consent()
    bench.provider.client_secret = "right"
    bench.advance(HOUR)
    secret = tmp_path / "client.secret"
    with capture_logs() as events:
        for text in (None, "wrong\n"):
            if text:
                secret.write_text(text)
            with pytest.raises(Unavailable, match=r"client_secret_file"):
                await bench.tokens(client_secret_file=secret).token(NAME)
    assert [one["event"] for one in events] == ["account.refused"]
    secret.write_text("right\n")
    assert await bench.tokens(client_secret_file=secret).token(NAME)


async def test_a_key_file_that_was_lost_asks_for_consent(bench: Bench, tmp_path: Path) -> None:
    await bench.consent()
    (tmp_path / "maild.secret").unlink()
    with pytest.raises(ConsentNeeded, match="sealed with another key"):
        await bench.tokens().token(NAME)


async def test_a_consent_that_nobody_uses_is_kept_alive(bench: Bench) -> None:
    await bench.consent()
    tokens, stop = bench.tokens(), asyncio.Event()
    for days, refreshes in ((IDLE / 2, 0), (IDLE, 1)):
        bench.advance(days)
        running = asyncio.create_task(tokens.run(stop))
        while bench.provider.refreshes() < refreshes:
            await asyncio.sleep(0)
        stop.set()
        await running
        stop.clear()
        assert bench.provider.refreshes() == refreshes
