"""How ways out stand: what rests and until when, what may still be asked, which token is in use."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild import roads
from maild.app import App
from maild.connectors.exact_faults import Asked
from maild.connectors.exact_pace import Pace
from maild.connectors.exact_quota import Limits, registration
from maild.errors import RoadClosed
from maild.lights import Light, lights
from maild.model.token import Token
from maild.store import connectors, marks
from maild.store.connectors import Rest
from maild.store.ledger import StoredLedger
from maild.store.tokens import SealedTokens
from tests.connectors.exact.mapping import MAPPING
from tests.promised import PROMISED
from tests.web.conftest import OPERATOR, OWNER, WEB, Site
from tests.web.test_today import text_of

Browsers = Callable[..., Any]
PLACES = ("/operator/connections", "/teams/acme/connections")
NOW = datetime(2026, 11, 24, 12, 0, 7, tzinfo=UTC)
SITE = "https://exact.example"
ACCOUNT = {
    "provider": "exact",
    "team": "acme",
    "address": "chef@acme.example",
    "client_id": "app-1",
    "client_secret_file": "app.secret",
    "redirect_uri": "https://acme.example/exact",
    "site": SITE,
}
MORE = (
    "[account.acme-exact]\n"
    + "".join(f"{key} = {json.dumps(value)}\n" for key, value in ACCOUNT.items())
    + '[connector.exact.exact]\naccount = "acme-exact"\ncalls_a_day = 1000\n'
    + '[connector.codabox.voici]\nurl = "https://box.example"\nsoftware_company = "maild"\n'
    + 'feeds = ["purchase_invoice"]\n'
)


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Site]:
    """Acme mails by a relay with a rate and books at Exact; CodaBox is there for others."""
    head, exact = "[team.acme.recipients]", MAPPING.replace("\n[", "\n[team.acme.exact.")
    text = PROMISED
    for old, new in (
        (head, f'people = ["{OWNER}"]\n\n[team.acme.exact]\n{exact}\n{head}'),
        (
            '{ via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }',
            '{ via = "exact", address = "1234" }',
        ),
        ("[connector.smtp.relay]", '[connector.smtp.relay]\nrate = "30/m"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "app.secret").write_text("s", "utf-8")
    (tmp_path / "app.secret").chmod(0o600)
    config = tmp_path / "maild.toml"
    config.write_text(text + WEB + MORE, "utf-8")
    async with App.opened(config, now=lambda: NOW) as app:
        yield Site(app)


async def of(pages: Site, name: str) -> Light:
    [found] = [one for one in await lights(pages.app) if one.name == name]
    return found


async def rest(pages: Site, via: str, **said: Any) -> None:
    given: dict[str, Any] = {"until": NOW + timedelta(minutes=9), "reason": "454 <b>busy"} | said
    await pages.app.db.write(partial(connectors.pause, via=via, now=NOW, rest=Rest(**given)))


def asked(division: str) -> Asked:
    return Asked(division, "crm/Accounts", user="chef", command="maild connect exact acme")


def a_pace(pages: Site, *, minute: int = 60) -> Pace:
    return Pace(
        "exact",
        registration=registration(SITE, "app-1"),
        limits=Limits(a_minute=minute, a_day=1000),
        ledger=StoredLedger(pages.app.db, now=lambda: NOW),
        now=lambda: NOW,
        pause=lambda seconds: pytest.fail(f"waits {seconds}"),
    )


@pytest.mark.parametrize(
    ("said", "mood", "state", "next_step"),
    [
        ({}, "wait", "rests", "maild tries again by itself"),
        ({"cause": "login", "times": 3}, "wrong", "stopped", "see to username, password"),
        ({"cause": "tls"}, "wrong", "stopped", "certificate of that server"),
        ({"until": NOW - timedelta(minutes=1)}, "wait", "trying", "maild tries again by itself"),
    ],
    ids=["network", "login", "tls", "its rest is over"],
)
async def test_a_light_says_how_it_is_and_what_to_do(
    pages: Site, browsers: Browsers, said: dict[str, Any], mood: str, state: str, next_step: str
) -> None:
    await rest(pages, "relay", **said)
    found = await of(pages, "relay")
    assert (found.mood, found.state) == (mood, state)
    for who, place in zip((OPERATOR, OWNER), PLACES, strict=True):
        page = await text_of(await browsers(who), place)
        assert next_step in page
        assert '<q lang="en">454 <b>busy</q>' in page  # read as text: it was escaped
        assert ("3 times in a row" in page) == ("times" in said)


async def test_what_is_left_at_exact_is_told_and_only_to_whom_it_is_about(
    pages: Site, browsers: Browsers
) -> None:
    pace = a_pace(pages)
    for division, calls in ((1234, 12), (9999, 3)):
        for _ in range(calls):
            await pace.turn(asked(f"{division}"))
    found = await of(pages, "exact")
    left = {(one.what, one.of): (one.left, one.most) for one in found.budgets}
    assert left == {
        ("minute", "1234"): (48, 60),
        ("day", "1234"): (988, 1000),
        ("minute", "9999"): (57, 60),
        ("day", "9999"): (997, 1000),
        ("tokens", ""): (190, 190),
    }
    minute = found.budgets[0].more_at
    assert minute is not None
    assert NOW < minute <= NOW + timedelta(minutes=2)
    operator = await text_of(await browsers(OPERATOR), PLACES[0])
    owner = await text_of(await browsers(OWNER), PLACES[1])
    assert "988 of 1,000 left" in operator
    assert "997 of 1,000 left" in operator
    assert "988 of 1,000 left" in owner
    assert "9999" not in owner


async def test_an_administration_that_rests_is_told_by_name(
    pages: Site, browsers: Browsers
) -> None:
    pace = a_pace(pages)
    shut = await pace.shut(asked("1234"), "the right to book is missing")
    assert isinstance(shut, RoadClosed)
    found = await of(pages, "exact")
    assert (found.mood, found.state) == ("wait", "rests")
    assert [(one.of, one.cause) for one in found.rests] == [("1234", "quota")]
    page = await text_of(await browsers(OWNER), PLACES[1])
    assert "administration 1234: rests until" in page
    assert "the right to book is missing" in page


async def test_what_rests_for_another_team_is_not_shown_to_this_one(
    pages: Site, browsers: Browsers
) -> None:
    await a_pace(pages).shut(asked("9999"), "of another team")
    assert "9999" not in await text_of(await browsers(OWNER), PLACES[1])
    assert "9999" in await text_of(await browsers(OPERATOR), PLACES[0])


async def test_a_rate_is_a_budget(pages: Site) -> None:
    [rate] = (await of(pages, "relay")).budgets
    assert (rate.what, rate.left, rate.most, rate.more_at) == ("minute", 30, 30, None)


async def test_a_token_tells_its_age_and_when_it_is_renewed(
    pages: Site, browsers: Browsers
) -> None:
    store = SealedTokens(
        pages.app.db, secret_file=pages.app.settings.maild.secret_file, now=lambda: NOW
    )
    token = Token(
        access="KANARIE-A",
        refresh="KANARIE-R",
        scope="",
        expires_at=NOW + timedelta(minutes=4),
        obtained_at=NOW - timedelta(minutes=6),
        consented_at=NOW - timedelta(days=20),
    )
    await store.save("acme-exact", token)
    for who, place in zip((OPERATOR, OWNER), PLACES, strict=True):
        page = await text_of(await browsers(who), place)
        assert re.search(r"token renewed 6 minutes ago", page)
        assert "good until 24 Nov 2026 13:04" in page
        assert "renewed from 24 Nov 2026 13:03 on" in page
        assert "KANARIE" not in page


async def test_a_feed_tells_when_it_is_looked_at_again(pages: Site, browsers: Browsers) -> None:
    value = {"at": (NOW - timedelta(minutes=20)).isoformat(), "delay": 7200.0}
    name = "codabox.feed.voici.other"
    await pages.app.db.write(partial(marks.put, name=name, value=value, now=NOW))
    assert roads.codabox_accounts(pages.app), "the connector is there"
    page = await text_of(await browsers(OPERATOR), PLACES[0])
    assert "other: looked 20 minutes ago, again at 14:40" in page
    assert "voici" not in await text_of(await browsers(OWNER), PLACES[1])
