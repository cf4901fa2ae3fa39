"""Passkeys, made and used by Chromium with an authenticator of its own (WebAuthn's virtual one)."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.servers.ports import free_port
from tests.web.chromium import Chromium, served, started
from tests.web.conftest import OWNER, Site
from tests.web.test_accessibility import judged
from tests.web.test_sign_in import link_and_code


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with served(tmp_path, port=free_port()) as one:
        yield one


@pytest.fixture
async def chromium(site: Site) -> AsyncIterator[Chromium]:
    async with started(site.app.settings.web.address) as one:
        yield one


async def authenticator(page: Page, *, verifies: bool = True) -> Any:
    """Give a window a device that keeps passkeys; whether it sees that its owner is there."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": verifies,
        "automaticPresenceSimulation": True,
    }
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools


async def by_mail(site: Site, page: Page) -> None:
    """Sign in by the mailed code, as far as that goes."""
    await page.goto("/sign-in")
    await page.fill("#email", OWNER)
    await page.click("button.main")
    _, code = await link_and_code(site)
    await page.fill("#code", code)
    await page.click("main button")
    await page.wait_for_url(re.compile("/second-factor"))


async def test_a_passkey_is_made_at_the_first_sign_in_and_is_enough_at_the_next(
    site: Site, chromium: Chromium
) -> None:
    async with chromium.window() as page:
        await authenticator(page)
        await by_mail(site, page)
        faults = await judged(page, "/second-factor?next=/teams")
        await page.fill("#name", "Laptop at the office")
        await page.click("text=Make a passkey")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()
        await page.goto("/account")
        await expect(page.get_by_text("Laptop at the office").first).to_be_visible()
        await page.get_by_role("button", name="Sign out").first.click()
        await page.wait_for_url("**/sign-in")
        await page.click("text=Sign in with a passkey")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()
        faults += await judged(page, "/second-factor?next=/account")
        await page.click("text=Sign in with a passkey")
        await page.wait_for_url("**/account")
        await page.get_by_role("button", name="Remove").click()
        await expect(page.get_by_text("You have no second factor yet.")).to_be_visible()
        assert faults == ""


async def test_the_link_of_a_mail_and_then_a_passkey(site: Site, chromium: Chromium) -> None:
    async with chromium.window(language="nl") as page:
        await authenticator(page)
        await by_mail(site, page)
        await page.click("text=Passkey maken")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()
        await page.get_by_role("button", name="Afmelden").first.click()
        await page.wait_for_url("**/sign-in")
        await by_mail(site, page)
        await page.click("text=Aanmelden met een passkey")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()


async def test_a_device_that_does_not_look_who_holds_it_is_refused(
    site: Site, chromium: Chromium
) -> None:
    async with chromium.window() as page:
        await authenticator(page, verifies=False)
        await by_mail(site, page)
        await page.click("text=Make a passkey")
        await expect(page.get_by_role("alert")).to_be_visible()
        await page.goto("/teams")
        assert "/second-factor" in page.url


async def test_an_answer_is_good_once_and_in_its_own_browser(
    site: Site, chromium: Chromium
) -> None:
    answers: list[str] = []
    async with chromium.window() as page:
        await authenticator(page)
        await by_mail(site, page)
        await page.click("text=Make a passkey")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()
        await page.get_by_role("button", name="Sign out").first.click()
        await page.wait_for_url("**/sign-in")
        page.on("request", lambda sent: answers.append(sent.post_data or ""))
        await page.click("text=Sign in with a passkey")
        await expect(page.get_by_text("Acme BV").first).to_be_visible()
        kept = await page.context.cookies()
    sent = next(one for one in answers if "clientDataJSON" in one)
    browser = site.browser()
    for cookie in kept:
        if "session" not in cookie["name"]:
            browser.cookies.set(cookie["name"], cookie["value"])
    form = {"content-type": "application/x-www-form-urlencoded"}
    async with browser:
        again = await browser.post("/passkey", content=sent, headers=form)
        assert again.status_code == 403
        await browser.post("/passkey/options")  # another question: the old answer is none to it
        again = await browser.post("/passkey", content=sent, headers=form)
        assert again.status_code == 403
        assert json.loads((await browser.post("/passkey/options")).text)["userVerification"] == (
            "required"
        )


async def test_without_javascript_an_app_is_the_way(site: Site, chromium: Chromium) -> None:
    async with chromium.window(script=False) as page:
        await by_mail(site, page)
        await expect(page.get_by_text("Make a passkey")).to_be_hidden()
        await page.click("text=Set up an app")
        await expect(page.locator(".qr svg")).to_be_visible()
