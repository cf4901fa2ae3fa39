"""The form on which a person says what a page says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from maild.model.access import Right
from maild.model.document import Document, Role
from maild.store import documents, suppliers, trail
from tests.builders_paper import Paper
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, Site

Browsers = Callable[..., Any]
PAPER = Paper()
OTHER_IBAN = "BE38999428565672"


async def came(pages: Site, pdf: bytes) -> str:
    sent = await pages.app.actions.send([("scan.pdf", pdf)], team="acme", tag="purchase")
    return str(sent["documents"][0]["id"])


async def now(pages: Site, id_: str) -> Document:
    return await pages.app.db.read(partial(documents.get, id=id_))


FORM = {
    "verdict": "confirmed",
    "doc_type": "invoice",
    "invoice_number": "2026-017",
    "issue_date": "2026-02-24",
    "due_date": "2026-03-26",
    "supplier_name": "Atelier Noord BV",
    "supplier_vat": "BE0900000147",
    "iban": PAPER.iban,
    "currency": "EUR",
    "net_total": "100.00",
    "vat_total": "21.00",
    "gross_total": "121.00",
    "amount_due": "121.00",
    "exemption_reason": "",
    "structured_communication": "",
}


@pytest.mark.parametrize("who", [OWNER, ACCOUNTANT])
async def test_a_page_is_confirmed_with_what_is_filled_in_and_what_is_put_right(
    pages: Site, browsers: Browsers, who: str
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    mine = await came(pages, PAPER.page())
    browser = await browsers(who)
    at = f"/documents/{mine}/figures"
    start = "/teams/acme/today" if who == OWNER else "/teams/acme/waiting"
    assert at in (await browser.get(start)).text
    assert at in (await browser.get(f"/documents/{mine}")).text
    form = await browser.get(at)
    assert 'value="2026-017"' in form.text
    assert 'value="121.00"' in form.text
    answer = await browser.post(at, data=FORM | {"invoice_number": "2026-17"})
    assert answer.headers["location"] == f"/documents/{mine}"
    document = await now(pages, mine)
    assert (document.number, str(document.total)) == ("2026-17", "121.00 EUR")
    assert document.file(Role.UBL) is not None
    assert "not issued by the supplier" in (await browser.get(f"/documents/{mine}")).text
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    [step] = [one.step for one in steps if one.step.object == mine]
    assert (step.actor, step.detail) == (who, "said otherwise: invoice_number")
    known = await pages.app.db.read(partial(suppliers.find, team="acme", key="BE0900000147"))
    assert known is not None
    assert known.confirmed_by == who
    assert (await browser.get(at)).status_code == 404


async def test_a_candidate_counts_before_what_is_filled_in(pages: Site, browsers: Browsers) -> None:
    mine = await came(pages, PAPER.page())
    browser = await browsers(OWNER)
    chosen = FORM | {"other.invoice_number": "2026-018"}
    await browser.post(f"/documents/{mine}/figures", data=chosen)
    assert (await now(pages, mine)).number == "2026-018"


async def test_what_cannot_be_is_told_and_what_was_typed_stays(
    pages: Site, browsers: Browsers
) -> None:
    mine = await came(pages, PAPER.page())
    browser = await browsers(OWNER)
    wrong = FORM | {"net_total": "90.00", "invoice_number": "A-1"}
    answer = await browser.post(f"/documents/{mine}/figures", data=wrong)
    assert answer.status_code == 422
    assert "net and VAT have to be the total: 90.00 + 21.00 = 111.00" in answer.text
    assert 'value="A-1"' in answer.text
    assert (await now(pages, mine)).total is None


async def test_a_new_account_is_taken_only_by_who_says_that_he_asked(
    pages: Site, browsers: Browsers
) -> None:
    first = await came(pages, PAPER.page("2026-001"))
    browser = await browsers(OWNER)
    await browser.post(f"/documents/{first}/figures", data=FORM | {"invoice_number": "2026-001"})
    mine = await came(pages, replace(PAPER, iban=OTHER_IBAN).page())
    form = await browser.get(f"/documents/{mine}/figures")
    assert "I have asked" in form.text
    said = FORM | {"iban": OTHER_IBAN}
    answer = await browser.post(f"/documents/{mine}/figures", data=said)
    assert answer.status_code == 422
    assert f"{OTHER_IBAN} was never an account of this supplier" in answer.text
    answer = await browser.post(f"/documents/{mine}/figures", data=said | {"asked": "1"})
    assert answer.status_code == 303


@pytest.mark.parametrize(("verdict", "review"), [("file", "confirmed"), ("rejected", "rejected")])
async def test_a_page_goes_without_figures_or_stays(
    pages: Site, browsers: Browsers, verdict: str, review: str
) -> None:
    mine = await came(pages, PAPER.page())
    browser = await browsers(OWNER)
    answer = await browser.post(f"/documents/{mine}/figures", data={"verdict": verdict})
    assert answer.status_code == 303
    document = await now(pages, mine)
    assert (document.review, document.total) == (review, None)


async def test_nobody_else_sees_the_form_or_answers(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT, Right.SALES, Right.EXPORT, Right.AUTO)
    mine = await came(pages, PAPER.page())
    for who in (ACCOUNTANT, OTHER_OWNER):
        browser = await browsers(who)
        assert (await browser.get(f"/documents/{mine}/figures")).status_code == 404
        assert (await browser.post(f"/documents/{mine}/figures", data=FORM)).status_code == 404
    assert (await now(pages, mine)).review is None
