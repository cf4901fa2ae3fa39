"""The pages of a team's own people and of the operator, driven in a browser before a running daemon.

Both in Dutch with a script and in French without one, wide, on a phone, and on paper.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, ViewportSize, expect

from maild.model.bill import Price
from tests.builders_bill import a_line, a_party, eur
from tests.spine import papers
from tests.spine.post import text_of
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER
from tests.web.stage import Stage, Visitor, content, set_up

PHONE, DOCUMENTS = 390, "/teams/acme/documents"
PAPER: ViewportSize = {"width": 794, "height": 1123}  # A4 at 96 dots an inch
NAMES = {"nl": True, "fr": False}  # the languages, and whether scripts run


@pytest.fixture(params=NAMES, ids=["nl", "fr without JavaScript"])
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A daemon with a bill that went, one that waits for a yes, and one of a team in shadow mode."""
    async with set_up(tmp_path, language=request.param) as one:
        await one.hand_in(("F-1.xml", papers.invoice("F-1")))
        other = a_line(price=Price(net=eur("99.00")))
        await one.hand_in(("F-1.xml", papers.invoice("F-1", lines=(other,))))
        seller = a_party("Nieuw NV", "0403170701")
        await one.hand_in(("N-1.xml", papers.invoice("N-1", seller=seller)), to="new@post.example")
        yield one


async def test_an_owner_lets_go_changes_invites_and_goes_live(stage: Stage) -> None:
    async with stage.visitor(OWNER, script=NAMES[stage.say.language]) as owner:
        await owner.enters()
        await decides(owner)
        await changes(owner)
        await invites_and_takes_back(owner)
        await goes_live(owner)


async def decides(owner: Visitor) -> None:
    """What came with a number that was there is looked at, and sent."""
    page, say = owner.page, owner.stage.say
    await page.goto("/teams/acme/today")
    await owner.reads(say("hold.review"))
    before = len(owner.stage.sink.to(ACCOUNTANT))
    await owner.button("today.send").click()
    await owner.reads(say("done.confirmed"))
    await owner.reads(say("today.nothing"))
    async with asyncio.timeout(30):
        while len(owner.stage.sink.to(ACCOUNTANT)) == before:
            await asyncio.sleep(0.05)


async def changes(owner: Visitor) -> None:
    """Settings go into the team's own file, with what else stands there."""
    page, stage = owner.page, owner.stage
    await page.goto("/teams/acme/settings")
    await page.get_by_label(stage.say("settings.digest")).fill("daily 07:30")
    await owner.button("settings.save").click()
    await owner.reads(stage.say("settings.done"))
    written = stage.acme.read_text("utf-8")
    assert 'digest = "daily 07:30"' in written
    assert "# who sign in" in written
    assert (await page.get_by_label(stage.say("settings.digest")).input_value()) == "daily 07:30"


async def invites_and_takes_back(owner: Visitor) -> None:
    """An offer is mailed, in shadow mode too, and taken back before anybody took it."""
    page, stage = owner.page, owner.stage
    await page.goto("/links")
    await page.select_option("#invite-team", label="Nieuw NV")
    await page.fill("#invite-email", "nieuw@kantoor.example")
    await owner.button("links.send").click()
    await owner.reads(stage.say("link.invited"))
    await stage.mail("nieuw@kantoor.example", "Nieuw NV")
    await owner.button("links.decline").click()
    await owner.reads(stage.say("links.none"))


async def goes_live(owner: Visitor) -> None:
    """What waited in shadow mode leaves."""
    page, stage = owner.page, owner.stage
    await page.goto("/teams/new/today")
    await owner.link("live.would").click()
    await owner.reads("N-1")
    assert stage.sink.to("bureau@office.example") == []
    await page.get_by_label(stage.say("live.send_since")).check()
    await owner.button("live.go").click()
    await owner.reads(stage.say("live.is_live"))
    await stage.mail("bureau@office.example", "N-1")


async def test_an_operator_looks_everywhere_and_tries_a_file(stage: Stage, tmp_path: Path) -> None:
    async with stage.visitor(OPERATOR, script=NAMES[stage.say.language]) as operator:
        await operator.enters()
        page, say = operator.page, stage.say
        await page.goto("/operator")
        await operator.reads(say("daemon.ready"))
        await operator.link("operator.in").click()
        await operator.reads("F-1")
        await operator.link("operator.out").click()
        await page.goto("/operator/out?state=delivered")
        await operator.reads(ACCOUNTANT)
        await operator.link("operator.rules_tab").click()
        await page.select_option("#of", "acme")
        await operator.button("documents.filter").click()
        file = tmp_path / "T-1.xml"
        file.write_bytes(papers.invoice("T-1"))
        await page.set_input_files("#file", file)
        await operator.button("rules.decide").click()
        await operator.reads("Acme.Verkoop@Inbox.Example")
        assert "T-1" not in [one["number"] for one in await documents(stage)], "only tried"
        await operator.link("operator.schedule").click()
        await operator.reads("tidy")
        await operator.link("operator.dns").click()
        await operator.button("machinery.look").click()
        await operator.reads("acme.example")
        await operator.link("operator.trail").click()
        await page.get_by_role("link", name=say("operator.trail_check")).click()
        await operator.reads(say("operator.trail_whole"))


