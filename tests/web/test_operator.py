"""The operator's pages: how everything is, what needs a person, what came and what leaves."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake.desk import Submission
from maild.model.delivery import HoldCode, Outcome, State
from maild.reading.wrap import wrap
from maild.store import deliveries, trail
from maild.store.attempts import Settled
from maild.store.leases import claim_one
from maild.web.site import PAGES
from tests.builders_pdf import a_pdf
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER, Site, an_invoice

Browsers = Callable[..., Any]
REPLY = "550 5.7.515 <script>sending domain</script> not aligned"


async def fill(pages: Site, *numbers: str, team: str = "acme", days_ago: float = 0) -> list[str]:
    """Hand invoices in, so long ago; their ids."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    found = []
    tag = None if team == "acme" else "purchase"
    for one in numbers:
        raw = wrap([(f"{one}.xml", an_invoice(one))])
        taken = await pages.app.desk.accept(
            Submission(team, "smtp", raw, at, sender="shop@acme.example", tag=tag)
        )
        found += [each.document.id for each in taken.filed]
    return found


async def refuse(pages: Site, document: str) -> str:
    """Let the first delivery of a document be refused; its id."""
    now = datetime.now(UTC)
    [first, *_] = await pages.app.db.read(partial(deliveries.of_document, document=document))

    def write(tx: Any) -> None:
        lease = now + timedelta(minutes=5)
        mine = claim_one(tx, id=first.id, owner="test", now=now, lease_until=lease)
        assert mine
        deliveries.begin(tx, mine, message="0" * 64, now=now)
        settled = Settled(State.FAILED, Outcome.REFUSED, now, reply=REPLY, reason=REPLY)
        deliveries.settle(tx, mine, settled)

    await pages.app.db.write(write)
    return first.id


def tile(page: str, words: str) -> str:
    """The number of a tile."""
    found = re.search(rf"<strong>([^<]+)</strong>\s*{words}", page)
    assert found, words
    return found[1]


@pytest.mark.parametrize("who", ["", OWNER, ACCOUNTANT], ids=["nobody", "owner", "accountant"])
async def test_these_pages_are_the_operators_alone(
    pages: Site, browsers: Browsers, who: str
) -> None:
    [mine] = await fill(pages, "CANARY-1")
    if who == ACCOUNTANT:
        await pages.linked("acme", ACCOUNTANT)
    browser = await browsers(who)
    theirs = [one for one in PAGES if one.path.startswith("/operator")]
    assert len(theirs) > 5
    for one in theirs:
        path = one.path.format(id=mine, verb="cancel", name="tidy", period="2026-01")
        answer = await browser.request(one.method, path)
        assert "CANARY" not in answer.text
        away = not who and one.method == "GET"
        assert answer.status_code == (303 if away else 404), path


async def test_today_counts_what_came_and_what_became_of_it(
    pages: Site, browsers: Browsers
) -> None:
    [first, *_] = await fill(pages, "F-1", "F-2", "F-3")
    await fill(pages, "F-4", days_ago=3)
    await fill(pages, "F-5", days_ago=40)
    await refuse(pages, first)
    nothing = Submission("acme", "smtp", b"Subject: x\r\n\r\nx", datetime.now(UTC))
    with pytest.raises(DocumentError):
        await pages.app.desk.accept(nothing)
    page = (await (await browsers(OPERATOR)).get("/operator")).text
    assert tile(page, "came in today") == "3"
    assert tile(page, "refused in 30 days") == "1"
    assert tile(page, "turned away at the door today") == "1"
    assert page.count("<rect class") == len(re.findall(r'<rect class="\w+"', page))
    rows = re.findall(r'<tr><th scope="row" class="date">.*?</tr>', page)
    assert len(rows) == 30
    assert re.findall(r'class="sum">(\d+)<', rows[0]) == ["3", "0", "5", "1", "1"]
    assert re.findall(r'class="sum">(\d+)<', rows[3]) == ["1", "0", "2", "0", "0"]


async def test_what_was_refused_is_told_in_its_own_words_and_tried_again_by_a_button(
    pages: Site, browsers: Browsers
) -> None:
    [mine] = await fill(pages, "F-1")
    refused = await refuse(pages, mine)
    browser = await browsers(OPERATOR)
    page = (await browser.get("/operator")).text
    assert html.escape(REPLY) in page
    assert "<script>sending" not in page
    assert "Nothing. Everything goes by itself." not in page
    answer = await browser.post(f"/operator/out/{refused}/retry", data={"back": "/operator/out"})
    assert answer.headers["location"] == "/operator/out"
    again = await pages.app.db.read(partial(deliveries.get, id=refused))
    assert again.state is State.QUEUED
    [step, *_] = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert (step.step.actor, step.step.action) == (OPERATOR, "delivery.retry")
    assert "tried a delivery again" in (await browser.get("/operator/trail")).text


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/operator\r\nx: y", "/operatorx", ""]
)
async def test_a_button_leads_nowhere_else(pages: Site, browsers: Browsers, back: str) -> None:
    await fill(pages, "F-1")
    [one, *_] = await pages.app.db.read(partial(deliveries.find, team="acme"))
    browser = await browsers(OPERATOR)
    answer = await browser.post(f"/operator/out/{one.id}/hold", data={"back": back})
    assert answer.headers["location"] == "/operator"


