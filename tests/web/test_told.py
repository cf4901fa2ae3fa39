"""What people are told by mail: a new device, a factor that came or went, settings that others changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from maild.errors import NotFound
from maild.model.delivery import Delivery, Purpose
from maild.model.team import HOUSE
from maild.store import deliveries, people, trail
from tests.web.conftest import ACCOUNTANT, OWNER, Site
from tests.web.test_second_factor import half, learn, lenient, with_app  # noqa: F401

Browsers = Callable[..., Any]


async def letters(pages: Site, address: str = OWNER) -> list[tuple[str, str]]:
    """The letters that were queued for somebody: subject and text, the oldest first."""
    found = await pages.app.db.read(partial(deliveries.find, limit=200))
    mine = [one for one in found if one.address == address and one.letter]
    return [(one.letter.subject, one.letter.text) for one in sorted(mine, key=_id) if one.letter]


def _id(one: Delivery) -> str:
    return one.id


async def once_more(pages: Site, browser: httpx2.AsyncClient, address: str = OWNER) -> None:
    """Sign in by a link of the console."""
    answer = await browser.post(await pages.app.access.sign_ins.console_link(address))
    assert answer.status_code == 303


async def test_a_browser_that_is_not_the_first_is_told_of_once(
    pages: Site, browsers: Browsers
) -> None:
    first, second = await browsers(OWNER), await browsers(**{"user-agent": "Fire\r\nfox <b>"})
    assert await letters(pages) == []
    for browser in (second, first, second):
        await once_more(pages, browser)
    [(subject, text)] = await letters(pages)
    assert subject == "Your account was opened on another device"
    assert "Fire" in text
    assert f"{pages.app.settings.web.address}/account" in text


async def test_what_knows_a_browser_lets_nobody_in(pages: Site, browsers: Browsers) -> None:
    first = await browsers(OWNER)
    thief = await browsers()
    kept = first.cookies["__Host-maild-device"]
    thief.cookies.set("__Host-maild-device", kept, domain="maild.example", path="/")
    assert (await thief.get("/teams")).headers["location"].startswith("/sign-in")


async def test_half_a_session_is_no_device_yet(pages: Site, browsers: Browsers) -> None:
    await browsers(OWNER)
    await half(pages, browsers)
    assert await letters(pages) == []


async def test_a_factor_that_comes_or_goes_is_told(pages: Site, browsers: Browsers) -> None:
    browser, _ = await with_app(pages, browsers)
    assert (await browser.post("/account/app/remove")).status_code == 303
    told = await letters(pages)
    assert [subject for subject, _ in told] == [
        "You can now sign in another way",
        "A way to sign in was removed",
    ]
    assert "An app with codes was added to your account, from" in told[0][1]


async def test_letters_about_an_account_are_from_the_house_and_can_be_sent(
    pages: Site, browsers: Browsers
) -> None:
    await with_app(pages, browsers)
    found = await pages.app.db.read(partial(deliveries.find, limit=200))
    [one] = [each for each in found if each.purpose is Purpose.NOTICE]
    assert (one.team, one.via) == (HOUSE, "relay")


async def test_who_lost_his_factors_is_let_in_to_set_up_new_ones(
    pages: Site, browsers: Browsers
) -> None:
    browser, _ = await with_app(pages, browsers)
    lost = await half(pages, browsers)
    assert "Ask whoever runs maild" in (await lost.get("/second-factor")).text
    await pages.app.access.factors.reset(OWNER.upper(), by="console")
    for signed_in in (browser, lost):
        assert (await signed_in.get("/teams")).headers["location"].startswith("/sign-in")
    again = await half(pages, browsers)
    app = await learn(again)
    done = await again.post("/account/app/confirm", data={"code": app.now()})
    assert done.status_code == 303
    assert "Acme BV" in (await again.get("/teams")).text
    assert "Set up your second factor again" in [subject for subject, _ in await letters(pages)]
    person = await pages.app.db.read(partial(people.find, email=OWNER))
    steps = await pages.app.db.read(partial(trail.page, limit=20))
    [step] = [one.step for one in steps if one.step.action == "factors.reset"]
    assert person
    assert (step.actor, step.object, step.detail) == ("console", person.id, OWNER)


async def test_nobody_is_reset_who_never_was_here(pages: Site) -> None:
    with pytest.raises(NotFound, match="ever signed in"):
        await pages.app.access.factors.reset("who@else.example", by="console")


async def test_an_automatic_export_needs_more_than_the_mailed_link(
    lenient: Site,  # noqa: F811 - the fixture
) -> None:
    await lenient.linked("acme", ACCOUNTANT)
    async with lenient.browser() as browser:
        place = (await browser.post("/sign-in", data={"email": ACCOUNTANT})).headers["location"]
        mail = (await lenient.mails(ACCOUNTANT))[-1]
        code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", mail.as_string())
        assert code
        assert (await browser.post(place, data={"code": code[0]})).status_code == 303
        page = (await browser.get("/teams/acme/automatic")).text
        assert "A mailed link alone is not enough for this" in page
        form = {"kind": ["invoice"], "often": "month"}
        tried = await browser.post("/teams/acme/automatic", data=form | {"do": "try"})
        assert tried.status_code == 200
        refused = await browser.post("/teams/acme/automatic", data=form)
        assert refused.status_code == 422
        assert "needs a second factor" in refused.text
        assert lenient.app.shelf._automatic == ()
        app = await learn(browser)
        done = await browser.post("/account/app/confirm", data={"code": app.now()})
        assert done.status_code == 303
        assert (await browser.post("/teams/acme/automatic", data=form)).status_code == 303
