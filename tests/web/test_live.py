"""A team in shadow mode sees what would have gone, and goes live by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.app import App
from maild.model.delivery import HoldCode, Purpose, State
from maild.store import deliveries
from tests.promised import PROMISED
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, WEB, Site
from tests.web.test_today import hand_in, in_trail, of, text_of

Browsers = Callable[..., Any]
LIVE = "/teams/acme/live"


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Site]:
    """The site, with Acme in shadow mode."""
    head = "[team.acme.recipients]"
    config = tmp_path / "maild.toml"
    own = PROMISED.replace(head, f'people = ["{OWNER}"]\nmode = "shadow"\n\n{head}')
    config.write_text(own + WEB, "utf-8")
    async with App.opened(config) as app:
        yield Site(app)


async def test_the_first_page_tells_of_shadow_mode(pages: Site, browsers: Browsers) -> None:
    page = await text_of(await browsers(OWNER))
    assert "in shadow mode" in page
    assert f'href="{LIVE}"' in page


async def test_what_would_have_gone_is_shown_and_stays_when_only_new_mail_is_to_go(
    pages: Site, browsers: Browsers
) -> None:
    id_ = await hand_in(pages, "F-1")
    browser = await browsers(OWNER)
    page = await text_of(browser, LIVE)
    assert "F-1" in page
    assert "an@kantoor.example" in page
    answer = await browser.post(LIVE, data={"send": "nothing", "since": "2020-01-01"})
    assert answer.headers["location"] == f"{LIVE}?released=0"
    assert {one.hold_code for one in await of(pages, id_)} == {HoldCode.SHADOW}
    after = await hand_in(pages, "F-2")
    assert {one.state for one in await of(pages, after)} == {State.QUEUED}
    assert "This company is live" in await text_of(browser, LIVE)
    assert (OWNER, "team.went_live", "acme") in await in_trail(pages)


async def test_an_invitation_is_mailed_all_the_same(pages: Site, browsers: Browsers) -> None:
    await hand_in(pages, "F-1")
    form = {"team": "acme", "email": ACCOUNTANT, "sales": "1"}
    assert (await (await browsers(OWNER)).post("/links", data=form)).status_code == 303
    found = await pages.app.db.read(partial(deliveries.find, team="acme", limit=100))
    assert {one.state for one in found if one.purpose is Purpose.NOTICE} == {State.QUEUED}
    assert {one.state for one in found if one.purpose is Purpose.DOCUMENT} == {State.HELD}


async def test_what_waited_goes_from_a_day_on(pages: Site, browsers: Browsers) -> None:
    id_ = await hand_in(pages, "F-1")
    tomorrow = (pages.app.actions.now() + timedelta(days=2)).date().isoformat()
    browser = await browsers(OWNER)
    for day, state in ((tomorrow, State.HELD), ("2026-01-01", State.QUEUED)):
        answer = await browser.post(LIVE, data={"send": "since", "since": day})
        assert answer.status_code == 303
        assert {one.state for one in await of(pages, id_)} == {state}


async def test_a_day_that_is_none_is_told_and_changes_nothing(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    answer = await browser.post(LIVE, data={"send": "since", "since": "<b>yesterday"})
    assert answer.status_code == 422
    assert "That is no day." in answer.text
    assert "<b>yesterday" not in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "in shadow mode" in await text_of(browser)


@pytest.mark.parametrize("who", [OTHER_OWNER, ACCOUNTANT])
async def test_nobody_else_makes_a_team_live(pages: Site, browsers: Browsers, who: str) -> None:
    await pages.linked("acme", ACCOUNTANT)
    id_ = await hand_in(pages, "F-1")
    browser = await browsers(who)
    assert (await browser.get(LIVE)).status_code == 404
    assert (await browser.post(LIVE, data={"send": "nothing"})).status_code == 404
    assert {one.hold_code for one in await of(pages, id_)} == {HoldCode.SHADOW}
    after = await hand_in(pages, "F-2")
    assert {one.hold_code for one in await of(pages, after)} == {HoldCode.SHADOW}
