"""Bought documents that wait for an accountant's yes or no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest

from maild.model.access import Right
from maild.store import documents, trail
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_party
from tests.web.conftest import ACCOUNTANT, OWNER, Site, an_invoice

Browsers = Callable[..., Any]


async def fill_waiting(pages: Site, number: str = "INK-1", *, bought: bool = True) -> str:
    """Two documents of one number with other content: the second waits; its id."""
    sides: dict[str, Any] = {
        "seller": a_party("Kantoorbedarf", "0403170701"),
        "buyer": a_party("Acme BV", "0123456749"),
    }
    for day in (1, 2):
        said: dict[str, Any] = {"number": number, "issued_on": date(2026, 10, day)}
        content = ubl.write(a_bill(**said, **sides)) if bought else an_invoice(**said)
        sent = await pages.app.actions.send([("in.xml", content)], team="acme", tag=None)
    return str(sent["documents"][0]["id"])


async def review_of(pages: Site, id_: str) -> str | None:
    return (await pages.app.db.read(partial(documents.get, id=id_))).review


@pytest.mark.parametrize("verdict", ["confirmed", "rejected"])
async def test_an_accountant_decides_about_a_purchase_that_waits(
    pages: Site, browsers: Browsers, verdict: str
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    mine = await fill_waiting(pages)
    browser = await browsers(ACCOUNTANT)
    listed = await browser.get("/teams/acme/documents?period=2026-Q4")
    assert "1 purchase waits for a decision" in listed.text
    page = await browser.get("/teams/acme/waiting")
    assert "INK-1" in page.text
    assert "same number, other content" in page.text
    decision = f"/documents/{mine}/decision"
    assert decision in (await browser.get(f"/documents/{mine}")).text
    answer = await browser.post(decision, data={"verdict": verdict})
    assert answer.headers["location"] == f"/teams/acme/waiting?done={verdict}"
    assert await review_of(pages, mine) == verdict
    assert "Nothing waits for you" in (await browser.get("/teams/acme/waiting")).text
    assert decision not in (await browser.get(f"/documents/{mine}")).text
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert (ACCOUNTANT, f"document.{verdict}", mine) in {
        (one.step.actor, one.step.action, one.step.object) for one in steps
    }
    assert (await browser.post(decision, data={"verdict": verdict})).status_code == 422


async def test_who_sees_no_purchases_decides_about_none(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT, Right.SALES, Right.EXPORT, Right.AUTO)
    mine = await fill_waiting(pages)
    browser = await browsers(ACCOUNTANT)
    assert (await browser.get("/teams/acme/waiting")).status_code == 404
    answer = await browser.post(f"/documents/{mine}/decision", data={"verdict": "confirmed"})
    assert answer.status_code == 404
    assert await review_of(pages, mine) == "waiting"


async def test_what_is_sold_is_not_the_accountants_to_decide(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    mine = await fill_waiting(pages, "F-1", bought=False)
    browser = await browsers(ACCOUNTANT)
    assert "F-1" not in (await browser.get("/teams/acme/waiting")).text
    assert "/decision" not in (await browser.get(f"/documents/{mine}")).text
    answer = await browser.post(f"/documents/{mine}/decision", data={"verdict": "confirmed"})
    assert answer.status_code == 404
    assert await review_of(pages, mine) == "waiting"


async def test_a_link_that_ended_decides_nothing(pages: Site, browsers: Browsers) -> None:
    link = await pages.linked("acme", ACCOUNTANT)
    mine = await fill_waiting(pages)
    browser, owner = await browsers(ACCOUNTANT), await browsers(OWNER)
    await owner.post(f"/links/{link}/end")
    answer = await browser.post(f"/documents/{mine}/decision", data={"verdict": "confirmed"})
    assert answer.status_code == 404
    assert await review_of(pages, mine) == "waiting"


async def test_an_answer_that_is_none_changes_nothing(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    mine = await fill_waiting(pages)
    browser = await browsers(ACCOUNTANT)
    for verdict in ("", "waiting", "CONFIRMED"):
        answer = await browser.post(f"/documents/{mine}/decision", data={"verdict": verdict})
        assert answer.status_code == 404
    assert await review_of(pages, mine) == "waiting"
