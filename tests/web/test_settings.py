"""Settings of a team in the browser: checked, written to its file, in force at once, never over another's."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.app import App
from maild.store import trail
from tests.promised import PROMISED
from tests.web.conftest import ACCOUNTANT, OPERATOR, OTHER_OWNER, OWNER, WEB, Site
from tests.web.test_today import hand_in, of, text_of
from tests.web.test_told import letters

Browsers = Callable[..., Any]
SETTINGS = "/teams/acme/settings"
_SPLIT = PROMISED.index("[team.acme]")
ACME = "# Ours.\n" + PROMISED[_SPLIT:].replace(
    "[team.acme.recipients]", f'people = ["{OWNER}"]   # who sign in\n\n[team.acme.recipients]', 1
)


@dataclass
class Own(Site):
    """The site, with the file of Acme."""

    file: Path

    @property
    def text(self) -> str:
        return self.file.read_bytes().decode()


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Own]:
    config = tmp_path / "maild.toml"
    config.write_text(PROMISED[:_SPLIT] + WEB, "utf-8")
    file = tmp_path / "state" / "teams.d" / "acme.toml"
    file.parent.mkdir(parents=True)
    file.write_text(ACME, "utf-8")
    file.chmod(0o640)
    async with App.opened(config) as app:
        yield Own(app, file)


async def seen(browser: Any) -> str:
    found = re.search(r'name="seen" value="(\w+)"', await text_of(browser, SETTINGS))
    assert found
    return found[1]


async def change(browser: Any, part: str, mark: str = "", **form: Any) -> Any:
    fields = {"seen": mark or await seen(browser)} | form.pop("fields", {}) | form
    return await browser.post(f"{SETTINGS}/{part}", data=fields)


GENERAL = {
    "language": "nl",
    "digest": "daily 08:00",
    "people": OWNER,
}
COLOURS = {"branding.primary": "#12343b", "branding.accent": "#a8480f"}


async def test_a_change_is_written_in_its_place_and_holds_at_once(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    answer = await change(browser, "general", fields=GENERAL | {"language": "fr"})
    assert answer.headers["location"] == f"{SETTINGS}?done=general"
    assert pages.text == ACME.replace('language = "nl"', 'language = "fr"')
    assert pages.app.book.team("acme").language == "fr"
    assert pages.file.with_name("acme.toml.before").read_text("utf-8") == ACME
    assert pages.file.stat().st_mode & 0o777 == 0o640
    [kept] = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert (kept.step.actor, kept.step.action) == (OWNER, "settings.changed")
    assert kept.step.detail == "language = fr"


async def test_the_same_again_writes_nothing(pages: Own, browsers: Browsers) -> None:
    assert (await change(await browsers(OWNER), "general", fields=GENERAL)).status_code == 303
    assert pages.text == ACME
    assert not pages.file.with_name("acme.toml.before").exists()


async def test_who_looked_before_another_changed_it_writes_over_nothing(
    pages: Own, browsers: Browsers
) -> None:
    one, two = await browsers(OWNER), await browsers(OWNER)
    mark = await seen(two)
    await change(one, "general", fields=GENERAL | {"language": "fr"})
    after = pages.text
    answer = await change(two, "general", mark, fields=GENERAL | {"language": "en"})
    assert answer.status_code == 422
    assert "Somebody changed this meanwhile" in answer.text
    assert pages.text == after
    # Looked at again, it can be changed.
    assert (await change(two, "general", fields=GENERAL | {"language": "en"})).status_code == 303


@pytest.mark.parametrize(
    ("part", "fields", "field", "said"),
    [
        ("general", GENERAL | {"digest": "at dawn"}, "digest", "at dawn"),
        ("general", GENERAL | {"language": "xx"}, "language", '"xx" is not known'),
        ("colours", COLOURS | {"branding.primary": "red"}, "branding.primary", "is no colour"),
        ("general", GENERAL | {"people": f"{OWNER}\nnobody"}, "people", "nobody"),
        ("general", GENERAL | {"people": "else@acme.example"}, "people", "lock yourself out"),
        ("times", {"rules.0.when": "soonish"}, "rules.0.when", "soonish"),
        (
            "recipients",
            {"recipients.accountant.address": "no address"},
            "recipients.accountant.address",
            "no address",
        ),
        (
            "add",
            {"name": "extra", "address": "<i>x", "kinds": "invoice"},
            "new.address",
            "<i>x",
        ),
        (
            "texts",
            {"language": "nl", "kind": "invoice", "name": "text", "text": "{{ number.__class__ }}"},
            "branding.texts",
            "but not this (getattr)",
        ),
        (
            "texts",
            {"language": "nl", "kind": "invoice", "name": "text", "text": "{% for %}"},
            "branding.texts",
            "nl.invoice.text",
        ),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_nothing_is_written(
    pages: Own, browsers: Browsers, part: str, fields: dict[str, str], field: str, said: str
) -> None:
    answer = await change(await browsers(OWNER), part, fields=fields)
    assert answer.status_code == 422
    told = re.search(rf'id="wrong-{re.escape(field)}"[^>]*>([^<]*)<', answer.text)
    assert told, html.unescape(answer.text)
    assert said in html.unescape(told[1])
    assert "<i>x" not in answer.text
    assert pages.text == ACME


async def test_one_more_recipient_gets_what_was_chosen_at_its_time(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    form = {"name": "partner", "address": "partner@acme.example", "kinds": ["quote", "invoice"]}
    answer = await change(browser, "add", fields=form | {"profile": "mailbox", "when": "now"})
    assert answer.status_code == 303, html.unescape(answer.text)
    assert pages.text.startswith(ACME[: ACME.index("\n[[team")])
    id_ = await hand_in(pages, "F-1")
    assert "partner" in {one.recipient for one in await of(pages, id_)}
    assert (await change(browser, "remove", name="partner")).status_code == 303
    team = pages.app.book.team("acme")
    assert team.recipient("partner") is None
    assert not any("partner" in one.to for one in team.rules)


async def test_an_address_and_a_time_are_changed(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    await change(browser, "recipients", fields={"recipients.accountant.address": "bo@k.example"})
    await change(browser, "times", fields={"rules.1.when": "working days 18:00"})
    team = pages.app.book.team("acme")
    assert team.recipients[0].address == "bo@k.example"
    assert team.rules[1].when == "working days 18:00"
    assert (
        pages.text.replace("bo@k.example", "an@kantoor.example").replace(
            'when = "working days 18:00"\n', ""
        )
        == ACME
    )


async def test_packages_go_by_link_to_whom_the_team_says_so(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    field = "recipients.accountant.packages"
    assert f'name="{field}"' in await text_of(browser, SETTINGS)
    assert 'name="recipients.books.packages"' not in await text_of(browser, SETTINGS)
    await change(browser, "recipients", fields={field: "link"})
    assert pages.app.book.team("acme").recipients[0].by_link
    assert '<option value="link" selected>' in await text_of(browser, SETTINGS)
    answer = await change(browser, "recipients", fields={"recipients.books.packages": "link"})
    assert answer.status_code == 422
    assert "yuki is no person" in answer.text
    await change(browser, "recipients", fields={field: ""})
    assert pages.text == ACME


async def test_a_text_is_put_over_ours_and_taken_back(pages: Own, browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    text = 'Dag,\r\n\r\n"hier" is {{ number }} \\ <b>'
    form = {"language": "nl", "kind": "invoice", "name": "text", "text": text}
    answer = await change(browser, "texts", fields=form)
    assert answer.status_code == 303, html.unescape(answer.text)
    kept = dict(pages.app.book.team("acme").branding.texts)
    assert kept == {"nl.invoice.text": text.replace("\r\n", "\n")}
    shown = (await browser.get(SETTINGS)).text
    assert "<b>" not in shown
    await change(browser, "texts", fields={"branding.texts.nl.invoice.text": ""})
    assert pages.app.book.team("acme").branding.texts == ()


async def test_the_others_of_a_team_are_told_of_changed_settings(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    more = GENERAL | {"people": f"{OWNER}\n{ACCOUNTANT}\n{OPERATOR}"}
    assert (await change(browser, "general", fields=more)).status_code == 303
    assert (
        await change(browser, "general", fields=GENERAL | {"language": "fr"})
    ).status_code == 303
    assert await letters(pages) == []
    told = await letters(pages, ACCOUNTANT)
    assert len(told) == 2, "who is taken out is told of that too"
    assert told[0][0] == "Instellingen van Acme BV zijn gewijzigd"
    said = f"{OWNER} heeft instellingen van Acme BV gewijzigd: people = {OWNER}, {ACCOUNTANT}"
    assert said in " ".join(told[0][1].split())
    assert "language = fr" in told[1][1]


async def test_what_the_operator_keeps_cannot_be_changed_here(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    for fields in ({"from": "x@evil.example"}, {"addresses": "x@evil.example"}, {"mode": "live"}):
        await change(browser, "general", fields=GENERAL | fields)
        await change(browser, "recipients", fields={"recipients.accountant.via": "other"})
    assert pages.text == ACME
    assert (await change(browser, "connector", fields=GENERAL)).status_code == 404


async def test_a_team_that_is_written_elsewhere_is_shown_only(
    tmp_path: Path, browsers: Browsers, pages: Own
) -> None:
    browser = await browsers(OTHER_OWNER)
    page = await text_of(browser, "/teams/other/settings")
    assert "These settings are shown only." in page
    assert "teams.d/other.toml" in page
    before = (tmp_path / "maild.toml").read_text("utf-8")
    answer = await browser.post(
        "/teams/other/settings/general", data={"seen": "", "language": "fr", "people": OTHER_OWNER}
    )
    assert answer.status_code == 422
    assert (tmp_path / "maild.toml").read_text("utf-8") == before
    assert pages.text == ACME


@pytest.mark.parametrize("who", [OTHER_OWNER, ACCOUNTANT])
async def test_settings_of_others_do_not_exist(pages: Own, browsers: Browsers, who: str) -> None:
    await pages.linked("acme", ACCOUNTANT)
    mark = await seen(await browsers(OWNER))
    browser = await browsers(who)
    assert (await browser.get(SETTINGS)).status_code == 404
    answer = await change(browser, "general", mark, fields=GENERAL | {"language": "fr"})
    assert answer.status_code == 404
    assert pages.text == ACME


async def test_what_is_wrong_is_told_in_the_language_of_the_page(
    pages: Own, browsers: Browsers
) -> None:
    browser = await browsers(OWNER)
    await browser.post("/account/language", data={"language": "nl"})
    answer = await change(browser, "general", fields=GENERAL | {"people": "else@acme.example"})
    assert "anders sluit u uzelf buiten" in answer.text
    mark = await seen(browser)
    await change(browser, "general", fields=GENERAL | {"language": "fr"})
    answer = await change(browser, "general", mark, fields=GENERAL)
    assert "Iemand anders heeft dit intussen gewijzigd" in answer.text
    for form, said in (
        ({"name": "extra"}, "kies minstens één soort"),
        ({"name": "X Y", "kinds": "invoice"}, "Die naam kan niet"),
        ({"name": "owner", "kinds": "invoice"}, "Er is al een ontvanger"),
    ):
        answer = await change(browser, "add", address="a@b.example", fields=form)
        assert answer.status_code == 422
        assert said in answer.text
