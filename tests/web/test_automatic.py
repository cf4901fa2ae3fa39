"""Automatic exports: tried, switched on, done like the team's own, and ended with all that was to come."""

from __future__ import annotations

import html
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from maild import teams
from maild.errors import UserError
from maild.model.access import Right
from maild.model.delivery import Delivery, Purpose, State
from maild.model.document import Kind
from maild.model.run import Run, RunState
from maild.store import deliveries, documents, runs, trail
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_party
from tests.web.conftest import OTHER_OWNER, OWNER, Site
from tests.web.test_documents import BOUGHT, fill, fill_bought

Browsers = Callable[..., Any]
JAN = "jan@bureau.example"
PAGE = "/teams/acme/automatic"
MONTH = "acme/kantoor-month"
ALL = ["invoice", "credit_note", "purchase_invoice", "purchase_credit_note"]


async def switch_on(browser: Any, often: str = "month", **said: Any) -> Any:
    return await browser.post(PAGE, data={"kind": ALL, "often": often} | said)


def a_run(period: str, *, due_at: datetime) -> Run:
    return Run(MONTH, period, RunState.DUE, due_at, due_at, not_before=due_at, work="export")


async def owed(pages: Site, period: str) -> Run:
    """The run of a period that is due now, claimed."""
    now = pages.app.actions.now()
    await pages.app.db.write(partial(runs.add, run=a_run(period, due_at=now)))
    until = now + timedelta(hours=1)
    claim = partial(runs.claim, works=["export"], now=now, owner="me", until=until)
    claimed = await pages.app.db.write(claim)
    assert claimed is not None
    return claimed


async def to_jan(pages: Site, *, purpose: Purpose = Purpose.DOCUMENT) -> list[Delivery]:
    found = await pages.app.db.read(partial(deliveries.find, limit=200))
    return [one for one in found if one.address == JAN and one.purpose is purpose]


async def package(pages: Site) -> dict[str, Any]:
    """The index of the newest package that was filed."""
    found = await pages.app.db.read(partial(documents.find, kind=Kind.EXPORT.value))
    content = await pages.app.blobs.read(found[0].files[0].sha256)
    index: dict[str, Any] = json.loads(
        zipfile.ZipFile(io.BytesIO(content)).read("index.json").decode()
    )
    return index


async def test_what_is_switched_on_is_a_schedule_like_the_teams_own(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN)
    browser = await browsers(JAN)
    answer = await switch_on(browser)
    assert answer.headers["location"] == f"{PAGE}?done=on"
    shown = (await browser.get(PAGE)).text
    assert "One package a month" in shown
    schedules = {one["schedule"] for one in await pages.app.agenda.list(team="acme")}
    assert MONTH in schedules
    assert "✓ on" in (await browser.get("/teams")).text
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert steps[0].step.action == "automatic.on"
    assert JAN in steps[0].step.detail


