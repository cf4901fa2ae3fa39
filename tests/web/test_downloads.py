"""Many documents at once: what is in a package, who may take one, how many, and for how long."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import httpx2
import pytest

from maild.model.access import Right
from maild.partners import downloads
from maild.store import trail
from maild.web import sending
from maild.web.sending import RightEnded, attachment
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, Site
from tests.web.test_documents import BOUGHT, fill, fill_bought

Browsers = Callable[..., Any]
TAKE = "/teams/acme/download?period=2026-Q4"
DAY = date(2026, 10, 1)


def packed(answer: httpx2.Response) -> dict[str, bytes]:
    """The files of a package by name."""
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def numbers(answer: httpx2.Response) -> list[str]:
    return [one["number"] for one in json.loads(packed(answer)["index.json"])["documents"]]


async def test_a_package_holds_what_the_list_shows(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-1", "F-2", issued_on=DAY)
    await fill(pages, "F-3", issued_on=date(2026, 9, 30))
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(TAKE)
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="acme_2026-Q4.zip"' in answer.headers["content-disposition"]
    assert sorted(numbers(answer)) == ["F-1", "F-2"]
    files = packed(answer)
    assert sum(one.endswith(".pdf") for one in files) == 2, "made where none came along"
    assert numbers(await browser.get(f"{TAKE}&text=f-2")) == ["F-2"]


async def test_only_the_chosen_are_in_it_and_nothing_is_said_of_the_others(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    ids = await fill(pages, "F-1", "F-2", "F-3", issued_on=DAY)
    await fill_bought(pages)
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(f"{TAKE}&document={ids[0]}&document={ids[2]}")
    assert sorted(numbers(answer)) == ["F-1", "F-3"]
    index = json.loads(packed(answer)["index.json"])
    assert index["left_out"] == []
    assert index["gaps"] == []


@pytest.mark.parametrize("shape", ["zip", "csv", "xlsx"])
async def test_a_link_for_sales_takes_no_purchases_with_it(
    pages: Site, browsers: Browsers, shape: str
) -> None:
    await pages.linked("acme", ACCOUNTANT, Right.SALES, Right.EXPORT)
    await fill(pages, "F-1", issued_on=DAY)
    bought = await fill_bought(pages)
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(f"{TAKE}&shape={shape}")
    assert answer.status_code == 200
    inside = packed(answer) if shape != "csv" else {"": answer.content}
    assert not [name for name, one in inside.items() if BOUGHT.encode() in one or BOUGHT in name]
    chosen = await browser.get(f"{TAKE}&shape={shape}&document={bought}")
    assert chosen.status_code == 422
    assert "there is nothing in it" in chosen.text


async def test_the_list_comes_as_csv_in_the_readers_way_of_writing(
    pages: Site, browsers: Browsers
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-1", issued_on=DAY)
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(f"{TAKE}&shape=csv")
    assert 'filename="acme_2026-Q4.csv"' in answer.headers["content-disposition"]
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=","))
    assert [row for row in rows if "F-1" in row]


@pytest.mark.parametrize(
    ("rights", "team"),
    [((Right.SALES, Right.PURCHASE), "acme"), (tuple(Right), "other"), (tuple(Right), "none")],
    ids=["no right to export", "a foreign team", "no team"],
)
async def test_who_may_not_take_is_told_that_there_is_no_such_page(
    pages: Site, browsers: Browsers, rights: tuple[Right, ...], team: str
) -> None:
    await pages.linked("acme", ACCOUNTANT, *rights)
    await fill(pages, "F-1", issued_on=DAY)
    browser = await browsers(ACCOUNTANT)
    answer = await browser.get(f"/teams/{team}/download?period=2026-Q4")
    assert answer.status_code == 404
    assert "download?" not in (await browser.get("/teams/acme/documents")).text


async def test_an_owner_takes_his_own_and_a_foreign_one_nothing(
    pages: Site, browsers: Browsers
) -> None:
    await fill(pages, "F-1", issued_on=DAY)
    mine, foreign = await browsers(OWNER), await browsers(OTHER_OWNER)
    assert numbers(await mine.get(TAKE)) == ["F-1"]
    assert (await foreign.get(TAKE)).status_code == 404
    assert "/teams/acme/download" in (await mine.get("/teams/acme/documents?period=2026-Q4")).text


async def test_an_hour_has_only_so_many_packages_for_a_whole_office(
    pages: Site, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "AN_HOUR", 2)
    await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-1", issued_on=DAY)
    browser = await browsers(ACCOUNTANT)
    again = await browsers(ACCOUNTANT)
    csv_list = f"{TAKE}&shape=csv"
    answers = [await one.get(csv_list) for one in (browser, again, browser)]
    assert [one.status_code for one in answers] == [200, 200, 422]
    assert "2 packages in an hour" in answers[-1].text
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    taken = [one.step for one in steps if one.step.action == "documents.exported"]
    assert [one.detail for one in taken] == ["1 documents of 2026-Q4, csv"] * 2
    assert taken[0].actor == ACCOUNTANT


async def test_a_download_ends_in_the_middle_when_its_right_ends(
    pages: Site, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "_AT_ONCE", 100)
    monkeypatch.setattr(sending, "_LOOK_AGAIN", 200)
    link = await pages.linked("acme", ACCOUNTANT)
    await fill(pages, "F-1", issued_on=DAY)
    browser, owner = await browsers(ACCOUNTANT), await browsers(OWNER)
    assert (await browser.get(f"{TAKE}&shape=csv")).status_code == 200
    asked = 0
    whole = sending._pieces

    async def slow(*given: Any) -> Any:
        nonlocal asked
        async for piece in whole(*given):
            asked += 1
            if asked == 2:
                assert (await owner.post(f"/links/{link}/end")).status_code == 303
            yield piece

    monkeypatch.setattr(sending, "_pieces", slow)
    with pytest.raises(RightEnded):
        await browser.get(f"{TAKE}&shape=csv")
    assert asked == 2, "nothing more after the right had ended"


async def test_a_file_is_let_go_when_the_browser_leaves() -> None:
    closed = []

    async def holds() -> bool:
        return True

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    answer = attachment(
        "a", b"x", media_type="text/csv", holds=holds, close=lambda: closed.append(1)
    )
    await answer({"type": "http", "path": "/", "method": "GET"}, receive, send)
    assert closed == [1]
