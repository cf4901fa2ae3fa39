"""What somebody who means harm tries, and what becomes of it (portal_security.md; issue 5, "Seen working").

| attack | where it is tried |
| --- | --- |
| forms of another site (CSRF) | `test_guard.test_a_form_of_another_site_changes_nothing`; every form: here |
| cookies of a browser at the machines' door | here |
| a session that was planted (fixation) | `test_sign_in.test_a_session_that_somebody_planted_is_not_taken_over`, `test_second_factor.test_an_app_is_set_up_and_makes_the_session_whole_under_a_new_reference` |
| programs that open links of mails | `test_sign_in.test_another_browser_gets_nothing_from_the_link_and_does_not_use_it_up`; no GET signs in: here |
| a link or code once more | `test_sign_in.test_a_link_is_used_once`, `test_second_factor.test_a_code_is_taken_once_and_so_is_none_before_it`; code and console link: here |
| a link at 9:59 and 10:01 | `test_sign_in.test_a_link_is_good_for_ten_minutes`; code and console link: here |
| guessing codes, flooding a mailbox | `test_sign_in.test_five_wrong_codes_end_the_request_and_nothing_else`, `test_sign_in.test_three_mails_a_quarter_of_an_hour_are_enough`, `test_second_factor.test_five_wrong_codes_rest_for_a_quarter_of_an_hour` |
| asking who is a customer | `test_sign_in.test_an_unknown_address_gets_the_same_answer_and_no_mail`, `test_links.test_asking_does_not_tell_who_is_a_customer` |
| reading the database for secrets | `test_sign_in.test_neither_the_database_nor_the_blobs_hold_a_link_or_code`, `test_second_factor.test_the_secret_of_an_app_stands_nowhere_in_the_open` |
| foreign ids, in every address | `test_isolation.test_every_foreign_id_is_as_if_it_did_not_exist` |
| leading elsewhere after signing in | `test_sign_in.test_only_pages_of_ours_come_after_signing_in` |
| another host's name | `test_guard.test_another_host_is_sent_away` |
| addresses with folders in them | here; names in packages: `tests/exports/test_packing.py` |
| line breaks in names (headers, mails) | here; `tests/letters/test_message.py` |
| HTML, SVG, XML as files | `test_attacks_inside.py`; `test_documents.test_a_file_is_given_as_it_is_and_never_shown_as_a_page_of_ours` |
| markup in everything that is shown | `test_attacks_inside.py` |
| entities in XML | `test_attacks_inside.py` |
| formulas in cells | `test_attacks_inside.py` |
| forms without end | `test_guard.test_a_form_has_a_bound` |
| going on with a download after the end | `test_downloads.test_a_download_ends_in_the_middle_when_its_right_ends`; over a real connection: here |
| taking everything at once | `test_downloads.test_an_hour_has_only_so_many_packages_for_a_whole_office` |
| mailing strangers by invitations | `test_links.test_only_so_many_offers_wait_for_an_answer` |
| signing in elsewhere unseen | `test_told.test_a_browser_that_is_not_the_first_is_told_of_once` |
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import time_machine

from maild.intake.desk import Submission
from maild.model.access import Right
from maild.model.delivery import Purpose
from maild.store import deliveries
from maild.ubl import document as ubl
from maild.web.api import ROOT
from maild.web.site import PAGES
from tests.builders_bill import a_bill
from tests.servers.ports import free_port
from tests.spine.post import a_mail
from tests.web.chromium import served
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER, Site, an_invoice
from tests.web.test_sign_in import NOON, asked, link_and_code

Browsers = Callable[..., Any]


def test_every_test_that_the_table_names_is_there() -> None:
    table, here = __doc__ or "", Path(__file__)
    named = re.findall(r"`(test_\w+)\.(test_\w+)`", table)
    assert len(named) > 15
    for module, name in named:
        assert f"def {name}(" in here.with_name(f"{module}.py").read_text("utf-8"), name
    for path in re.findall(r"`(\S+\.py)`", table):
        root = here.parents[2] if "/" in path else here.parent
        assert (root / path).exists(), path


@pytest.mark.parametrize("who", [OWNER, ACCOUNTANT, OPERATOR])
@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}, {}]
)
async def test_no_form_at_all_is_taken_from_another_site(
    pages: Site, browsers: Browsers, who: str, headers: dict[str, str]
) -> None:
    link = await pages.linked("acme", ACCOUNTANT)
    browser = await browsers(who)
    del browser.headers["sec-fetch-site"]
    forms = [one.path for one in PAGES if one.method == "POST"]
    assert len(forms) > 30
    for path in forms:
        at = re.sub(r"\{\w+\}", "acme", path.replace("{id}", link))
        answer = await browser.post(at, data={"language": "fr"}, headers=headers)
        assert answer.status_code == 403, path
        assert "set-cookie" not in answer.headers


async def test_cookies_open_nothing_at_the_door_of_machines(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    for headers in ({"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-origin"}):
        sent = await browser.post(f"{ROOT}/documents", content=an_invoice("F-1"), headers=headers)
        assert sent.status_code == 401
    assert await pages.app.records.list() == []


async def test_no_get_signs_anybody_in(pages: Site, browsers: Browsers) -> None:
    browser = await browsers()
    await asked(browser)
    link, _ = await link_and_code(pages)
    console = await pages.app.access.sign_ins.console_link(OWNER)
    addresses = [link, console, *(one.path for one in PAGES if one.method == "GET")]
    for address in addresses:
        for verb in ("GET", "HEAD"):
            answer = await browser.request(verb, re.sub(r"\{\w+\}", "x", address))
            assert "session" not in str(answer.headers.get("set-cookie", "")), address
    assert (await browser.get("/teams")).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize(
    ("later", "status"),
    [(timedelta(minutes=9, seconds=59), 303), (timedelta(minutes=10, seconds=1), 403)],
    ids=["at 9:59", "at 10:01"],
)
async def test_a_code_and_a_link_of_the_console_are_good_for_ten_minutes_and_once(
    pages: Site, browsers: Browsers, later: timedelta, status: int
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        browser = await browsers()
        place = await asked(browser)
        _, code = await link_and_code(pages)
        console = await pages.app.access.sign_ins.console_link(OWNER)
        clock.shift(later)
        assert (await browser.post(place, data={"code": code})).status_code == status
        assert (await browser.post(place, data={"code": code})).status_code == 403
        other = await browsers()
        assert (await other.post(console)).status_code == status
        assert (await (await browsers()).post(console)).status_code == 403


WAYS_OUT = (
    "/documents/..%2f..%2fetc%2fpasswd",
    "/documents/%2e%2e/%2e%2e/etc/passwd",
    "/documents/{id}/files/..%2f..%2f0",
    "/documents/{id}/files/0%00.html",
    "/documents/{id}/pages/%2e%2e%2f1",
    "/teams/..%2facme/documents",
    "/teams/acme%2f..%2fother/documents",
    "/teams/acme%00/documents",
    "/static/x/..%2f..%2fsite.py",
    "/static/..%2f..%2f..%2fmaild.toml/maild.css",
    "/sign-in/..%2f..%2fetc%2fpasswd",
    "/..%2f..%2fmaild.toml",
)


@pytest.mark.parametrize("path", WAYS_OUT)
async def test_no_address_leads_out_of_what_there_is(
    pages: Site, browsers: Browsers, path: str
) -> None:
    sent = await pages.app.actions.send([("F-1.xml", an_invoice("F-1"))], team="acme", tag=None)
    browser = await browsers(OWNER)
    answer = await browser.get(path.replace("{id}", sent["documents"][0]["id"]))
    assert answer.status_code in {200, 303, 404}
    assert answer.status_code == 404 or path.startswith("/sign-in")
    assert "root:" not in answer.text
    assert "[maild]" not in answer.text


@pytest.mark.parametrize("number", ['F"1\r\nSet-Cookie: a=b', "F\n1", "F;filename=x.exe", "é" * 40])
async def test_no_name_adds_a_header(pages: Site, browsers: Browsers, number: str) -> None:
    bill = a_bill(number=number, issued_on=date(2026, 10, 1))
    sent = await pages.app.actions.send([(f"{number}.xml", ubl.write(bill))], team="acme", tag=None)
    browser = await browsers(OWNER)
    id_ = sent["documents"][0]["id"]
    for path in (f"/documents/{id_}/files/0", f"/documents/{id_}/pdf", f"/documents/{id_}/proof"):
        answer = await browser.get(path)
        assert answer.status_code == 200, path
        named = answer.headers["content-disposition"]
        assert re.fullmatch(r"attachment; filename=\"[ -~]*\"; filename\*=UTF-8''[!-~]*", named)
        assert named.count('"') == 2
        assert "a=b" not in str(answer.headers.get("set-cookie", ""))


async def test_no_name_adds_a_header_to_a_mail(pages: Site, browsers: Browsers) -> None:
    owner = await browsers(OWNER)
    evil = {"team": "acme", "email": "x@y.example\r\nBcc: z@evil.example", "sales": "1"}
    assert (await owner.post("/links", data=evil)).status_code == 422
    link = await pages.app.access.links.invite("acme", ACCOUNTANT, rights=[Right.SALES], by=OWNER)
    browser = await browsers(ACCOUNTANT)
    office = {"office": "Kantoor\r\nBcc: z@evil.example\r\n\r\n<b>"}
    assert (await browser.post(f"/links/{link.id}/accept", data=office)).status_code == 303
    found = await pages.app.db.read(partial(deliveries.find, limit=100))
    letters = [one.letter for one in found if one.purpose is Purpose.NOTICE and one.letter]
    told = [one.subject for one in letters if "Kantoor" in one.subject]
    assert told
    assert all(one.isprintable() for one in told)


@pytest.mark.parametrize("by", ["the end of the link", "signing out elsewhere"])
async def test_a_download_under_way_is_cut_off(tmp_path: Path, by: str) -> None:
    async with served(tmp_path, port=free_port()) as pages:
        link = await pages.linked("acme", ACCOUNTANT)
        large = hashlib.shake_256(b"large").digest(24 << 20)
        raw = a_mail(("F-1.xml", an_invoice("F-1")), ("large.bin", large)).as_bytes()
        await pages.app.desk.accept(Submission("acme", "smtp", raw, datetime.now(UTC)))
        [document] = await pages.app.records.list()
        async with over_tcp(pages, ACCOUNTANT) as browser, over_tcp(pages, ACCOUNTANT) as other:
            request = browser.build_request("GET", f"/documents/{document['id']}/files/1")
            answer = await browser.send(request, stream=True)
            assert answer.headers["content-length"] == str(len(large))
            pieces = answer.aiter_raw(64 * 1024)
            await anext(pieces)
            await (ended_by(pages, link) if "link" in by else signed_out(other))
            with pytest.raises(httpx2.RemoteProtocolError):
                await rest(pieces)


async def rest(pieces: AsyncIterator[bytes]) -> None:
    """Take what is still to come."""
    async for _ in pieces:
        pass


@asynccontextmanager
async def over_tcp(pages: Site, who: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser that is signed in, at the other end of a connection."""
    ours = {"sec-fetch-site": "same-origin"}
    address = pages.app.settings.web.address
    async with httpx2.AsyncClient(base_url=address, headers=ours) as browser:
        link = await pages.app.access.sign_ins.console_link(who)
        assert (await browser.post(link)).status_code == 303
        yield browser


async def ended_by(pages: Site, link: str) -> None:
    """The team's own people end the link."""
    async with over_tcp(pages, OWNER) as owner:
        assert (await owner.post(f"/links/{link}/end")).status_code == 303


async def signed_out(browser: httpx2.AsyncClient) -> None:
    """The other sessions of an account are ended on its page."""
    rows = re.findall(r"<tr>.*?</tr>", (await browser.get("/account")).text, re.DOTALL)
    ends = [re.search(r"/account/sessions/s-\w+/end", one) for one in rows if "badge" not in one]
    others = [one[0] for one in ends if one]
    assert others
    for one in others:
        assert (await browser.post(one)).status_code == 303
