"""Packages on the pages of a team's own people: one by hand, those that were made, those that are owed."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.app import App
from maild.model.document import Kind
from maild.partners.exporting import AN_HOUR
from maild.store import documents
from tests.promised import PROMISED
from tests.web.conftest import ACCOUNTANT, OPERATOR, OTHER_OWNER, OWNER, WEB, Site
from tests.web.test_today import hand_in, in_trail, of, text_of

Browsers = Callable[..., Any]
EXPORTS = "/teams/acme/exports"
MONTHLY = '[[team.acme.exports]]\nname = "monthly"\nto = ["accountant"]\n\n'


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Site]:
    """The site, with a package of Acme each month."""
    head = "[team.acme.recipients]"
    config = tmp_path / "maild.toml"
    own = PROMISED.replace(head, f'people = ["{OWNER}"]\n\n{head}')
    config.write_text(own + MONTHLY + WEB, "utf-8")
    async with App.opened(config) as app:
        yield Site(app)


async def packages(pages: Site) -> list[str]:
    found = await pages.app.db.read(partial(documents.find, kind=Kind.EXPORT.value))
    return [one.id for one in found]


async def test_a_package_is_sent_to_who_is_chosen_and_listed(
    pages: Site, browsers: Browsers
) -> None:
    await hand_in(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(OWNER)
    assert "No package has been sent yet." in await text_of(browser, EXPORTS)
    answer = await browser.post(EXPORTS, data={"period": "2026-10", "to": "accountant"})
    [made] = await packages(pages)
    assert answer.headers["location"] == f"/documents/{made}"
    assert [one.recipient for one in await of(pages, made)] == ["accountant"]
    page = await text_of(browser, EXPORTS)
    assert "acme_2026-10.zip" in page
    assert any(action == "package.sent" for _, action, _ in await in_trail(pages))


async def test_a_schedule_is_shown_with_its_next_time(pages: Site, browsers: Browsers) -> None:
    page = await text_of(await browsers(OWNER), EXPORTS)
    assert "monthly" in page
    assert "month + 5 days 07:00" in page


async def test_a_period_of_a_schedule_is_made_now_when_it_is_asked_for(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    answer = await browser.post(f"{EXPORTS}/monthly/run", data={"period": "2026-09"})
    assert answer.headers["location"] == EXPORTS
    shown = await pages.app.agenda.show("acme/monthly")
    assert [(one["period"], one["state"]) for one in shown["runs"]] == [("2026-09", "due")]
    assert (OWNER, "schedule.run", "acme") in await in_trail(pages)
    for name, period in (("nothing", "2026-09"), ("monthly", "soon"), ("monthly", "2999-01")):
        wrong = await browser.post(f"{EXPORTS}/{name}/run", data={"period": period})
        assert wrong.status_code in {404, 422}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"period": "2026-10"}, "choose at least one recipient"),
        ({"period": "2026-10", "to": "nobody"}, '"nobody" is no recipient'),
        ({"period": "2026-10", "to": "books"}, "takes no packages"),
        ({"period": "<i>soon", "to": "accountant"}, "<i>soon"),
        ({"period": "2020-01", "to": "accountant"}, "there is nothing in 2020-01"),
    ],
)
async def test_what_cannot_be_sent_is_told_and_nothing_is_made(
    pages: Site, browsers: Browsers, form: dict[str, str], said: str
) -> None:
    await hand_in(pages, "F-1", issued_on=date(2026, 10, 1))
    answer = await (await browsers(OWNER)).post(EXPORTS, data=form)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert "<i>soon" not in answer.text
    assert await packages(pages) == []


async def test_an_hour_has_room_for_so_many_packages(pages: Site, browsers: Browsers) -> None:
    await hand_in(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(OWNER)
    form = {"period": "2026-10", "to": "accountant"}
    answers = [(await browser.post(EXPORTS, data=form)).status_code for _ in range(AN_HOUR + 1)]
    assert answers == [303] * AN_HOUR + [422]


@pytest.mark.parametrize("who", [OTHER_OWNER, ACCOUNTANT])
async def test_packages_of_others_do_not_exist(pages: Site, browsers: Browsers, who: str) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await hand_in(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(who)
    form = {"period": "2026-10", "to": "accountant"}
    answers = [
        await browser.get(EXPORTS),
        await browser.post(EXPORTS, data=form),
        await browser.post(f"{EXPORTS}/monthly/run", data={"period": "2026-09"}),
    ]
    assert {one.status_code for one in answers} == {404}
    assert await packages(pages) == []


async def test_periods_show_which_packages_were_made(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    page = await text_of(browser, EXPORTS)
    assert page.count("to come") >= 2  # the cell, and the words below
    await browser.post(f"{EXPORTS}/monthly/run", data={"period": "2026-09"})
    page = await text_of(browser, EXPORTS)
    assert 'title="September 2026: being made' in page


async def test_the_operator_sees_the_periods_of_every_team(pages: Site, browsers: Browsers) -> None:
    page = await text_of(await browsers(OPERATOR), "/operator/schedule")
    assert 'acme <span class="of">monthly</span>' in page
    assert 'href="/documents/' not in page
