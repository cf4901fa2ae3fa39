"""Signing in, as the holes of others taught it (portal_security.md section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import time_machine

from maild.errors import UserError
from tests.web.conftest import OPERATOR, OWNER, Site

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
Browsers = Callable[..., Any]


async def asked(browser: httpx2.AsyncClient, address: str = OWNER, **query: str) -> str:
    """Ask for a mail; the page where the code is typed."""
    answer = await browser.post("/sign-in", data={"email": address}, params=query)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def link_and_code(pages: Site, address: str = OWNER) -> tuple[str, str]:
    mail = (await pages.mails(address))[-1]
    text = next(p for p in mail.walk() if p.get_content_type() == "text/plain")
    words = text.get_payload(decode=True).decode()
    link = re.search(rf"{pages.app.settings.web.address}(/sign-in/\S+)", words)
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", words)
    assert link, words
    assert code, words
    return link[1], code[0]


async def test_the_mailed_link_shows_a_button_and_the_button_signs_in(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    await asked(browser)
    link, _ = await link_and_code(pages)
    looked = await browser.get(link)
    assert looked.status_code == 200
    assert "maild-session" not in str(looked.headers.get("set-cookie", ""))
    entered = await browser.post(link)
    assert entered.status_code == 303
    home = await browser.get("/teams")
    assert home.headers["location"] == "/second-factor?next=/teams"
    assert OWNER in (await browser.get("/second-factor")).text


async def test_the_code_signs_in_where_it_was_asked_for_as_people_type_it(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    place = await asked(browser)
    _, code = await link_and_code(pages)
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert (await browser.post(place, data={"code": typed})).status_code == 303
    assert OWNER in (await browser.get("/second-factor")).text


async def test_a_link_is_used_once(pages: Site, browsers: Browsers) -> None:
    browser = await browsers()
    await asked(browser)
    link, _ = await link_and_code(pages)
    assert (await browser.post(link)).status_code == 303
    assert (await browser.post(link)).status_code == 403
    assert (await browser.get(link)).status_code == 403


async def test_another_browser_gets_nothing_from_the_link_and_does_not_use_it_up(
    pages: Site, browsers: Browsers
) -> None:
    browser, scanner = await browsers(), await browsers()
    await asked(browser)
    link, _ = await link_and_code(pages)
    for call in (scanner.get, scanner.head, scanner.post):
        answer = await call(link)
        assert answer.status_code in {403, 405}
        assert "session" not in str(answer.headers.get("set-cookie", ""))
    assert (await browser.post(link)).status_code == 303


async def test_a_code_is_of_no_use_in_another_browser(pages: Site, browsers: Browsers) -> None:
    browser, other = await browsers(), await browsers()
    place = await asked(browser)
    _, code = await link_and_code(pages)
    assert (await other.post(place, data={"code": code})).status_code == 403


@pytest.mark.parametrize(
    ("later", "status"),
    [(timedelta(minutes=9, seconds=59), 303), (timedelta(minutes=10, seconds=1), 403)],
    ids=["at 9:59", "at 10:01"],
)
async def test_a_link_is_good_for_ten_minutes(
    pages: Site, browsers: Browsers, later: timedelta, status: int
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        browser = await browsers()
        await asked(browser)
        link, _ = await link_and_code(pages)
        clock.shift(later)
        assert (await browser.post(link)).status_code == status


async def test_five_wrong_codes_end_the_request_and_nothing_else(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    place = await asked(browser)
    link, code = await link_and_code(pages)
    for _ in range(4):
        assert (await browser.post(place, data={"code": "0000-0000"})).status_code == 422
    assert (await browser.post(place, data={"code": "0000-0000"})).status_code == 403
    assert (await browser.post(place, data={"code": code})).status_code == 403
    assert (await browser.post(link)).status_code == 403
    again = await asked(browser)
    _, fresh = await link_and_code(pages)
    assert (await browser.post(again, data={"code": fresh})).status_code == 303


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    known, unknown = [
        await browser.post("/sign-in", data={"email": one}) for one in (OWNER, "who@else.example")
    ]
    assert known.status_code == unknown.status_code
    assert re.sub("l-[0-9a-z]+", "", known.headers["location"]) == re.sub(
        "l-[0-9a-z]+", "", unknown.headers["location"]
    )
    assert await pages.mails("who@else.example") == []
    page = await browser.get(unknown.headers["location"])
    assert page.status_code == 200
    wrong = await browser.post(unknown.headers["location"], data={"code": "0000-0000"})
    assert wrong.status_code == 422


async def test_three_mails_a_quarter_of_an_hour_are_enough(pages: Site, browsers: Browsers) -> None:
    browser = await browsers()
    for _ in range(5):
        await asked(browser)
    assert len(await pages.mails(OWNER)) == 3


async def test_ten_requests_from_one_network_are_enough(pages: Site, browsers: Browsers) -> None:
    browser = await browsers()
    for n in range(12):
        await asked(browser, f"a{n}@else.example")
    await asked(browser)
    assert await pages.mails(OWNER) == []


async def test_neither_the_database_nor_the_blobs_hold_a_link_or_code(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    await asked(browser)
    link, code = await link_and_code(pages)
    token = link.rpartition("/")[2]
    folder = Path(pages.app.settings.maild.data_dir)
    stored = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert OWNER.encode() in stored
    for secret in (token, code, code.replace("-", "")):
        assert secret.encode() not in stored


async def test_a_session_that_somebody_planted_is_not_taken_over(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    browser.cookies.set("__Host-maild-session", "planted", domain="maild.example", path="/")
    await asked(browser)
    link, _ = await link_and_code(pages)
    await browser.post(link)
    kept = [one.value for one in browser.cookies.jar if one.name == "__Host-maild-session"]
    assert "planted" not in kept
    assert (await pages.browser().get("/teams")).status_code == 303


async def test_signing_out_ends_the_session_on_our_side(browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    kept = {one.name: one.value for one in browser.cookies.jar}
    assert (await browser.post("/sign-out")).status_code == 303
    thief = await browsers()
    for name, value in kept.items():
        thief.cookies.set(name, value, domain="maild.example", path="/")
    assert (await thief.get("/teams")).headers["location"] == "/sign-in?next=/teams"


@pytest.mark.parametrize(
    ("who", "idle", "longest"),
    [
        (OWNER, timedelta(hours=12), timedelta(days=14)),
        (OPERATOR, timedelta(hours=1), timedelta(hours=12)),
    ],
    ids=["a person", "the operator"],
)
async def test_a_session_ends_by_itself(
    browsers: Browsers, who: str, idle: timedelta, longest: timedelta
) -> None:
    minute = timedelta(minutes=1)
    with time_machine.travel(NOON, tick=False) as clock:
        left = await browsers(who)
        used = await browsers(who)
        clock.shift(idle - minute)
        assert (await used.get("/teams")).status_code == 200
        clock.shift(2 * minute)
        assert (await left.get("/teams")).status_code == 303
        passed = idle + minute
        while passed + idle - minute < longest:
            assert (await used.get("/teams")).status_code == 200
            clock.shift(idle - minute)
            passed += idle - minute
        assert (await used.get("/teams")).status_code == 200
        clock.shift(longest - passed)
        assert (await used.get("/teams")).status_code == 303


@pytest.mark.parametrize(
    "wished",
    ["//evil.example/", "https://evil.example/", "/\\evil.example", "/sign-in/x", "/a?b=c\r\nX: y"],
)
async def test_only_pages_of_ours_come_after_signing_in(
    pages: Site, browsers: Browsers, wished: str
) -> None:
    browser = await browsers()
    place = await asked(browser, next=wished)
    _, code = await link_and_code(pages)
    answer = await browser.post(place, data={"code": code})
    assert answer.headers["location"] == "/"


async def test_the_page_that_was_asked_for_comes_after_signing_in(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    door = (await browser.get("/account")).headers["location"]
    assert door == "/sign-in?next=/account"
    place = await asked(browser, next="/account")
    _, code = await link_and_code(pages)
    assert (await browser.post(place, data={"code": code})).headers["location"] == "/account"


async def test_pages_of_signing_in_tell_no_other_site_their_address(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers()
    place = await asked(browser)
    link, _ = await link_and_code(pages)
    for path in ("/sign-in", place, link):
        answer = await browser.get(path)
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_link_of_the_console_is_for_somebody_who_is_known(pages: Site) -> None:
    with pytest.raises(UserError, match="is nobody here"):
        await pages.app.access.sign_ins.console_link("who@else.example")
