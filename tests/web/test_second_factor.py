"""The second factor: what half a session reaches, codes of an app, and who may change what."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pyotp
import pytest
import time_machine

from maild.app import App
from maild.store import people, trail
from maild.web.routes import Who
from maild.web.site import PAGES
from tests.promised import PROMISED
from tests.web.conftest import OWNER, WEB, Site
from tests.web.test_sign_in import NOON, asked, link_and_code

Browsers = Callable[..., Any]


async def half(pages: Site, browsers: Browsers, address: str = OWNER) -> httpx2.AsyncClient:
    """A browser that showed the mailed code and nothing else."""
    browser: httpx2.AsyncClient = await browsers()
    place = await asked(browser, address)
    _, code = await link_and_code(pages, address)
    assert (await browser.post(place, data={"code": code})).status_code == 303
    return browser


async def learn(browser: httpx2.AsyncClient) -> pyotp.TOTP:
    """Begin to set an app up; what the app knows then."""
    assert (await browser.post("/account/app")).status_code == 303
    shown = await browser.get("/account/app")
    found = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)
    assert found, shown.text
    assert "<svg" in shown.text
    return pyotp.TOTP(found[1].replace(" ", ""))


async def with_app(pages: Site, browsers: Browsers) -> tuple[httpx2.AsyncClient, pyotp.TOTP]:
    """Somebody who just set up an app, with a whole session by it."""
    browser = await half(pages, browsers)
    app = await learn(browser)
    done = await browser.post("/account/app/confirm", data={"code": app.now()})
    assert done.status_code == 303, done.text
    return browser, app


async def test_half_a_session_reaches_the_second_factor_and_nothing_else(
    pages: Site, browsers: Browsers
) -> None:
    browser = await half(pages, browsers)
    for one in PAGES:
        if one.half or one.who is Who.ANYONE:
            continue
        answer = await browser.request(one.method, re.sub(r"\{\w+(:\w+)?\}", "x", one.path))
        assert answer.status_code == 303, one
        assert answer.headers["location"].startswith("/second-factor"), one
        assert "Acme" not in answer.text


async def test_what_half_a_session_reaches_shows_no_team(pages: Site, browsers: Browsers) -> None:
    browser = await half(pages, browsers)
    for one in PAGES:
        if one.method == "GET" and (one.half or one.who is Who.ANYONE) and "{" not in one.path:
            assert "Acme" not in (await browser.get(one.path)).text


async def test_an_app_is_set_up_and_makes_the_session_whole_under_a_new_reference(
    pages: Site, browsers: Browsers
) -> None:
    browser = await half(pages, browsers)
    before = browser.cookies["__Host-maild-session"]
    app = await learn(browser)
    done = await browser.post("/account/app/confirm?next=/account", data={"code": app.now()})
    assert done.headers["location"] == "/account"
    assert browser.cookies["__Host-maild-session"] != before
    assert "Acme BV" in (await browser.get("/teams")).text
    old = await browsers()
    old.cookies.set("__Host-maild-session", before, domain="maild.example", path="/")
    assert (await old.get("/teams")).headers["location"].startswith("/sign-in")


async def test_the_next_sign_in_asks_for_the_code_of_the_app(
    pages: Site, browsers: Browsers
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        _, app = await with_app(pages, browsers)
        clock.shift(timedelta(hours=1))
        browser = await half(pages, browsers)
        assert (await browser.get("/teams")).headers["location"].startswith("/second-factor")
        typed = app.now()[:3] + " " + app.now()[3:]
        done = await browser.post("/second-factor?next=/teams", data={"code": typed})
        assert done.headers["location"] == "/teams"
        assert "Acme BV" in (await browser.get("/teams")).text


async def test_a_code_is_taken_once_and_so_is_none_before_it(
    pages: Site, browsers: Browsers
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        _, app = await with_app(pages, browsers)
        clock.shift(timedelta(minutes=5))
        first, second = await half(pages, browsers), await half(pages, browsers)
        code, older = app.now(), app.at(datetime.now(UTC) - timedelta(seconds=30))
        assert (await first.post("/second-factor", data={"code": code})).status_code == 303
        for used in (code, older):
            refused = await second.post("/second-factor", data={"code": used})
            assert refused.status_code == 422
            assert (await second.get("/teams")).status_code == 303


@pytest.mark.parametrize(
    ("seconds", "status"), [(-60, 422), (-30, 303), (0, 303), (30, 303), (60, 422)]
)
async def test_the_clock_of_a_phone_may_be_half_a_minute_off(
    pages: Site, browsers: Browsers, seconds: int, status: int
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        _, app = await with_app(pages, browsers)
        clock.shift(timedelta(hours=1))
        browser = await half(pages, browsers)
        code = app.at(datetime.now(UTC) + timedelta(seconds=seconds))
        assert (await browser.post("/second-factor", data={"code": code})).status_code == status


async def test_five_wrong_codes_rest_for_a_quarter_of_an_hour(
    pages: Site, browsers: Browsers
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        _, app = await with_app(pages, browsers)
        clock.shift(timedelta(hours=1))
        browser = await half(pages, browsers)
        wrong = f"{(int(app.now()) + 1) % 10**6:06}"
        for _ in range(5):
            assert (await browser.post("/second-factor", data={"code": wrong})).status_code == 422
        slowed = await browser.post("/second-factor", data={"code": app.now()})
        assert slowed.status_code == 422
        assert "quarter of an hour" in slowed.text
        clock.shift(timedelta(minutes=15, seconds=1))
        assert (await browser.post("/second-factor", data={"code": app.now()})).status_code == 303


async def test_who_has_the_mail_alone_adds_no_factor_beside_one_that_is_there(
    pages: Site, browsers: Browsers
) -> None:
    await with_app(pages, browsers)
    thief = await half(pages, browsers)
    for path in ("/account/app", "/account/passkeys/options", "/account/passkeys"):
        assert (await thief.post(path)).status_code == 422, path
    await thief.post("/account/app/remove")
    assert (await thief.get("/teams")).headers["location"].startswith("/second-factor")
    shown = await thief.get("/account/app")
    assert shown.status_code == 303


async def test_factors_are_changed_within_five_minutes_of_a_proof(
    pages: Site, browsers: Browsers
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        browser, app = await with_app(pages, browsers)
        assert "/account/app/remove" in (await browser.get("/account")).text
        clock.shift(timedelta(minutes=5, seconds=1))
        assert "/account/app/remove" not in (await browser.get("/account")).text
        assert (await browser.post("/account/app/remove")).status_code == 422
        proved = await browser.post("/second-factor?next=/account", data={"code": app.now()})
        assert proved.headers["location"] == "/account"
        assert (await browser.post("/account/app/remove")).status_code == 303
        assert "/account/app/remove" not in (await browser.get("/account")).text


async def test_the_first_factor_is_set_up_within_half_an_hour(
    pages: Site, browsers: Browsers
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        browser = await half(pages, browsers)
        clock.shift(timedelta(minutes=30, seconds=1))
        assert (await browser.post("/account/app")).status_code == 422


async def test_a_link_of_the_console_is_enough_to_set_up_another_way(
    pages: Site, browsers: Browsers
) -> None:
    await with_app(pages, browsers)
    helped = await browsers(OWNER)
    assert (await helped.post("/account/app/remove")).status_code == 303
    app = await learn(helped)
    done = await helped.post("/account/app/confirm", data={"code": app.now()})
    assert done.status_code == 303


async def test_the_secret_of_an_app_stands_nowhere_in_the_open(
    pages: Site, browsers: Browsers
) -> None:
    _, app = await with_app(pages, browsers)
    folder = Path(pages.app.settings.maild.data_dir)
    stored = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert OWNER.encode() in stored
    assert app.secret.encode() not in stored


async def test_changes_stand_in_the_trail(pages: Site, browsers: Browsers) -> None:
    browser, _ = await with_app(pages, browsers)
    await browser.post("/account/app/remove")
    person = await pages.app.db.read(partial(people.find, email=OWNER))
    assert person
    steps = [one.step for one in await pages.app.db.read(lambda tx: list(trail._all(tx)))]
    done = [one.action for one in steps if one.object == person.id]
    assert done[-2:] == ["app.added", "app.removed"]


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", '{"rawId": 5}', '{"rawId": "\\u0000"}', "{" * 9000, '"x"']
)
async def test_what_is_no_passkey_lets_nobody_in(browsers: Browsers, answer: str) -> None:
    browser = await browsers()
    assert (await browser.post("/passkey/options")).status_code == 200
    refused = await browser.post("/passkey", data={"answer": answer})
    assert refused.status_code == 403
    assert (await browser.get("/teams")).headers["location"].startswith("/sign-in")


@pytest.fixture
async def lenient(tmp_path: Path) -> AsyncIterator[Site]:
    """A site that says a mailed link is enough."""
    people_of = ("[team.acme.recipients]", f'people = ["{OWNER}"]\n\n[team.acme.recipients]')
    config = tmp_path / "maild.toml"
    web = WEB.replace("[web]", '[web]\nsecond_factor = "optional"')
    config.write_text(PROMISED.replace(*people_of) + web, "utf-8")
    async with App.opened(config) as app:
        yield Site(app)


async def test_where_it_is_optional_only_those_who_have_one_are_asked(lenient: Site) -> None:
    async with lenient.browser() as browser, lenient.browser() as later:
        place = await asked(browser)
        _, code = await link_and_code(lenient)
        await browser.post(place, data={"code": code})
        assert "Acme BV" in (await browser.get("/teams")).text
        app = await learn(browser)
        await browser.post("/account/app/confirm", data={"code": app.now()})
        place = await asked(later)
        _, code = await link_and_code(lenient)
        await later.post(place, data={"code": code})
        assert (await later.get("/teams")).headers["location"].startswith("/second-factor")
