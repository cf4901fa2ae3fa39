"""How a team is connected, as its people see it; consents are given there, by whom they were asked."""

from __future__ import annotations

import asyncio
import html
import json
import re
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.app import App
from maild.intake.mailbox_health import shown
from maild.store import connectors, trail
from maild.store.connectors import Rest
from tests.promised import PROMISED
from tests.servers.identity import SCOPES, Identity
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, WEB, Site
from tests.web.test_today import in_trail, text_of

Browsers = Callable[..., Any]
PLACE = "/teams/acme/connections"
ADDRESS = "facturen@acme.example"


def table(name: str, **values: Any) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"\n[{name}]", *lines, ""])


@pytest.fixture
async def pages(tmp_path: Path, identity: Identity) -> AsyncIterator[Site]:
    """The site; Acme reads a Maildir and has an account by code and one by page."""
    head = "[team.acme.recipients]"
    own = PROMISED.replace(head, f'people = ["{OWNER}"]\n\n{head}')
    common = {"team": "acme", "address": ADDRESS, "scopes": SCOPES.split()}
    common |= identity.settings()
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "mail" / folder).mkdir(parents=True)
    config = tmp_path / "maild.toml"
    config.write_text(
        own
        + WEB
        + table("account.by-code", provider="microsoft", **common)
        + table("account.by-page", provider="google", **common)
        + table("account.others", provider="google", **(common | {"team": "other"}))
        + table("mailbox.acme-in", maildir="mail", team="acme")
        + table("mailbox.others-in", maildir="canary", team="other"),
        "utf-8",
    )
    async with App.opened(config) as app:
        yield Site(app)


async def standing(pages: Site, account: str) -> str:
    [one] = [x for x in (await pages.app.actions.status())["accounts"] if x["account"] == account]
    return str(one["state"])


async def test_everything_of_the_team_is_there_and_nothing_of_others(
    pages: Site, browsers: Browsers
) -> None:
    page = await text_of(await browsers(OWNER), PLACE)
    for one in ("acme@post.example", "acme-in", "relay", "Microsoft 365", "Google", "not read yet"):
        assert one in page
    assert "others" not in page


async def test_a_connector_that_rests_says_why(pages: Site, browsers: Browsers) -> None:
    now = pages.app.actions.now()
    rest = Rest(until=now.replace(year=now.year + 1), reason="535 5.7.8 bad login", cause="network")
    await pages.app.db.write(partial(connectors.pause, via="relay", rest=rest, now=now))
    page = await text_of(await browsers(OWNER), PLACE)
    assert "rests until" in page
    assert "Nothing to do: maild tries again by itself." in page
    assert "535 5.7.8 bad login" in page


async def test_a_mailbox_is_tested(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    answer = await browser.post(f"{PLACE}/mailboxes/acme-in")
    assert "INBOX: 0 messages" in answer.text
    before = await pages.app.db.read(partial(shown, name="acme-in", alive=False))
    assert before["state"] == "never_connected"
    assert (await browser.post(f"{PLACE}/mailboxes/others-in")).status_code == 404
    assert (await browser.post(f"{PLACE}/mailboxes/none")).status_code == 404


async def test_consent_by_a_page_is_asked_for_and_pasted_back(
    pages: Site, browsers: Browsers, identity: Identity
) -> None:
    browser = await browsers(OWNER)
    assert (await browser.post(f"{PLACE}/accounts/by-page/ask")).status_code == 303
    asked = re.search(rf'href="({re.escape(identity.url)}[^"]+)"', (await browser.get(PLACE)).text)
    assert asked
    pasted = identity.approve(html.unescape(asked[1]), ADDRESS)
    answer = await browser.post(f"{PLACE}/accounts/by-page/answer", data={"pasted": pasted})
    assert answer.headers["location"] == f"{PLACE}?done=by-page", answer.text
    assert await standing(pages, "by-page") == "good"
    assert (OWNER, "account.connected", "by-page") in await in_trail(pages)
    assert "by-page is connected" in await text_of(browser, answer.headers["location"])


async def test_an_answer_is_taken_only_where_it_was_asked_for(
    pages: Site, browsers: Browsers, identity: Identity
) -> None:
    browser, another = await browsers(OWNER), await browsers(OWNER)
    await browser.post(f"{PLACE}/accounts/by-page/ask")
    asked = re.search(rf'href="({re.escape(identity.url)}[^"]+)"', (await browser.get(PLACE)).text)
    assert asked
    pasted = identity.approve(html.unescape(asked[1]), ADDRESS)
    form = {"pasted": pasted}
    wrong = await another.post(f"{PLACE}/accounts/by-page/answer", data=form)
    assert wrong.status_code == 404
    forged = {"pasted": re.sub(r"state=[^&]+", "state=forged", pasted)}
    told = await browser.post(f"{PLACE}/accounts/by-page/answer", data=forged)
    assert told.status_code == 422
    assert await standing(pages, "by-page") == "needs_consent"


async def test_consent_by_a_code_is_there_when_the_code_was_typed_in(
    pages: Site, browsers: Browsers, identity: Identity
) -> None:
    browser = await browsers(OWNER)
    assert (await browser.post(f"{PLACE}/accounts/by-code/ask")).status_code == 303
    page = await text_of(browser, PLACE)
    code = re.search(r'<strong class="code">([^<]+)</strong>', page)
    assert code
    identity.approve_device(code[1], ADDRESS)
    async with asyncio.timeout(30):
        while await standing(pages, "by-code") != "good":
            await asyncio.sleep(0.1)
    assert (OWNER, "account.asked", "by-code") in await in_trail(pages)


@pytest.mark.parametrize("who", [OTHER_OWNER, ACCOUNTANT])
async def test_connections_of_others_do_not_exist(
    pages: Site, browsers: Browsers, who: str
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    browser = await browsers(who)
    answers = [await browser.get(PLACE)]
    for path in ("mailboxes/acme-in", "accounts/by-page/ask", "accounts/by-page/answer"):
        answers += [
            await browser.post(f"{PLACE}/{path}"),
            await browser.post(f"/teams/other/connections/{path}"),
        ]
    answers.append(await browser.post(f"{PLACE}/codabox/relay"))
    assert {one.status_code for one in answers} == {404}
    kept = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert not any(one.step.action.startswith("account.") for one in kept)
