"""Every page as axe judges it (WCAG 2.2 AA), in each language, light and dark, wide and narrow.

Pages are found by following links, so a new one is judged as soon as something leads to it.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyotp
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from maild.model.access import Right
from maild.model.delivery import Letter
from maild.model.export import Choice
from maild.outbox.pickup import Links
from maild.store import deliveries, people, pickups
from maild.web.words import LANGUAGES
from tests.builders_paper import Paper
from tests.servers.ports import free_port
from tests.web.chromium import Chromium, served, started
from tests.web.conftest import ACCOUNTANT, OPERATOR, OTHER_OWNER, OWNER, Site, an_invoice
from tests.web.crawl import crawl
from tests.web.test_sign_in import link_and_code

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
WIDE, PHONE = 1100, 390
# Cells of tables that fold into cards, without their column's heading; but for what names the card,
# what is done with it, and the hour beside it.
UNSAID = """() => [...document.querySelectorAll("main table")]
  .filter(table => table.tHead && getComputedStyle(table.tHead).display === "none")
  .flatMap(table => [...table.querySelectorAll("tbody td:not([colspan], .what, .do, .hour, .tickbox)")])
  .filter(cell => getComputedStyle(cell).display !== "none"
    && !getComputedStyle(cell, "::before").content.startsWith(`"${cell.dataset.label}`))
  .map(cell => cell.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
async def filled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site with documents, links, and offers."""
    async with served(tmp_path_factory.mktemp("site"), port=free_port()) as site:
        await fill(site)
        yield site


@pytest.fixture(scope="module")
async def chromium(filled: Site) -> AsyncIterator[Chromium]:
    async with started(filled.app.settings.web.address) as one:
        yield one


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", [ACCOUNTANT, OWNER, OPERATOR], ids=["partner", "owner", "operator"])
async def test_whoever_signed_in_can_use_every_page(
    filled: Site, chromium: Chromium, who: str, language: str
) -> None:
    await speaks(filled, who, language)
    async with aclosing(await filled.signed_in(who)) as browser:
        found = await crawl(browser)
    assert {"/teams", "/links", "/account"} <= set(found.pages)
    async with chromium.window(language=language) as page:
        await chromium.sign_in(page, link=await filled.app.access.sign_ins.console_link(who))
        faults = [await judged(page, address) for address in sorted(found.pages.values())]
        assert "".join(faults) == ""
        assert await page.get_attribute("html", "lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_is_at_the_door_can_use_it(
    filled: Site, chromium: Chromium, language: str
) -> None:
    async with chromium.window(language=language) as page:
        faults = await judged(page, "/sign-in")
        await page.fill("#email", "who@else.example")
        await page.click("main button.main")
        faults += await judged(page, page.url)
        faults += await judged(page, f"{page.url}/of-nobody")
        link = await filled.app.access.sign_ins.console_link(OWNER)
        faults += await judged(page, link)
        assert faults == ""


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_sets_up_and_gives_a_second_factor_can_use_it(
    filled: Site, chromium: Chromium, language: str
) -> None:
    who = f"{language}@kantoor.example"
    await filled.app.access.links.invite("acme", who, rights=[Right.SALES], by=OWNER)
    async with chromium.window(language=language) as page:
        await by_mail(filled, page, who)
        faults = await judged(page, "/second-factor")
        await page.click("form[action='/account/app'] button")
        await page.wait_for_url(re.compile("/account/app"))
        faults += await judged(page, "/account/app")
        app = pyotp.TOTP((await page.locator("main code").inner_text()).replace(" ", ""))
        wrong = f"{(int(app.now()) + 1) % 10**6:06}"
        faults += await answered(page, wrong)
        await page.fill("#code", app.now())
        await page.click("main button.main")
        await page.wait_for_url("**/teams")
        faults += await judged(page, "/account")
    async with chromium.window(language=language) as page:
        await by_mail(filled, page, who)
        faults += await judged(page, "/second-factor")
        faults += await answered(page, wrong)
        assert await page.get_attribute("html", "lang") == language
    assert faults == ""


async def by_mail(site: Site, page: Page, who: str) -> None:
    """Sign in by the mailed code, as far as that goes."""
    await page.goto("/sign-in")
    await page.fill("#email", who)
    await page.click("main button.main")
    _, code = await link_and_code(site, who)
    await page.fill("#code", code)
    await page.click("main button")
    await page.wait_for_url(re.compile("/second-factor"))


async def answered(page: Page, code: str) -> str:
    """What axe finds on the page that says no to a code."""
    await page.fill("#code", code)
    await page.click("form:has(#code) button")
    await expect(page.locator("#wrong")).to_be_visible()
    return await axe(page, f"{page.url} refused")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_whoever_has_a_link_to_a_package_can_use_its_page(
    filled: Site, chromium: Chromium, language: str
) -> None:
    app = filled.app
    links = Links(app.settings.web.address, app.house.secrets)
    period = f"{datetime.now(UTC):%Y}"
    sent = await app.exports.send("acme", period, choice=Choice(), to=["accountant"])
    delivery = await app.db.read(partial(deliveries.get, id=sent["deliveries"][0]["id"]))
    one = await links.of(app.db, delivery, now=app.now())
    await app.db.write(partial(pickups.add, one=one))
    letter, _ = links.letters(one, lambda url: Letter("", url))
    async with chromium.window(language=language) as page:
        faults = await judged(page, letter.text)
        async with page.expect_download() as download:
            await page.click("main button.main")
        kept = await (await download.value).path()
        assert kept.read_bytes().startswith(b"PK")
        await app.pickups.revoke(one.id, by=OWNER)
        faults += await judged(page, letter.text)
        assert faults == ""


async def judged(page: Page, address: str) -> str:
    """What axe finds wrong on a page, light and dark, and whether a phone shows it all."""
    said = ""
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size({"width": WIDE, "height": 900})
    await page.goto(address)
    said += await axe(page, f"{address} light")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size({"width": PHONE, "height": 844})
    said += await axe(page, f"{address} dark, on a phone")
    for cell in await page.evaluate(UNSAID):
        said += f"{address}: a phone does not say what this is: {cell}\n"
    needed = await page.evaluate("document.documentElement.scrollWidth")
    return said + (f"{address}: {needed} px wide on a phone\n" if needed > PHONE else "")


async def axe(page: Page, where: str) -> str:
    found: Any = await Axe().run(page, options=RULES)
    return f"{where}\n{found.generate_report()}\n" if found.violations_count else ""


async def speaks(site: Site, who: str, language: str) -> None:
    now = datetime.now(UTC)
    person = await site.app.db.write(
        partial(people.find_or_add, email=who, language=language, now=now)
    )
    await site.app.db.write(partial(people.speak, person=person, language=language))


async def fill(site: Site) -> None:
    """Some weeks of invoices, and one of each kind of link."""
    today = datetime.now(UTC).date()
    files = [
        (f"{n}.xml", an_invoice(f"F-2026-{n:04}", issued_on=today - timedelta(days=3 * n)))
        for n in range(1, 12)
    ]
    await site.app.actions.send(files, team="acme", tag=None)
    # A page that waits for its figures, of a supplier whose account was another one.
    paper = Paper()
    [first] = (
        await site.app.actions.send([("1.pdf", paper.page("2026-1"))], team="acme", tag="purchase")
    )["documents"]
    await site.app.actions.review(first["id"], verdict="confirmed")
    other = replace(paper, iban="BE38999428565672").page("2026-2")
    await site.app.actions.send([("2.pdf", other)], team="acme", tag="purchase")
    await site.linked("acme", ACCOUNTANT)
    links = site.app.access.links
    await links.invite("other", ACCOUNTANT, rights=[Right.SALES], by=OTHER_OWNER)
    await links.invite("acme", "nieuw@kantoor.example", rights=list(Right), by=OWNER)