async def test_the_teams_people_are_told_and_may_end_it(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", JAN)
    await switch_on(await browsers(JAN))
    found = await pages.app.db.read(partial(deliveries.find, limit=200))
    told = [one for one in found if one.address == OWNER and one.letter]
    assert told[0].letter
    assert "automatische export" in told[0].letter.text
    owner = await browsers(OWNER)
    shown = (await owner.get(PAGE)).text
    assert JAN in shown
    [one] = pages.app.shelf._automatic
    assert (await owner.post(f"{PAGE}/{one.id}/end")).status_code == 303
    assert pages.app.book.team("acme").exports == ()
    assert "Nothing is on yet" in (await owner.get(PAGE)).text
    assert "ended" in (await to_jan(pages, purpose=Purpose.NOTICE))[0].letter.subject  # type: ignore[union-attr]


async def test_trying_says_how_many_would_have_gone_and_sends_none(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN)
    today = pages.app.actions.now().date()
    last = today.replace(day=1) - timedelta(days=1)
    await fill(pages, "F-1", "F-2", issued_on=last)
    await fill(pages, "F-3", issued_on=today)
    browser = await browsers(JAN)
    # Sales of which nothing was handed over are counted as well: the package would hold them.
    shown = html.unescape((await switch_on(browser, do="try")).text)
    assert "2 documents would have been sent" in shown
    assert pages.app.book.team("acme").exports == ()
    assert await to_jan(pages) == []


async def test_each_document_goes_by_a_rule_that_its_trace_shows(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN)
    await switch_on(await browsers(JAN), "document")
    [mine] = await fill(pages, "F-1")
    assert [one.document for one in await to_jan(pages)] == [mine]
    shown = await pages.app.records.show(mine)
    hits = [one["rule"] for one in shown["trace"] if one["hit"]]
    assert hits[0] == "switched on by Kantoor"
    assert len(hits) == 2, "the team's own rule decides as before"


async def test_a_package_is_sent_once_and_once_more_when_asked(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN)
    await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(JAN)
    await switch_on(browser)
    await pages.app.exports.run(await owed(pages, "2026-10"))
    [first] = await to_jan(pages)
    assert first.recipient == "kantoor-month"
    assert [one["number"] for one in (await package(pages))["documents"]] == ["F-1"]
    shown = (await browser.get(PAGE)).text
    assert "October 2026" in shown
    [one] = pages.app.shelf._automatic
    await pages.app.actions.act("cancel", first.id)
    again = await browser.post(f"{PAGE}/{one.id}/again", data={"period": "2026-10"})
    assert again.headers["location"] == f"{PAGE}?done=again"
    assert len(await to_jan(pages)) == 2
    never = await browser.post(f"{PAGE}/{one.id}/again", data={"period": "2026-09"})
    assert never.status_code == 404


async def test_a_link_for_sales_gets_no_purchases_and_no_word_of_them(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN, Right.SALES, Right.AUTO)
    browser = await browsers(JAN)
    assert "Purchase" not in (await browser.get(PAGE)).text
    await switch_on(browser)
    await switch_on(browser, "document")
    await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    await fill_bought(pages)
    assert len(await to_jan(pages)) == 1
    await pages.app.exports.run(await owed(pages, "2026-10"))
    index = await package(pages)
    assert [one["number"] for one in index["documents"]] == ["F-1"]
    assert index["left_out"] == []
    assert BOUGHT not in json.dumps(index)
    only_bought = await browser.post(PAGE, data={"kind": "purchase_invoice", "often": "week"})
    assert only_bought.status_code == 422


@pytest.mark.parametrize("by", ["owner", "accountant"])
async def test_with_the_link_ends_all_that_was_to_come(
    pages: Site, browsers: Browsers, by: str
) -> None:
    link = await pages.linked("acme", JAN)
    mine = await browsers(JAN)
    await switch_on(mine)
    await switch_on(mine, "document")
    await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    claimed = await owed(pages, "2026-10")
    now = pages.app.actions.now()
    await pages.app.db.write(partial(runs.add, run=a_run("2026-09", due_at=now)))
    browser = await browsers(OWNER) if by == "owner" else mine
    assert (await browser.post(f"/links/{link}/end")).status_code == 303
    assert {one.state for one in await to_jan(pages)} == {State.CANCELLED}
    assert all(one["schedule"] != MONTH for one in await pages.app.agenda.list(team="acme"))
    ended = await pages.app.db.read(partial(runs.get, schedule=MONTH, period="2026-09"))
    assert ended
    assert ended.state is RunState.SKIPPED
    with pytest.raises(UserError, match="no export"):
        await pages.app.exports.run(claimed)
    await fill(pages, "F-2")
    assert len(await to_jan(pages)) == 1
    assert (await mine.get(PAGE)).status_code == 404


async def test_who_has_no_right_to_it_finds_no_such_page(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", JAN, Right.SALES, Right.PURCHASE, Right.EXPORT)
    browser, other = await browsers(JAN), await browsers(OTHER_OWNER)
    for one in (browser, other):
        assert (await one.get(PAGE)).status_code == 404
        assert (await switch_on(one)).status_code == 404
    assert pages.app.shelf._automatic == ()


async def test_another_office_neither_sees_nor_ends_it(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", JAN)
    await pages.linked("acme", "eva@ander.example")
    mine, other = await browsers(JAN), await browsers("eva@ander.example")
    await switch_on(mine)
    [one] = pages.app.shelf._automatic
    assert JAN not in (await other.get(PAGE)).text
    assert (await other.post(f"{PAGE}/{one.id}/end")).status_code == 404
    assert (await mine.post(f"/teams/other/automatic/{one.id}/end")).status_code == 404
    await switch_on(other)
    assert {one.name for one in pages.app.shelf._automatic} == {"kantoor-month", "kantoor-month-2"}


async def test_the_same_twice_is_refused_in_words(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", JAN)
    await pages.linked("acme", "an@kantoor.example")
    mine, an = await browsers(JAN), await browsers("an@kantoor.example")
    await switch_on(mine)
    again = await switch_on(mine)
    assert again.status_code == 422
    assert f"{JAN} gets that already" in again.text
    by_rules = await switch_on(an, "document")
    assert "by its own rules already" in by_rules.text
    assert (await switch_on(an)).status_code == 303


async def test_a_reload_of_the_configuration_keeps_it(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", JAN)
    await switch_on(await browsers(JAN))
    changed, _ = pages.app.reload()
    assert changed == []
    assert [one.name for one in pages.app.book.team("acme").exports] == ["kantoor-month"]
    checked = teams.check(pages.app.config_path)
    without = replace(checked, teams=tuple(t for t in checked.teams if t.slug != "acme"))
    pages.app.shelf.reload(without)
    assert [one.slug for one in pages.app.book.teams] == ["other"]


async def test_packages_from_a_day_on_leave_out_what_is_older(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", JAN)
    await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    bill = a_bill(
        number="F-2", issued_on=date(2026, 10, 20), buyer=a_party("Beta NV", "0403170701")
    )
    await pages.app.actions.send([("a.xml", ubl.write(bill))], team="acme", tag=None)
    await switch_on(await browsers(JAN), since="2026-10-15")
    await pages.app.exports.run(await owed(pages, "2026-10"))
    assert [one["number"] for one in (await package(pages))["documents"]] == ["F-2"]