async def test_a_button_of_another_state_says_why_it_does_nothing(
    pages: Site, browsers: Browsers
) -> None:
    await fill(pages, "F-1")
    [one, *_] = await pages.app.db.read(partial(deliveries.find, team="acme"))
    browser = await browsers(OPERATOR)
    answer = await browser.post(f"/operator/out/{one.id}/release")
    assert answer.status_code == 422
    assert "only held deliveries can be released" in answer.text
    assert (await browser.post(f"/operator/out/{one.id}/burn")).status_code == 404
    assert (await browser.post("/operator/out/v-0/retry")).status_code == 404


@pytest.mark.parametrize("code", [HoldCode.FIGURES, HoldCode.NEW_ACCOUNT, HoldCode.REVIEW])
async def test_what_a_verdict_ends_has_no_button_that_lets_it_go(
    pages: Site, browsers: Browsers, code: HoldCode
) -> None:
    await fill(pages, "F-1")
    [one, *_] = await pages.app.db.read(partial(deliveries.find, team="acme"))
    held = partial(
        deliveries.hold, id=one.id, now=pages.app.actions.now(), reason="look", code=code
    )
    await pages.app.db.write(held)
    page = (await (await browsers(OPERATOR)).get("/operator/out?group=held")).text
    assert f"/operator/out/{one.id}/cancel" in page
    assert f"/operator/out/{one.id}/release" not in page


async def test_what_leaves_is_listed_by_state_and_team_a_page_at_a_time(
    pages: Site, browsers: Browsers
) -> None:
    numbers = [f"F-{n:03}" for n in range(40)]
    first = await fill(pages, *numbers)
    await fill(pages, "OTHER-1", team="other")
    await refuse(pages, first[0])
    browser = await browsers(OPERATOR)
    seen: list[str] = []
    at = "/operator/out?state=waiting&team=acme"
    while at:
        page = (await browser.get(at)).text
        assert "OTHER-1" not in page.partition("<tbody>")[2]
        seen += re.findall(r"/operator/out/(v-\w+)/retry", page)
        more = re.search(r'href="([^"]*after=[^"]*)"', page)
        at = html.unescape(more[1]) if more else ""
    assert len(seen) == len(set(seen)) == 79
    assert seen == sorted(seen, reverse=True)
    failed = (await browser.get("/operator/out?state=failed")).text
    assert re.findall(r"/operator/documents/(d-\w+)", failed) == [first[0]]
    assert (await browser.get("/operator/out?state=burned")).status_code == 404


async def test_what_came_in_is_listed_with_what_was_turned_away_between(
    pages: Site, browsers: Browsers
) -> None:
    await fill(pages, *(f"F-{n:03}" for n in range(30)))
    nothing = Submission("acme", "smtp", b"Subject: CAT\r\n\r\nx", datetime.now(UTC))
    with pytest.raises(DocumentError):
        await pages.app.desk.accept(nothing)
    await fill(pages, "F-000", *(f"G-{n:03}" for n in range(30)))
    browser = await browsers(OPERATOR)
    told: list[str] = []
    at = "/operator/in"
    while at:
        page = (await browser.get(at)).text
        told += re.findall(r"[FG]-\d{3}(?=<)|(?<=>)CAT(?=<)", page.partition("<tbody>")[2])
        more = re.search(r'href="([^"]*after=[^"]*)"', page)
        at = html.unescape(more[1]) if more else ""
    again = [f"G-{n:03}" for n in reversed(range(30))] + ["F-000"]
    assert told == [*again, "CAT", *(f"F-{n:03}" for n in reversed(range(30)))]
    refused = (await browser.get("/operator/in?refused=1")).text
    assert "CAT" in refused
    assert "Invoice" not in refused.partition("<tbody>")[2]


async def test_a_document_tells_who_got_it_and_why_and_goes_once_more(
    pages: Site, browsers: Browsers
) -> None:
    [mine] = await fill(pages, "F-1")
    browser = await browsers(OPERATOR)
    page = (await browser.get(f"/operator/documents/{mine}")).text
    assert "invoices and credit notes to the accountant and into the books" in page
    assert "an@kantoor.example" in page
    assert "quotes to the owner" in page
    answer = await browser.post(f"/operator/documents/{mine}/resend")
    assert answer.status_code == 422  # it is still on its way
    assert (await browser.get("/operator/documents/d-0")).status_code == 404


async def test_a_document_that_no_rule_sends_is_told(pages: Site, browsers: Browsers) -> None:
    files = [("conditions.pdf", a_pdf(["Terms"]))]
    sent = await pages.app.actions.send(files, team="acme", tag="other")
    [mine] = [one["id"] for one in sent["documents"]]
    await fill(pages, "F-1")
    page = (await (await browsers(OPERATOR)).get("/operator")).text
    assert tile(page, "without a rule in 7 days") == "1"
    assert f"/operator/documents/{mine}" in page


async def test_a_trail_that_was_changed_is_found(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OPERATOR)
    assert "Every line is as it was written" in (await browser.get("/operator/trail?check=1")).text
    page = await browser.get("/operator/trail?before=x")
    assert "signed in" in page.text
