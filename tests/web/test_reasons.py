"""Pages say in their own language why something waits, failed or was refused; only quotes are foreign."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake.desk import Submission
from maild.model.delivery import HoldCode, State
from maild.model.said import Said
from maild.reading.wrap import wrap
from maild.store import deliveries
from tests.web.conftest import OPERATOR, OWNER, Site
from tests.web.test_today import hand_in, of, refuse, text_of

Browsers = Callable[..., Any]
NO = "550 5.1.1 <an@kantoor.example>: no such user"
# What maild writes into its rows, and no page in another language may show outside a quote.
ENGLISH = re.compile(r"refused:|said no:|held by|cancelled by|in the mail|is no |may have arrived")


async def page_in(browser: Any, path: str, language: str) -> str:
    await browser.post("/account/language", data={"language": language})
    return await text_of(browser, path)


def unquoted(page: str) -> str:
    """The page without what is quoted, and without its trail of addresses."""
    return re.sub(
        r'<q lang="en".*?</q>|<details class="raw">.*?</details>', "", page, flags=re.DOTALL
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "Die mailbox bestaat niet."),
        ("fr", "Cette boîte aux lettres n’existe pas."),
        ("en", "There is no such mailbox."),
    ],
)
async def test_a_refusal_of_a_server_is_told_and_its_words_are_quoted(
    pages: Site, browsers: Browsers, language: str, words: str
) -> None:
    id_ = await hand_in(pages, "F-1")
    await refuse(pages, (await of(pages, id_))[0], reply=NO, state=State.FAILED)
    for who, paths in (
        (OWNER, ("/teams/acme/today", f"/documents/{id_}")),
        (OPERATOR, ("/operator", "/operator/out", f"/operator/documents/{id_}")),
    ):
        browser = await browsers(who)
        for path in paths:
            page = await page_in(browser, path, language)
            assert words in page, path
            assert f'<q lang="en">{NO}</q>' in page, path
            if language != "en":
                assert not ENGLISH.search(unquoted(page)), path


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "De cijfers in het bestand worden niet geloofd."), ("fr", "ne sont pas crus.")],
)
async def test_a_hold_is_told_and_what_the_log_says_is_quoted(
    pages: Site, browsers: Browsers, language: str, words: str
) -> None:
    id_ = await hand_in(pages, "F-1")
    for one in await of(pages, id_):
        held = partial(
            deliveries.hold,
            id=one.id,
            now=pages.app.actions.now(),
            reason="the XML says 212.00 <EUR>",
            code=HoldCode.UNTRUSTED,
        )
        await pages.app.db.write(held)
    browser = await browsers(OWNER)
    for path in ("/teams/acme/today", f"/documents/{id_}"):
        page = await page_in(browser, path, language)
        assert words in page
        assert '<q lang="en">the XML says 212.00 <EUR></q>' in page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("nl", "rekening BE38 9994; Noord BV gebruikte tot nu toe BE71 0961"),
        ("fr", "compte BE38 9994 ; Noord BV utilisait jusqu’ici BE71 0961"),
        ("en", "the account BE38 9994 was never one of Noord BV"),
    ],
)
async def test_a_hold_of_ours_is_told_with_what_it_is_about(
    pages: Site, browsers: Browsers, language: str, words: str
) -> None:
    id_ = await hand_in(pages, "F-1")
    english = "the account BE38 9994 was never one of Noord BV"
    facts = {"account": "BE38 9994", "name": "Noord BV", "used": "BE71 0961"}
    for one in await of(pages, id_):
        held = partial(
            deliveries.hold,
            id=one.id,
            now=pages.app.actions.now(),
            reason=Said("other_account", english, **facts),
            code=HoldCode.NEW_ACCOUNT,
        )
        await pages.app.db.write(held)
    for who, paths in (
        (OWNER, ("/teams/acme/today", f"/documents/{id_}")),
        (OPERATOR, ("/operator", "/operator/out", f"/operator/documents/{id_}")),
    ):
        browser = await browsers(who)
        for path in paths:
            page = await page_in(browser, path, language)
            assert words in page, path
            assert (english in page) is (language == "en"), path


@pytest.mark.parametrize(
    ("language", "words"),
    [("nl", "In de mail zit geen bestand."), ("fr", "Le mail ne contient aucun fichier.")],
)
async def test_a_mail_that_was_refused_is_told(
    pages: Site, browsers: Browsers, language: str, words: str
) -> None:
    raw = wrap([])
    mail = Submission(
        team="acme", door="smtp", raw=raw, received_at=pages.app.actions.now(), tag=None
    )
    with suppress(DocumentError):
        await pages.app.desk.accept(mail)
    for who, path in ((OWNER, "/teams/acme/today"), (OPERATOR, "/operator/in")):
        page = await page_in(await browsers(who), path, language)
        assert words in page
        assert not ENGLISH.search(unquoted(page))
