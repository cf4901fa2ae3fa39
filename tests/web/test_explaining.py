"""The rules as the operator tries them: a file and its decision, and rules that never fire."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.builders_pdf import a_pdf
from tests.web.conftest import OPERATOR, Site, an_invoice
from tests.web.test_operator import fill

Browsers = Callable[..., Any]
AT = "/operator/rules"


async def test_a_file_shows_what_each_rule_says_of_it_and_nothing_is_stored(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    files = {"file": ("F-1.xml", an_invoice("F-1"), "application/xml")}
    answer = await browser.post(AT, data={"team": "acme"}, files=files)
    assert answer.status_code == 200
    page = answer.text.partition("</form>")[2]
    assert "F-1" in page
    assert "an@kantoor.example" in page
    rows = re.findall(r'<tr><td class="what">.*?</tr>', page)
    assert ["fits" in row for row in rows] == [True, False, False]
    assert await pages.app.records.list() == []


async def test_a_file_that_cannot_be_taken_says_why(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OPERATOR)
    bare = {"file": ("scan.pdf", a_pdf(["nothing"]), "application/pdf")}
    answer = await browser.post(AT, data={"team": "acme"}, files=bare)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    tagged = await browser.post(AT, data={"team": "acme", "tag": "purchase"}, files=bare)
    assert tagged.status_code == 200
    assert (await browser.post(AT, data={"team": "acme"})).status_code == 422
    assert (await browser.post(AT, data={"team": "none"}, files=bare)).status_code in {404, 422}
    assert (await browser.get(f"{AT}?team=none")).status_code == 404


async def test_nobody_else_may_send_a_file(pages: Site, browsers: Browsers) -> None:
    for who in ("", "chef@acme.example"):
        browser = await browsers(who)
        files = {"file": ("F-1.xml", an_invoice("CANARY"), "application/xml")}
        answer = await browser.post(AT, data={"team": "acme"}, files=files)
        assert answer.status_code == 404
        assert "CANARY" not in answer.text
    operator = await browsers(OPERATOR)
    elsewhere = await operator.post("/operator/out/v-0/retry", files=files)
    assert elsewhere.status_code != 200


async def test_rules_that_never_fire_and_kinds_that_none_takes_are_told(
    pages: Site, browsers: Browsers
) -> None:
    await fill(pages, "F-1", "F-2")
    await fill(pages, "F-3", days_ago=100)
    terms = [("terms.pdf", a_pdf(["Terms"]))]
    await pages.app.actions.send(terms, team="acme", tag="other")
    page = (await (await browsers(OPERATOR)).get(f"{AT}?team=acme")).text
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="sum"[^>]*>(\d+)<', page)
    assert [int(count) for _, count in rows] == [2, 0, 0]
    assert page.count("never") == 2
    assert "No rule took: Document (1)" in page
