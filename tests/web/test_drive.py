"""The portal driven as people do: an accountant is invited, looks, takes, is sent, and is let go.

A running daemon, mails that really leave, Debian's Chromium. Once in Dutch and once in French with a
passkey, once in English without JavaScript and with codes of an app. What the console says is a fault.
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
from playwright.async_api import expect

from maild.render.templates import phrases
from tests.builders_bill import a_party
from tests.spine import papers
from tests.spine.post import text_of
from tests.web.conftest import ACCOUNTANT, OWNER
from tests.web.stage import Stage, Visitor, content, set_up

OFFICE, MONTHLY = "Kantoor Peeters", "acme/kantoor-peeters-month"
LAST = datetime.now(UTC).date().replace(day=1) - timedelta(days=1)  # of the month before


@pytest.fixture
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with set_up(tmp_path, language=request.param) as one:
        yield one


@pytest.mark.parametrize(
    ("stage", "script"),
    [("nl", True), ("fr", True), ("en", False)],
    indirect=["stage"],
    ids=["nl", "fr", "en without JavaScript"],
)
async def test_an_accountant_is_invited_looks_takes_is_sent_and_let_go(
    stage: Stage, *, script: bool
) -> None:
    for n in range(1, 6):
        bill = papers.invoice(f"F-{n}", issued_on=LAST, buyer=a_party("Beta NV", "0403170701"))
        await stage.hand_in((f"F-{n}.xml", bill))
    async with (
        stage.visitor(OWNER, script=script) as owner,
        stage.visitor(ACCOUNTANT, script=script) as accountant,
    ):
        await invites(owner)
        await accepts(accountant)
        await looks(accountant)
        await takes(accountant)
        await is_sent(accountant)
        await sees_it_and_lets_go(owner)
        await finds_nothing(accountant)


async def first_factor(who: Visitor) -> None:
    """With a script a passkey, without one an app."""
    if await who.button("factor.make_passkey").is_visible():
        await who.makes_a_passkey()
    else:
        await who.sets_up_an_app()


async def invites(owner: Visitor) -> None:
    """The owner signs in for the first time, and invites his accountant."""
    page = owner.page
    await owner.signs_in(by_link=True)
    await first_factor(owner)
    await page.goto("/links")
    await page.select_option("#invite-team", label="Acme BV")
    await page.fill("#invite-email", ACCOUNTANT)
    for right in ("sales", "purchase", "export", "auto"):
        await page.locator(f"input[name={right}]").first.check()
    await owner.button("links.send").click()
    await owner.reads(owner.stage.say("link.invited"))


def subject(stage: Stage, letter: str) -> str:
    """What a mail about access is called; invoices go to the same people meanwhile."""
    said: str = phrases(stage.say.language)["portal"][letter]["subject"]
    return said.replace("{{ team }}", "Acme BV").replace("{{ partner }}", OFFICE)


async def accepts(accountant: Visitor) -> None:
    """The accountant reads his mail, signs in where it leads to, and says yes."""
    page, stage = accountant.page, accountant.stage
    mail = await stage.mail(ACCOUNTANT, subject(stage, "invited"))
    link = re.search(rf"{stage.address}/links", text_of(mail))
    assert link, text_of(mail)
    await page.goto("/teams/acme/documents")
    assert "/sign-in" in page.url
    await accountant.signs_in(link[0])
    await first_factor(accountant)
    await page.wait_for_url("**/links")  # where the mail led to
    told = await stage.mail(ACCOUNTANT, subject(stage, "factor_added"))
    assert told["From"] == "maild <portal@post.example>"
    await page.get_by_placeholder(stage.say("account.office")).fill(OFFICE)
    await accountant.button("links.accept").click()
    await accountant.reads(stage.say("link.active"))
    await stage.mail(OWNER, OFFICE)


async def looks(accountant: Visitor) -> None:
    """From the teams to one document and its page."""
    page, say = accountant.page, accountant.stage.say
    await page.goto("/")
    await page.locator("main .badge.new").first.click()
    await expect(page.locator("tbody tr")).to_have_count(5)
    await page.goto(f"/teams/acme/documents?period={LAST:%Y-%m}")
    await page.fill("#text", "F-3")
    await accountant.button("documents.filter").click()
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert "text=F-3" in page.url
    await page.get_by_role("link", name="F-3", exact=True).click()
    await accountant.reads("Beta NV")
    paper = page.locator("figure.paper img")
    await expect(paper).to_be_visible()
    assert await paper.evaluate("one => one.decode().then(() => one.naturalWidth)") > 500
    await accountant.button("document.mark").click()
    await accountant.reads(say("state.processed"))


async def takes(accountant: Visitor) -> None:
    """One file, two documents, and a period: one after the other from the same page."""
    page = accountant.page
    pdf = await accountant.downloads(page.get_by_role("link", name="F-3.pdf"))
    assert (await content(pdf)).startswith(b"%PDF-")
    await page.goto(f"/teams/acme/documents?period={LAST:%Y-%m}")
    boxes = page.locator("input[name=document]")
    for n in (0, 1):
        await boxes.nth(n).check()
    two = await content(await accountant.downloads(accountant.button("downloads.zip")))
    assert _documents(two) == 2
    for n in (0, 1):
        await boxes.nth(n).uncheck()
    listed = await content(await accountant.downloads(accountant.button("downloads.csv")))
    assert listed.count(b"F-") >= 5
    sheet = await content(await accountant.downloads(accountant.button("downloads.xlsx")))
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(sheet)).namelist()
    assert (
        _documents(await content(await accountant.downloads(accountant.button("downloads.zip"))))
        == 5
    )


async def is_sent(accountant: Visitor) -> None:
    """An automatic export: tried, then switched on."""
    page, stage = accountant.page, accountant.stage
    await page.goto("/teams")
    await accountant.link("automatic.switch_on").click()
    await accountant.button("automatic.try").click()
    await expect(page.get_by_role("status")).to_contain_text("5")
    assert MONTHLY not in await schedules(stage), "trying switches nothing on"
    await accountant.button("automatic.switch_on").click()
    await accountant.reads(stage.say("automatic.is_on"))
    assert MONTHLY in await schedules(stage)


async def sees_it_and_lets_go(owner: Visitor) -> None:
    """The owner is told, sees what is on, and ends the link."""
    page, stage = owner.page, owner.stage
    await stage.mail(OWNER, OFFICE, count=2)
    await page.goto("/teams/acme/automatic")
    await owner.reads(ACCOUNTANT)
    await page.goto("/links")
    await owner.button("links.end").click()
    await owner.reads(stage.say("links.none"))


async def finds_nothing(accountant: Visitor) -> None:
    """All of it is gone at once, what was to be sent too."""
    page, stage = accountant.page, accountant.stage
    for path in ("documents", "automatic", f"download?period={LAST:%Y-%m}"):
        answer = await page.goto(f"/teams/acme/{path}")
        assert answer
        assert answer.status == 404, path
        assert "Acme" not in await page.content()
    await page.goto("/teams")
    await accountant.reads(stage.say("teams.none"))
    assert MONTHLY not in await schedules(stage)
    await stage.mail(ACCOUNTANT, subject(stage, "ended"))


@pytest.mark.parametrize("stage", ["en"], indirect=True)
async def test_who_lost_his_phone_sets_up_another_after_the_operator_let_go_of_it(
    stage: Stage,
) -> None:
    async with stage.visitor(OWNER) as owner:
        await owner.signs_in()
        await owner.sets_up_an_app()
        assert [(one["email"], one["app"], one["sessions"]) for one in await people(stage)] == [
            (OWNER, True, 1)
        ]
        said = await asyncio.to_thread(stage.house.process, "people", "reset", OWNER)
        assert said.code == 0, said.err
        assert [(one["app"], one["sessions"]) for one in await people(stage)] == [(False, 0)]
        await stage.mail(OWNER, "Set up your second factor again")
        await owner.page.goto("/account")
        assert "/sign-in" in owner.page.url
        await owner.signs_in()
        await owner.sets_up_an_app()
        await owner.page.goto("/account")
        await owner.reads(stage.say("factor.app"))


async def people(stage: Stage) -> list[dict[str, object]]:
    """Who signs in, as `maild people list` says it."""
    said = await asyncio.to_thread(stage.house.process, "people", "list", "--json")
    assert said.code == 0, said.err
    return said.json()


async def schedules(stage: Stage) -> set[str]:
    """The names of what the clock has to do."""
    said = await asyncio.to_thread(stage.house.process, "schedule", "list", "--json")
    assert said.code == 0, said.err
    return {str(one["schedule"]) for one in said.json()}


def _documents(package: bytes) -> int:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        return sum(name.endswith(".pdf") for name in archive.namelist())
