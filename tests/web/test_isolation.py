"""Nobody sees a byte of what is not his: every route with every foreign id, and canaries in every answer.

Source: portal_security.md section 3, (a) to (f).
"""

from __future__ import annotations

import html
import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from maild.model.access import Right
from maild.model.bill import Item, Note
from maild.partners import browsing
from maild.store import deliveries, people, sessions
from maild.store.database import Tx
from maild.ubl import document as ubl
from maild.web.routes import Page, Who
from maild.web.site import PAGES
from tests.builders_bill import a_bill, a_line, a_party
from tests.builders_pdf import a_pdf
from tests.web.conftest import OPERATOR, OTHER_OWNER, OWNER, URL, Site

Browsers = Callable[..., Any]
MINE, THEIRS = "an@mine.example", "eva@theirs.example"
FORMER, EMPTY = "jan@former.example", "piet@empty.example"
CANARY = {"acme": "KANARIEVOGEL", "other": "ZEBRAVINKJE"}
VAT = {"acme": "0123456749", "other": "0403170701"}
PARAMS = re.compile(r"\{(\w+)\}")
# What a form would say; a foreign id must be told before any of it is looked at.
FORM = {
    "verdict": "confirmed",
    "often": "week",
    "kind": "invoice",
    "period": "2026-10",
    "to": "accountant",
    "do": "golive",
    "office": "X",
}
WORDS = {"page": "1", "file": "0", "verb": "retry", "verdict": "confirm", "token": "x"}


@dataclass
class Filled:
    """Two teams with a canary in everything that can be said of a document, and what has an id."""

    pages: Site
    ids: dict[str, list[str]] = field(default_factory=dict)

    async def fill(self, team: str) -> None:
        """A sale, a purchase, a purchase that waits, a package on its way."""
        bird = CANARY[team]
        mine = a_party(team.title(), VAT[team])
        them = a_party(f"{bird} partij", "0417497106")
        for n, (seller, buyer) in enumerate(((mine, them), (them, mine), (them, mine))):
            day = date(2026, 10, 1 + n)
            bill = a_bill(
                number=f"{bird}-{min(n, 1)}",
                issued_on=day,
                seller=seller,
                buyer=buyer,
                notes=(Note(f"{bird} nota"),),
                lines=(a_line(item=Item(name=f"{bird} artikel")),),
            )
            pdf = a_pdf([f"{bird} {bill.number} {n}"])
            files = [(f"{bird}_{n}.xml", ubl.write(bill)), (f"{bird}_{n}.pdf", pdf)]
            sent = await self.pages.app.actions.send(files, team=team, tag=None)
            self.ids.setdefault(team, []).extend(one["id"] for one in sent["documents"])
        db = self.pages.app.db
        found = await db.read(partial(deliveries.find, team=team, limit=100))
        self.ids[team] += [found[0].id, found[-1].id]


@pytest.fixture
async def filled(pages: Site) -> Filled:
    made = Filled(pages)
    await made.fill("acme")
    await made.fill("other")
    made.ids["acme"].append(await pages.linked("acme", MINE))
    await pages.linked("other", THEIRS)
    await pages.linked("other", FORMER)
    await pages.linked("acme", EMPTY, Right.EXPORT, Right.AUTO)
    ended = await pages.linked("acme", FORMER)
    async with aclosing(await pages.signed_in(OWNER)) as owner:
        assert (await owner.post(f"/links/{ended}/end")).status_code == 303
        made.ids["acme"].append(ended)
    async with aclosing(await pages.signed_in(MINE)) as mine:
        await mine.post("/teams/acme/automatic", data={"kind": "invoice", "often": "month"})
        [one] = pages.app.shelf._automatic
        made.ids["acme"] += [one.id, one.name]
        person = await pages.app.db.read(partial(_session_of, email=MINE))
        made.ids["acme"].append(person)
    return made


def _session_of(tx: Tx, *, email: str) -> str:
    found = people.find(tx, email)
    assert found
    return sessions.of_person(tx, found.id, now=datetime.now(UTC))[0].id


def addresses(page: Page, ids: list[str]) -> Iterator[tuple[str, str]]:
    """The addresses of a page for each foreign id, each with its twin that never existed."""
    names = PARAMS.findall(page.path)
    given = [
        ["acme"] if name == "team" else [WORDS[name]] if name in WORDS else ids for name in names
    ]
    for values in itertools.product(*given):
        path = twin = page.path
        for name, value in zip(names, values, strict=True):
            path = path.replace(f"{{{name}}}", value)
            twin = twin.replace(f"{{{name}}}", _twin(value))
        yield path, twin


def _twin(value: str) -> str:
    if value in WORDS.values():
        return value
    if re.fullmatch(r"[a-z]-[0-9a-z]{20}", value):
        return f"{value[:2]}{'0' * 20}"
    return "nobody"


async def asked(browser: httpx2.AsyncClient, page: Page, path: str) -> httpx2.Response:
    if page.method == "GET":
        return await browser.get(path)
    return await browser.post(path, data=FORM)


