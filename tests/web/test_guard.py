"""What holds for every request and every answer (portal_security.md section 1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from maild.web.guard import LONGEST_BODY
from maild.web.site import PAGES
from tests.web.conftest import HOST, OWNER, Site

Browsers = Callable[..., Any]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": f"https://{HOST}"}, 303),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
    ],
    ids=lambda value: (
        ", ".join(f"{k}: {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
    ),
)
async def test_a_form_of_another_site_changes_nothing(
    pages: Site, browsers: Browsers, headers: dict[str, str], status: int
) -> None:
    browser = await browsers(OWNER)
    del browser.headers["sec-fetch-site"]
    answer = await browser.post("/sign-out", headers=headers)
    assert answer.status_code == status
    browser.headers["sec-fetch-site"] = "same-origin"
    still = (await browser.get("/teams")).status_code == 200
    assert still is (status == 403)


async def test_every_page_says_what_a_browser_may_do_with_it(browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    for one in PAGES:
        if one.method != "GET":
            continue
        answer = await browser.get(one.path.replace("{", "").replace("}", ""))
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


async def test_cookies_are_for_this_host_over_tls_and_no_script(browsers: Browsers) -> None:
    browser = await browsers()
    answer = await browser.post("/sign-in", data={"email": OWNER})
    for cookie in answer.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-")
        for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert flag in cookie


async def test_another_host_is_sent_away(browsers: Browsers) -> None:
    browser = await browsers()
    answer = await browser.get("/sign-in", headers={"host": "evil.example"})
    assert answer.status_code == 421
    assert "evil" not in answer.text


async def test_a_form_has_a_bound(browsers: Browsers) -> None:
    browser = await browsers()
    answer = await browser.post("/sign-in", data={"email": "x" * (LONGEST_BODY + 1)})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("language", "large", "foreign", "elsewhere"),
    [
        ("nl", "Deze pagina neemt niet zoveel aan.", "Een andere site stuurde dit", "staan op"),
        ("fr", "Cette page n’en accepte pas autant.", "Un autre site a envoyé", "se trouvent à"),
        ("en", "This page does not take as much.", "Another site sent this form", "are at"),
    ],
)
async def test_who_is_not_let_through_is_told_in_his_language(
    browsers: Browsers, language: str, large: str, foreign: str, elsewhere: str
) -> None:
    browser, owner = await browsers(**{"accept-language": language}), await browsers(OWNER)
    await owner.post("/account/language", data={"language": language})
    for one in (browser, owner):
        answer = await one.post("/sign-in", data={"email": "x" * (LONGEST_BODY + 1)})
        assert (answer.status_code, large in answer.text) == (413, True)
        answer = await one.post("/sign-out", headers={"sec-fetch-site": "cross-site"})
        assert (answer.status_code, foreign in answer.text) == (403, True)
        answer = await one.get("/sign-in", headers={"host": "evil.example"})
        assert (answer.status_code, f"{elsewhere} https://{HOST}" in answer.text) == (421, True)
        assert f'lang="{language}"' in (await one.get("/sign-in/of-nobody")).text


async def test_programs_that_watch_are_answered_under_any_name(browsers: Browsers) -> None:
    browser = await browsers()
    for path in ("/healthz", "/readyz"):
        answer = await browser.get(path, headers={"host": "127.0.0.1:8080"})
        assert answer.status_code == 200


async def test_a_fault_of_ours_shows_an_incident_and_nothing_else(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    await pages.app.db.close()
    answer = await browser.get("/teams")
    assert answer.status_code == 500
    assert re.search("i-[0-9a-z]{20}", answer.text)
    assert "database" not in answer.text
    assert answer.headers["content-security-policy"]
