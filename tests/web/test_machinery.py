"""What maild hangs on, as the operator sees it: connectors, mailboxes, consents, the clock, DNS."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from maild.config.settings import Account
from maild.model.run import RunState
from maild.store import connectors, marks, runs, trail
from maild.web.words import LANGUAGES, texts
from tests.web.conftest import OPERATOR, Site
from tests.web.test_operator import fill

Browsers = Callable[..., Any]


async def test_a_connector_that_rests_says_until_when_and_why(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    assert "nothing sent lately" in (await browser.get("/operator/connections")).text
    now = datetime.now(UTC)
    rest = connectors.Rest(now + timedelta(minutes=9), "535 <b>no</b>", cause="login")
    await pages.app.db.write(partial(connectors.pause, via="relay", now=now, rest=rest))
    page = (await browser.get("/operator/connections")).text
    assert "rests until" in page
    assert "535 &lt;b&gt;no" in page
    assert "see to username, password or consent" in page
    assert "535 &lt;b&gt;no" in (await browser.get("/operator")).text


async def test_the_schedule_shows_what_comes_and_a_period_is_run_or_passed_over_by_a_button(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    page = (await browser.get("/operator/schedule")).text
    soon = page.partition("</ol>")[0]
    assert "tidy" in soon
    assert soon.count("<li") >= 5
    day = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    asked = await browser.post("/operator/schedule/run", data={"schedule": "tidy", "period": day})
    assert asked.headers["location"] == "/operator/schedule"
    page = (await browser.get("/operator/schedule")).text
    assert re.search(rf'name="period" value="{day}"', page)
    await browser.post("/operator/schedule/skip", data={"schedule": "tidy", "period": day})
    [run] = await pages.app.db.read(partial(runs.of_schedule, schedule="tidy", limit=5))
    assert run.state is RunState.SKIPPED
    assert OPERATOR in run.result
    told = await pages.app.db.read(partial(trail.page, limit=2))
    assert [one.step.action for one in told] == ["schedule.skip", "schedule.run"]
    wrong = await browser.post("/operator/schedule/run", data={"schedule": "tidy", "period": "x"})
    assert wrong.status_code == 422
    unknown = await browser.post("/operator/schedule/run", data={"schedule": "none", "period": day})
    assert unknown.status_code == 404
    assert (await browser.post("/operator/schedule/burn")).status_code == 404


async def test_dns_is_asked_when_somebody_wants_it(pages: Site, browsers: Browsers) -> None:
    await fill(pages, "F-1")
    browser = await browsers(OPERATOR)
    page = (await browser.get("/operator/dns")).text
    assert "Look now" in page
    assert "acme.example" not in page


async def test_mailboxes_and_consents_have_their_lights(pages: Site) -> None:
    account = Account.model_validate(
        {
            "provider": "microsoft",
            "address": "inkoop@acme.example",
            "team": "acme",
            "client_id": "c",
        }
    )
    actions = replace(pages.app.actions, mailboxes=("inkoop",), accounts={"post": account})
    oversight = replace(pages.app.oversight, actions=actions)
    dead = {
        "state": "login_refused",
        "dead": True,
        "last_error": "AUTHENTICATE failed",
        "last_error_at": datetime.now(UTC).isoformat(),
    }
    nothing = dict.fromkeys(("last_login", "last_look", "last_message", "lag_seconds"))
    mark = nothing | {"folders": {}, "taken": {}} | dead
    now = datetime.now(UTC)
    await pages.app.db.write(partial(marks.put, name="mailbox.inkoop", value=mark, now=now))
    site = Site(replace(pages.app, oversight=oversight))
    async with aclosing(await site.signed_in(OPERATOR)) as browser:
        for path in ("/operator/connections", "/operator"):
            page = (await browser.get(path)).text
            assert "AUTHENTICATE failed" in page
            assert "maild connect microsoft acme" in page
            assert "nobody gave the consent yet" in page


@pytest.mark.parametrize("language", LANGUAGES)
async def test_everything_that_the_clock_does_has_words(pages: Site, language: str) -> None:
    known = texts(language)["clock"]
    found = {one["schedule"] for one in await pages.app.agenda.list() if not one["team"]}
    assert found | {"digest", "export"} == set(known)
