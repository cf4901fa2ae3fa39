"""Documents that mean harm: markup, scripts, entities and formulas in what comes in. The table is in test_attacks.py."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from maild.errors import DocumentError
from maild.intake.desk import Submission
from maild.model.access import Right
from maild.model.bill import Item, Note
from maild.ubl import document as ubl
from tests.builders_bill import a_bill, a_line, a_party
from tests.servers.ports import free_port
from tests.spine.post import a_mail
from tests.web.chromium import served, started
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER, Site, an_invoice
from tests.web.test_isolation import crawl

Browsers = Callable[..., Any]
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{ 7 * 7 }}"
PERIOD = "period=2026-Q4"
EVIL = {
    "evil.html": b"<!doctype html><script>alert(1)</script>",
    "evil.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "evil.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
}


async def a_mail_of_files(pages: Site, files: dict[str, bytes]) -> str:
    """A bill comes by mail with other files beside it; its id."""
    raw = a_mail(("F-1.xml", an_invoice("F-1")), *files.items()).as_bytes()
    now = datetime.now(UTC)
    await pages.app.desk.accept(Submission("acme", "smtp", raw, now, recipient="acme@post.example"))
    [found] = await pages.app.records.list()
    return str(found["id"])


async def test_a_file_of_a_stranger_is_never_a_page_of_ours(
    pages: Site, browsers: Browsers
) -> None:
    id_ = await a_mail_of_files(pages, EVIL)
    browser = await browsers(OWNER)
    names = []
    for n in range(20):
        answer = await browser.get(f"/documents/{id_}/files/{n}")
        if answer.status_code == 404:
            break
        names.append(answer.headers["content-disposition"])
        assert names[-1].startswith("attachment; ")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-content-type-options"] == "nosniff"
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in {"application/octet-stream", "application/xml", "application/pdf"}
    assert [name for name in EVIL if any(name in one for one in names)] == list(EVIL)


async def test_a_browser_keeps_such_a_file_and_runs_nothing_of_it(tmp_path: Path) -> None:
    async with served(tmp_path, port=free_port()) as pages:
        id_ = await a_mail_of_files(pages, EVIL)
        link = await pages.app.access.sign_ins.console_link(OWNER)
        async with started(pages.app.settings.web.address) as chromium, chromium.window() as page:
            dialogs: list[str] = []
            page.on("dialog", lambda one: dialogs.append(one.message))
            await chromium.sign_in(page, link=link)
            await page.goto(f"/documents/{id_}")
            for name in EVIL:
                async with page.expect_download() as waited:
                    await page.get_by_role("link", name=name).click()
                assert (await waited.value).suggested_filename.startswith("evil")
            assert dialogs == []


async def test_markup_in_what_others_say_is_shown_as_what_it_is(
    pages: Site, browsers: Browsers
) -> None:
    await fill_with_markup(pages)
    for who in (OWNER, ACCOUNTANT, OPERATOR):
        browser = await browsers(who)
        seen = await crawl(browser, *(f"/teams/acme/{one}" for one in STARTS), "/operator")
        html = {at: body for at, body in seen.items() if b"content-type: text/html" in body}
        assert len(html) > 8
        told = [at for at, body in html.items() if b"alert(1)" in body]
        assert told, "the words are there"
        for at, body in html.items():
            for tag in (b"<script>alert", b"<img src=x", b"\"'>{{", b"'>49"):
                assert tag not in body, (who, at, tag)


STARTS = (f"documents?{PERIOD}", "today", "exports", "automatic", "settings", "connections")


async def fill_with_markup(pages: Site) -> None:
    """Markup in everything that somebody else may say."""
    bill = a_bill(
        number=MARKUP[:30],
        issued_on=date(2026, 10, 1),
        buyer=a_party(MARKUP, "0403170701"),
        notes=(Note(MARKUP),),
        lines=(a_line(item=Item(name=MARKUP, description=MARKUP)),),
    )
    await pages.app.actions.send([(f"{MARKUP}.xml", ubl.write(bill))], team="acme", tag=None)
    raw = a_mail(("x.txt", b"nothing"), subject=MARKUP).as_bytes()
    now = datetime.now(UTC)
    nothing = Submission(
        "acme", "smtp", raw, now, sender="x@y.example", recipient="acme@post.example"
    )
    with pytest.raises(DocumentError):
        await pages.app.desk.accept(nothing)
    invited = await pages.app.access.links.invite("acme", ACCOUNTANT, rights=tuple(Right), by=OWNER)
    async with aclosing(await pages.signed_in(ACCOUNTANT)) as browser:
        done = await browser.post(f"/links/{invited.id}/accept", data={"office": MARKUP})
        assert done.status_code == 303


@pytest.mark.parametrize(
    "entity", ['<!ENTITY x SYSTEM "file:///etc/passwd">', '<!ENTITY x "lol">', ""]
)
async def test_xml_that_declares_anything_is_not_read(
    pages: Site, browsers: Browsers, entity: str
) -> None:
    plain = an_invoice("F-1").decode()
    evil = re.sub(
        r"(<\?xml[^>]*\?>)?\s*", f"<?xml version='1.0'?><!DOCTYPE x [{entity}]>", plain, count=1
    )
    operator = await browsers(OPERATOR)
    files = {"file": ("F-1.xml", evil.encode(), "application/xml")}
    answer = await operator.post("/operator/rules", data={"team": "acme"}, files=files)
    assert answer.status_code == 422
    assert "root:" not in answer.text


FORMULAS = ('=HYPERLINK("http://evil.example")', "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1")


async def test_no_cell_is_a_formula(pages: Site, browsers: Browsers) -> None:
    for n, formula in enumerate(FORMULAS):
        bill = a_bill(
            number=f"={n}", issued_on=date(2026, 10, 1), buyer=a_party(formula, "0403170701")
        )
        await pages.app.actions.send([(f"{n}.xml", ubl.write(bill))], team="acme", tag=None)
    browser = await browsers(OWNER)
    listed = await taken(browser, "csv")
    rows = list(csv.reader(io.StringIO(listed.decode("utf-8-sig")), delimiter=_delimiter(listed)))
    cells = [cell for row in rows for cell in row]
    assert sum("evil.example" in one for one in cells) == 1
    numbers = re.compile(r"-?[0-9.,  ]+")
    evil = [one for one in cells if one[:1] in set("=+-@\t\r") and not numbers.fullmatch(one)]
    assert evil == []
    with zipfile.ZipFile(io.BytesIO(await taken(browser, "xlsx"))) as book:
        sheets = [book.read(name) for name in book.namelist() if "worksheets" in name]
    assert sheets
    assert not [one for one in sheets if b"<f>" in one or b"<hyperlink" in one]


async def taken(browser: httpx2.AsyncClient, shape: str) -> bytes:
    """The list of a period."""
    answer = await browser.get(f"/teams/acme/download?{PERIOD}&shape={shape}")
    assert answer.status_code == 200
    return answer.content


def _delimiter(listed: bytes) -> str:
    return ";" if b";" in listed.partition(b"\n")[0] else ","
