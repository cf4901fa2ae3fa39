"""The documents of a team, as an accountant looks through them, and what he must not see."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from maild.model.access import Right
from maild.store import trail
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_credit_note, a_party
from tests.builders_pdf import a_pdf
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, Site, an_invoice

Browsers = Callable[..., Any]
BOUGHT = "INK-77"


async def fill(pages: Site, *numbers: str, **said: Any) -> list[str]:
    """Hand invoices of Acme in; their ids."""
    files = [(f"{one}.xml", an_invoice(one, **said)) for one in numbers]
    sent = await pages.app.actions.send(files, team="acme", tag=None)
    return [one["id"] for one in sent["documents"]]


async def fill_bought(pages: Site) -> str:
    bill = a_bill(
        number=BOUGHT,
        issued_on=date(2026, 10, 5),
        seller=a_party("Kantoorbedarf Antwerpen", "0403170701"),
        buyer=a_party("Acme BV", "0123456749"),
    )
    sent = await pages.app.actions.send([("in.xml", ubl.write(bill))], team="acme", tag=None)
    return str(sent["documents"][0]["id"])


def shown(page: str) -> list[str]:
    """The numbers in the rows of a list."""
    return [
        html.unescape(one)
        for one in re.findall(r'scope="row"><a href="/documents/[^"]+">([^<]+)<', page)
    ]


async def test_a_list_holds_the_period_of_its_address_the_latest_first(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    for n, day in enumerate((date(2026, 9, 30), date(2026, 10, 1), date(2026, 12, 31))):
        await fill(pages, f"F-{n}", issued_on=day)
    browser = await browsers(ACCOUNTANT)
    page = await browser.get("/teams/acme/documents?period=2026-Q4")
    assert shown(page.text) == ["F-2", "F-1"]
    assert shown((await browser.get("/teams/acme/documents?period=2026-09")).text) == ["F-0"]
    assert shown((await browser.get("/teams/acme/documents?period=2026")).text) == [
        "F-2",
        "F-1",
        "F-0",
    ]


async def test_credit_notes_count_against_the_total(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-1", "F-2", issued_on=date(2026, 10, 1))
    credit = ubl.write(a_credit_note(number="C-1", issued_on=date(2026, 10, 2)))
    await pages.app.actions.send([("c.xml", credit)], team="acme", tag=None)
    browser = await browsers(ACCOUNTANT)
    page = (await browser.get("/teams/acme/documents?period=2026-Q4")).text
    foot = page.partition("<tfoot>")[2]
    one = a_bill().totals.payable
    assert one is not None
    assert "3 documents" in foot
    assert f"{one.value:,.2f}" in html.unescape(foot).replace("\xa0", " ")


async def test_a_long_list_goes_on_behind_its_last_row_and_misses_none(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    numbers = [f"F-{n:03}" for n in range(120)]
    for n, one in enumerate(numbers):
        await fill(pages, one, issued_on=date(2026, 10, 1) + timedelta(days=n // 7))
    browser = await browsers(ACCOUNTANT)
    seen: list[str] = []
    at = "/teams/acme/documents?period=2026-Q4"
    while at:
        page = (await browser.get(at)).text
        seen += shown(page)
        more = re.search(r'href="([^"]*behind=[^"]*)"', page)
        at = html.unescape(more[1]) if more else ""
    assert len(seen) == len(set(seen)) == 120
    assert seen[0] > seen[-1]


async def test_missing_numbers_are_named(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-001", "F-002", "F-005", issued_on=date(2026, 10, 1))
    browser = await browsers(ACCOUNTANT)
    page = (await browser.get("/teams/acme/documents?period=2026-Q4")).text
    assert "2 numbers are missing" in page
    assert "F-003 - F-004" in page


async def test_a_series_that_credit_notes_share_has_no_gaps(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-001", "F-003", issued_on=date(2026, 10, 1))
    credit = ubl.write(a_credit_note(number="F-002", issued_on=date(2026, 10, 1)))
    await pages.app.actions.send([("c.xml", credit)], team="acme", tag=None)
    browser = await browsers(ACCOUNTANT)
    page = (await browser.get("/teams/acme/documents?period=2026-Q4")).text
    assert "F-002" in shown(page)
    assert "missing" not in page


async def test_a_link_for_sales_shows_no_purchases(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT, Right.SALES)
    [sold] = await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    bought = await fill_bought(pages)
    browser = await browsers(ACCOUNTANT)
    for query in ("", "&direction=purchase", "&kind=purchase_invoice", f"&text={BOUGHT}"):
        page = await browser.get(f"/teams/acme/documents?period=2026-Q4{query}")
        assert BOUGHT not in shown(page.text)
        assert "Kantoorbedarf" not in page.text
    for path in ("", "/pages/1", "/files/0"):
        assert (await browser.get(f"/documents/{bought}{path}")).status_code == 404
    assert (await browser.get(f"/documents/{sold}")).status_code == 200


async def test_what_is_not_yours_does_not_exist(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "CANARY-1", issued_on=date(2026, 10, 1))
    stranger = await browsers(OTHER_OWNER)
    unknown = mine[:-4] + "zzzz"
    for id_ in (mine, unknown):
        for path in ("", "/pages/1", "/files/0"):
            answer = await stranger.get(f"/documents/{id_}{path}")
            assert answer.status_code == 404
            assert "CANARY" not in answer.text
    for slug in ("acme", "nowhere"):
        assert (await stranger.get(f"/teams/{slug}/documents")).status_code == 404
        assert (
            await stranger.post(f"/teams/{slug}/documents", data={"everything": "1"})
        ).status_code == 404


async def test_an_end_of_the_link_ends_downloads_too(pages: Site, browsers: Browsers) -> None:
    link = await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "F-1")
    browser, owner = await browsers(ACCOUNTANT), await browsers(OWNER)
    assert (await browser.get(f"/documents/{mine}/files/0")).status_code == 200
    await owner.post(f"/links/{link}/end")
    assert (await browser.get(f"/documents/{mine}/files/0")).status_code == 404


async def test_a_file_is_given_as_it_is_and_never_shown_as_a_page_of_ours(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    content = an_invoice("F-1")
    sent = await pages.app.actions.send([('a"\r\né<b>.xml', content)], team="acme", tag=None)
    id_ = sent["documents"][0]["id"]
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(f"/documents/{id_}/files/0")
    assert answer.content == content
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["x-content-type-options"] == "nosniff"
    [step, *_] = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert (step.step.actor, step.step.action) == (ACCOUNTANT, "document.downloaded")


@pytest.mark.parametrize(
    "path", ["files/1", "files/x", "files/-1", "files/99999999", "pages/0", "pages/9", "pages/x"]
)
async def test_a_file_or_page_that_is_not_there_is_not_there(
    pages: Site, browsers: Browsers, path: str
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "F-1")
    browser = await browsers(ACCOUNTANT)
    assert (await browser.get(f"/documents/{mine}/{path}")).status_code == 404


async def test_what_an_office_marked_is_not_new_any_more_to_it(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await pages.linked("acme", "jan@ander.example")
    ids = await fill(pages, "F-1", "F-2", "F-3", issued_on=date(2026, 10, 1))
    browser, other = await browsers(ACCOUNTANT), await browsers("jan@ander.example")
    new = "/teams/acme/documents?period=2026-Q4&new=1"
    assert len(shown((await browser.get(new)).text)) == 3
    await browser.post("/teams/acme/documents?period=2026-Q4", data={"document": ids[:1]})
    assert len(shown((await browser.get(new)).text)) == 2
    assert len(shown((await other.get(new)).text)) == 3
    await browser.post(f"/documents/{ids[1]}/process")
    assert shown((await browser.get(new)).text) == ["F-3"]
    await browser.post("/teams/acme/documents", data={"everything": "1"})
    assert shown((await browser.get(new)).text) == []
    await fill(pages, "F-4", issued_on=date(2026, 10, 1))
    assert shown((await browser.get(new)).text) == ["F-4"]
    assert ">1<" in (await browser.get("/teams")).text


async def test_a_document_tells_its_figures_and_its_story(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(ACCOUNTANT)
    page = (await browser.get(f"/documents/{mine}")).text
    assert "Came in" in page
    assert "Waits to be sent" in page
    assert "an@kantoor.example" in page
    assert "21 %" in page


async def test_a_page_of_a_pdf_is_a_picture(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    invoice = an_invoice("F-1")
    sent = await pages.app.actions.send(
        [("F-1.xml", invoice), ("F-1.pdf", a_pdf(["F-1 968,00"]))], team="acme", tag=None
    )
    id_ = sent["documents"][0]["id"]
    browser = await browsers(ACCOUNTANT)
    picture = await browser.get(f"/documents/{id_}/pages/1")
    assert picture.content.startswith(b"\x89PNG")
    assert picture.headers["content-type"] == "image/png"
    assert (await browser.get(f"/documents/{id_}/pages/2")).status_code == 404


async def test_a_bill_without_a_pdf_gets_one_to_look_at_and_to_take(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "F-1", issued_on=date(2026, 10, 1))
    browser = await browsers(ACCOUNTANT)
    assert f"/documents/{mine}/pdf" in (await browser.get(f"/documents/{mine}")).text
    picture = await browser.get(f"/documents/{mine}/pages/1")
    assert picture.content.startswith(b"\x89PNG")
    taken = await browser.get(f"/documents/{mine}/pdf")
    assert taken.content.startswith(b"%PDF-")
    assert taken.headers["content-disposition"].startswith("attachment; ")
    again = await browser.get(f"/documents/{mine}/pdf")
    assert again.content == taken.content, "it is kept"
    shown_now = (await browser.get(f"/documents/{mine}")).text
    assert f"/documents/{mine}/pdf" not in shown_now


async def test_what_no_page_can_be_made_of_says_so(pages: Site, browsers: Browsers) -> None:
    sent = await pages.app.actions.send([("q.txt", b"hello")], team="acme", tag="other")
    mine = sent["documents"][0]["id"]
    browser = await browsers(OWNER)
    assert (await browser.get(f"/documents/{mine}/pdf")).status_code == 404
    assert (await browser.get(f"/documents/{mine}/pages/1")).status_code == 404
    assert "There is no PDF to show" in (await browser.get(f"/documents/{mine}")).text


async def test_the_proof_of_a_document_is_taken_in_the_readers_language(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    [mine] = await fill(pages, "F/1")
    browser = await browsers(ACCOUNTANT)
    proof = await browser.get(f"/documents/{mine}/proof")
    assert proof.content.startswith(b"%PDF-")
    assert 'filename="F_1_proof.pdf"' in proof.headers["content-disposition"]
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert ("document.proven", mine) in {(one.step.action, one.step.object) for one in steps}
