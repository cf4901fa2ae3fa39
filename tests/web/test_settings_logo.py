"""A team's logo comes by its settings, lies beside its file, and is on the next page that is made."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from PIL import Image

from maild.render.logo import read_logo
from maild.store import trail
from tests.builders_bill import a_bill
from tests.reading.test_logo import SVG, a_mark, claims, saved
from tests.web.conftest import ACCOUNTANT, HOST, OTHER_OWNER, OWNER
from tests.web.test_settings import ACME, SETTINGS, Own, change, pages, seen
from tests.web.test_today import text_of

__all__ = ["pages"]  # the fixture: a site whose Acme has a file of its own
Browsers = Callable[..., Any]


async def send(browser: Any, content: bytes, *, name: str = "logo.png", mark: str = "") -> Any:
    form = {"seen": mark or await seen(browser)}
    return await browser.post(f"{SETTINGS}/logo", data=form, files={"logo": (name, content)})


def in_folder(pages: Own) -> list[str]:
    return sorted(one.name for one in pages.file.parent.iterdir() if "logo" in one.name)


async def test_a_logo_is_shown_kept_and_printed(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    before = await pages.app.renderer.pdf(
        a_bill(), branding=pages.app.book.team("acme").branding, language="nl"
    )
    assert (await browser.get(f"{SETTINGS}/logo.png")).status_code == 404
    answer = await send(browser, saved(a_mark(), "JPEG"))
    assert answer.headers["location"] == f"{SETTINGS}?done=logo#looks"
    [name] = in_folder(pages)
    assert pages.text == ACME + f'\n[team.acme.branding]\nlogo = "{name}"\n'
    branding = pages.app.book.team("acme").branding
    assert branding.logo == str(pages.file.parent / name)
    assert pages.file.with_name(name).stat().st_mode & 0o777 == 0o640
    shown = await browser.get(f"{SETTINGS}/logo.png")
    assert shown.headers["content-type"] == "image/png"
    assert shown.content == pages.file.with_name(name).read_bytes()
    assert f'src="{SETTINGS}/logo.png"' in await text_of(browser, SETTINGS)
    after = await pages.app.renderer.render(a_bill(), branding=branding, language="nl")
    assert after.remarks == ()
    assert b"/Subtype /Image" not in before
    assert b"/Subtype /Image" in after.content
    [kept] = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert kept.step.detail == f"branding.logo = {name}"


async def test_the_one_before_is_kept_and_those_before_it_are_not(
    pages: Own, browsers: Browsers
) -> None:
    browser, names = await browsers(OWNER), []
    for width in (300, 301, 302):
        await send(browser, saved(a_mark(size=(width, 100))))
        names.append(pages.app.book.team("acme").branding.logo)
    assert in_folder(pages) == sorted(str(one).rpartition("/")[2] for one in names[1:])


async def test_a_logo_is_taken_out_again(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    await send(browser, saved(a_mark()))
    assert (await change(browser, "no-logo")).status_code == 303
    assert pages.app.book.team("acme").branding.logo is None
    assert "there is no logo yet" in (await text_of(browser, SETTINGS)).lower()


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "A drawing (SVG) is not taken."),
        ("nl", "Een tekening (SVG) wordt niet aanvaard."),
        ("fr", "Un dessin (SVG) n’est pas accepté."),
    ],
)
async def test_a_drawing_is_refused_in_the_language_of_the_page(
    pages: Own, browsers: Browsers, language: str, said: str
) -> None:
    browser = await browsers(OWNER)
    await browser.post("/account/language", data={"language": language})
    answer = await send(browser, SVG, name="logo.png")
    assert answer.status_code == 422
    assert said in answer.text
    assert 'id="wrong-branding.logo"' in answer.text
    assert pages.text == ACME
    assert in_folder(pages) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "this one is empty"),
        (claims(20_000, 20_000), "more than 25 million pixels"),
        (bytes(3 << 20), "more than 1 MB"),
        (b"\xff\xd8\xffGIF89a", "cannot be read"),
        (b"%PDF-1.7", "no PNG or JPEG"),
    ],
    ids=["nothing", "400 million dots", "3 MB", "no JPEG", "a PDF"],
)
async def test_what_is_no_logo_changes_nothing(
    pages: Own, browsers: Browsers, content: bytes, said: str
) -> None:
    answer = await send(await browsers(OWNER), content)
    assert answer.status_code == 422
    assert said in answer.text
    assert (pages.text, in_folder(pages)) == (ACME, [])


async def test_more_than_the_page_takes_is_not_read(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    answer = await send(browser, bytes(9 << 20))
    assert answer.status_code == 413
    # Other pages of the settings take no more than before.
    answer = await browser.post(f"{SETTINGS}/general", data={"people": "x" * 70_000})
    assert answer.status_code == 413


async def test_a_form_of_another_site_sends_no_logo(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    mark = await seen(browser)
    browser.headers["sec-fetch-site"] = "cross-site"
    answer = await send(browser, saved(a_mark()), mark=mark)
    assert answer.status_code == 403
    del browser.headers["sec-fetch-site"]
    browser.headers["origin"] = f"https://not-{HOST}"
    assert (await send(browser, saved(a_mark()), mark=mark)).status_code == 403
    assert in_folder(pages) == []


@pytest.mark.parametrize("who", [ACCOUNTANT, OTHER_OWNER])
async def test_nobody_else_sends_or_sees_it(pages: Own, browsers: Browsers, who: str) -> None:
    await pages.linked("acme", ACCOUNTANT)
    owner = await browsers(OWNER)
    await send(owner, saved(a_mark()))
    mark = await seen(owner)
    browser = await browsers(who)
    assert (await send(browser, saved(a_mark(size=(40, 40))), mark=mark)).status_code == 404
    for name in ("logo.png", "sample.png"):
        assert (await browser.get(f"{SETTINGS}/{name}")).status_code == 404
    assert len(in_folder(pages)) == 1


async def test_who_sends_over_a_change_of_another_leaves_nothing_behind(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    mark = await seen(browser)
    await send(browser, saved(a_mark()))
    answer = await send(browser, saved(a_mark(size=(300, 100))), mark=mark)
    assert "Somebody changed this meanwhile" in answer.text
    assert len(in_folder(pages)) == 1


async def test_a_logo_that_the_operator_chose_is_named_and_not_shown(
    pages: Own, browsers: Browsers
) -> None:
    elsewhere = pages.file.parent.parent / "huis.svg"
    elsewhere.write_bytes(SVG)
    table = f'\n[team.acme.branding]\nlogo = "{elsewhere}"\n'
    pages.file.write_text(ACME + table, "utf-8")
    pages.app.reload()
    browser = await browsers(OWNER)
    assert "huis.svg" in await text_of(browser, SETTINGS)
    assert (await browser.get(f"{SETTINGS}/logo.png")).status_code == 404


async def test_a_page_is_drawn_as_it_looks_now(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)

    async def drawn() -> Image.Image:
        answer = await browser.get(f"{SETTINGS}/sample.png")
        assert answer.headers["content-type"] == "image/png"
        return Image.open(io.BytesIO(answer.content)).convert("L").crop((0, 0, 500, 200))

    before = await drawn()
    await send(browser, saved(a_mark()))
    after = await drawn()
    assert before.size == after.size == (500, 200)
    assert before.tobytes() != after.tobytes()
    name = pages.app.book.team("acme").branding.logo
    assert read_logo(pages.file.with_name(str(name).rpartition("/")[2]).read_bytes()).width > 0