# Tables whose rows have not the same number of columns to be seen.
CROOKED = """[...document.querySelectorAll("table")].map(table => new Set([...table.rows]
  .filter(row => row.offsetParent)
  .map(row => [...row.cells].filter(one => one.offsetParent)
    .reduce((sum, one) => sum + one.colSpan, 0))))
  .filter(seen => seen.size > 1).map(seen => `a table of ${[...seen]} columns on paper`)"""
# Buttons that lie beside the screen.
HIDDEN = """width => [...document.querySelectorAll("main :is(button, .button)")]
  .filter(one => one.checkVisibility())
  .map(one => [one.innerText, one.getBoundingClientRect()])
  .filter(([_, box]) => box.left < 0 || box.right > width).map(([text]) => text)"""
MAIN = {
    ACCOUNTANT: ("/teams", "/links", f"{DOCUMENTS}?period=2026", "/teams/acme/automatic"),
    OWNER: (
        "/teams",
        "/links",
        "/account",
        "/teams/acme/today",
        f"{DOCUMENTS}?period=2026",
        "/teams/acme/exports",
        "/teams/acme/automatic",
        "/teams/acme/connections",
        "/teams/acme/settings",
        "/teams/new/live",
    ),
    OPERATOR: tuple(
        f"/operator{path}"
        for path in ("", "/in", "/out", "/rules", "/connections", "/schedule", "/trail")
    ),
}


@pytest.mark.parametrize("stage", ["nl"], indirect=True)
async def test_the_main_pages_fit_on_a_phone_and_on_paper(stage: Stage) -> None:
    await befriended(stage)
    faults: list[str] = []
    for who, paths in MAIN.items():
        async with stage.visitor(who) as visitor:
            await visitor.enters()
            for path in paths:
                await visitor.page.goto(path)
                found = [*await on_a_phone(visitor.page), *await on_paper(visitor.page)]
                faults += [f"{path}: {one}" for one in found]
    assert faults == []


async def on_a_phone(page: Page) -> list[str]:
    """What does not fit there."""
    await page.set_viewport_size({"width": PHONE, "height": 844})
    wide = await page.evaluate("document.documentElement.scrollWidth")
    hidden = [f'"{one}" is out of sight on a phone' for one in await page.evaluate(HIDDEN, PHONE)]
    return [f"{wide} px wide on a phone", *hidden] if wide > PHONE else hidden


async def on_paper(page: Page) -> list[str]:
    """What is printed and should not be, or crooked."""
    await page.emulate_media(media="print")
    await page.set_viewport_size(PAPER)
    shown = page.locator(":is(.top nav, .tabs, button, .button, .who, .skip):visible")
    faults = [f"{one} on paper" for one in await shown.all_inner_texts()]
    faults += await page.evaluate(CROOKED)
    await expect(page.locator("h1").first).to_be_visible()
    await page.emulate_media(media="screen")
    return faults


async def befriended(stage: Stage) -> None:
    """The accountant has said yes to Acme."""
    said = await asyncio.to_thread(stage.house.process, "partner", "invite", "acme", ACCOUNTANT)
    assert said.code == 0, said.err
    async with stage.visitor(ACCOUNTANT) as accountant:
        await accountant.enters()
        await accountant.page.goto("/links")
        await accountant.page.locator("input[name=office]").fill("Kantoor Peeters")
        await accountant.button("links.accept").click()
        await accountant.reads(stage.say("link.active"))


@pytest.mark.parametrize("stage", ["nl"], indirect=True)
async def test_a_package_behind_a_link_is_taken_again_from_the_same_page(stage: Stage) -> None:
    say, last = stage.say, datetime.now(UTC).date().replace(day=1) - timedelta(days=1)
    await stage.hand_in(("F-9.xml", papers.invoice("F-9", issued_on=last)))
    async with stage.visitor(OWNER) as owner, stage.visitor(ACCOUNTANT) as accountant:
        await owner.enters()
        await owner.page.goto("/teams/acme/exports")
        await owner.page.select_option("#period", f"{last:%Y-%m}")
        await owner.page.locator("input[name=to][value=accountant]").check()
        await owner.button("exports.send").click()
        await owner.page.wait_for_url("**/documents/*")
        mail = await stage.mail(ACCOUNTANT, f"{last:%Y}")
        link = re.search(rf"{stage.address}/packages/\S+", text_of(mail))
        assert link, text_of(mail)
        await accountant.page.goto(link[0])
        for _ in range(2):
            package = await content(await accountant.downloads(accountant.button("pickup.take")))
            assert zipfile.is_zipfile(io.BytesIO(package))
        await owner.page.goto("/teams/acme/exports")
        await owner.button("exports.revoke").click()
        await accountant.page.reload()
        await accountant.reads(say("pickup.over"))


async def documents(stage: Stage) -> list[dict[str, object]]:
    """What the daemon has."""
    said = await asyncio.to_thread(stage.house.process, "documents", "list", "--json")
    assert said.code == 0, said.err
    return said.json()