async def leaks(browser: httpx2.AsyncClient, ids: list[str]) -> list[str]:
    """The addresses that tell a foreign id from one that never was, or say anything of it."""
    found = []
    for page in PAGES:
        if not PARAMS.search(page.path) or page.who is Who.ANYONE:
            continue
        for path, twin in addresses(page, ids):
            answer = await asked(browser, page, path)
            never = await asked(browser, page, twin)
            same = (answer.status_code, answer.content) == (never.status_code, never.content)
            if answer.status_code != 404 or not same:
                found.append(f"{page.method} {path}: {answer.status_code} {never.status_code}")
    return found


@pytest.mark.parametrize("who", [THEIRS, OTHER_OWNER, FORMER, EMPTY])
async def test_every_foreign_id_is_as_if_it_did_not_exist(
    filled: Filled, browsers: Browsers, who: str
) -> None:
    ids = filled.ids["acme"]
    if who == EMPTY:  # he may come to the team's automatic exports, and finds nothing there
        ids = [one for one in ids if one[:2] != "s-"]
    before = await _counted(filled.pages)
    found = await leaks(await browsers(who), ids)
    if who == EMPTY:
        found = [one for one in found if one.split()[1] != "/teams/acme/automatic:"]
    assert found == []
    assert await _counted(filled.pages) == before, "nothing was done either"


async def _counted(pages: Site) -> dict[str, int]:
    return await pages.app.records.counts("acme")


async def test_signed_out_every_page_leads_to_the_door(filled: Filled, browsers: Browsers) -> None:
    browser = await browsers()
    for page in PAGES:
        if page.who is Who.ANYONE:
            continue
        for path, _ in itertools.islice(addresses(page, filled.ids["acme"]), 3):
            answer = await asked(browser, page, path)
            if page.method == "GET":
                assert answer.status_code == 303, path
                assert answer.headers["location"].startswith("/sign-in?next="), path
            else:
                assert answer.status_code == 404, path


async def crawl(browser: httpx2.AsyncClient, *starts: str, most: int = 400) -> dict[str, bytes]:
    """Everything that can be reached by links and by forms that ask: address -> headers and body."""
    seen: dict[str, bytes] = {}
    queue = ["/", *starts]
    while queue and len(seen) < most:
        at = queue.pop(0)
        if at in seen:
            continue
        answer = await browser.get(at)
        heads = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
        seen[at] = heads.encode() + b"\n\n" + b"\n".join(_unpacked(answer.content))
        if "location" in answer.headers:
            queue.append(_local(at, answer.headers["location"]))
        if answer.headers.get("content-type", "").startswith("text/html"):
            links = re.findall(r'(?:href|src|formaction)="([^"]+)"', answer.text)
            queue += [_local(at, html.unescape(link)) for link in links]
    return {at: body for at, body in seen.items() if at}


def _local(at: str, link: str) -> str:
    full = urlsplit(urljoin(f"{URL}{at}", link))
    if full.scheme != "https" or f"https://{full.netloc}" != URL or full.path.startswith("/static"):
        return "/"
    return full.path + (f"?{full.query}" if full.query else "")


def _unpacked(content: bytes) -> Iterator[bytes]:
    yield content
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield from _unpacked(archive.read(name))


STARTS = (
    "/teams/{team}/documents?period=2026",
    "/teams/{team}/documents?period=2026&text={bird}",
    "/teams/{team}/documents?period=2026&new=1",
    *(f"/teams/{{team}}/download?period=2026&shape={shape}" for shape in ("zip", "csv", "xlsx")),
    "/teams/{team}/waiting",
    "/teams/{team}/automatic",
    "/teams/{team}/today",
)


def starts() -> list[str]:
    return [one.format(team=team, bird=bird) for one in STARTS for team, bird in CANARY.items()]


@pytest.mark.parametrize(
    ("who", "team", "foreign"),
    [
        (MINE, "acme", "other"),
        (THEIRS, "other", "acme"),
        (OWNER, "acme", "other"),
        (OTHER_OWNER, "other", "acme"),
        (FORMER, "other", "acme"),
    ],
)
async def test_no_answer_holds_a_foreign_canary(
    filled: Filled, browsers: Browsers, who: str, team: str, foreign: str
) -> None:
    seen = await crawl(await browsers(who), *starts())
    mine, theirs = CANARY[team].encode(), CANARY[foreign].encode()
    # What was asked for stands in the answer: as the text of the search, and nowhere else.
    asked_for = f'value="{CANARY[foreign]}"'.encode()
    other = {
        at: re.sub(rb"text=" + theirs, b"", body.replace(asked_for, b""))
        for at, body in seen.items()
    }
    assert [at for at, body in other.items() if theirs in body] == []
    found = [at for at, body in seen.items() if mine in body]
    assert any(at.endswith("/files/0") for at in found), "the crawl looks into what it finds"
    assert any("/download" in at for at in found)
    assert len(found) > 10


async def test_an_operator_reads_no_document(filled: Filled, browsers: Browsers) -> None:
    browser = await browsers(OPERATOR)
    for id_ in filled.ids["acme"]:
        for rest in ("", "/pages/1", "/files/0", "/pdf", "/proof"):
            assert (await browser.get(f"/documents/{id_}{rest}")).status_code == 404


async def test_without_the_condition_these_tests_would_be_red(
    filled: Filled, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browsing, "may_see", lambda *_: True)
    assert await leaks(await browsers(THEIRS), filled.ids["acme"][:1])
