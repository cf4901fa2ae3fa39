"""The operator sees what holds, which line says so, and what the files say by now."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from maild.store import trail
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER, Site
from tests.web.test_today import text_of

Browsers = Callable[..., Any]
SETTINGS = "/operator/settings"


def rows(text: str) -> dict[str, tuple[str, str]]:
    """Each key of the page with its value and its source."""
    found = {}
    for section in text.split('<section aria-labelledby="s-')[1:]:
        name = re.search(r'class="code">\[(.*?)\]</h2>', section)
        assert name
        for row in re.findall(r"<tr.*?</tr>", section, re.DOTALL)[1:]:
            cells = [re.sub(r"<[^>]+>", "", one) for one in re.findall(r"<t[hd].*?</t[hd]>", row)]
            found[f"{name[1]}.{cells[0]}"] = (cells[1], cells[2].rpartition("/")[2])
    return found


def write(pages: Site, old: str, new: str) -> None:
    path = pages.app.config_path
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


async def test_every_value_is_shown_with_the_line_that_says_it(
    pages: Site, browsers: Browsers
) -> None:
    text = await text_of(await browsers(OPERATOR), SETTINGS)
    found, lines = rows(text), pages.app.config_path.read_text("utf-8").splitlines()
    value, source = found["web.operators"]
    assert value == f'["{OPERATOR}"]'
    assert lines[int(source.partition(":")[2]) - 1] == f'operators = ["{OPERATOR}"]'
    assert found["smtpd.max_recipients"] == ("100", "default")
    assert '<span aria-hidden="true">✕</span> error' not in text


async def test_a_word_finds_keys_values_and_files(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OPERATOR)
    found = rows(await text_of(browser, f"{SETTINGS}?q=IDLE"))
    assert set(found) == {"smtpd.idle_timeout"}
    found = rows(await text_of(browser, f"{SETTINGS}?q=team.other&said=1"))
    assert found["team.other.name"][0] == '"Other NV"'
    assert all(source != "default" for _, source in found.values())
    assert "No value fits that." in await text_of(browser, f"{SETTINGS}?q=<b>nowhere")


async def test_what_a_reload_and_a_restart_would_change_is_told(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    assert "does not hold yet" not in await text_of(browser, SETTINGS)
    write(pages, 'name = "Other NV"', 'name = "Another NV"')
    write(pages, "[web]\n", '[web]\nsecond_factor = "optional"\n')
    text = await text_of(browser, SETTINGS)
    assert re.search(r"changed</span> <span class=\"code\">other<", text)
    assert re.search(r'web.second_factor <span class="dim">[^<]*maild.toml:\d+<', text)
    assert '<del>"required"</del>' in text
    assert '<ins>"optional"</ins>' in text
    # What is shown below is what holds.
    assert rows(text)["web.second_factor"][0] == '"required"'
    pages.app.reload()
    text = await text_of(browser, SETTINGS)
    assert 'class="code">other<' not in text
    assert "<del>" in text


async def test_a_broken_team_keeps_its_rules_and_a_broken_file_everything(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    write(pages, 'to = ["office"]', 'to = ["ofice"]')
    text = await text_of(browser, SETTINGS)
    assert '"ofice" is no recipient' in text
    assert "the rules before stay" in text
    write(pages, "[web]\n", "[web]\nsecond_fact = 1\n")
    text = await text_of(browser, SETTINGS)
    assert "maild takes over nothing" in text
    assert "second_fact" in text
    pages.app.config_path.unlink()
    assert "there is no configuration file" in await text_of(browser, SETTINGS)


async def test_a_button_reads_teams_and_rules_again(pages: Site, browsers: Browsers) -> None:
    browser = await browsers(OPERATOR)
    write(pages, 'name = "Other NV"', 'name = "Another NV"')
    answer = await browser.post(SETTINGS)
    assert answer.status_code == 200
    assert "This holds now: other." in answer.text
    assert 'class="code">other<' not in answer.text, "it waits no longer"
    assert pages.app.book.team("other").name == "Another NV"
    assert "Nothing changes for the companies" in (await browser.post(SETTINGS)).text
    newest, before = await steps(pages)
    assert (newest.actor, newest.action, newest.detail) == (
        OPERATOR,
        "settings.reloaded",
        "nothing changed",
    )
    assert before.detail == "other"


async def test_the_button_names_file_and_key_of_what_is_wrong_and_keeps_the_rules_of_before(
    pages: Site, browsers: Browsers
) -> None:
    browser = await browsers(OPERATOR)
    team = pages.app.book.team("other")
    write(pages, 'to = ["office"]', 'to = ["ofice"]')
    write(pages, 'name = "Acme BV"', 'name = "Acme Group BV"')
    answer = await browser.post(SETTINGS)
    assert answer.status_code == 422
    assert "This holds now: acme." in answer.text
    assert "what held before stays" in answer.text
    assert re.search(r"maild.toml:\d+: team\.other\.rules\[\d\]\.to.*ofice", answer.text)
    assert pages.app.book.team("other") == team
    [newest, _] = await steps(pages)
    assert newest.detail == "acme; 1 wrong, the rules before stay"
    pages.app.config_path.unlink()
    answer = await browser.post(SETTINGS)
    assert answer.status_code == 422
    assert "there is no configuration file" in answer.text
    assert pages.app.book.team("other") == team


async def steps(pages: Site) -> list[trail.Step]:
    """The newest two of the trail, the newest first."""
    return [one.step for one in await pages.app.db.read(partial(trail.page, limit=2))]


async def test_it_is_for_the_operator_alone(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    write(pages, 'name = "Other NV"', 'name = "Another NV"')
    for who in (OWNER, ACCOUNTANT):
        browser = await browsers(who)
        assert (await browser.get(SETTINGS)).status_code == 404
        assert (await browser.post(SETTINGS)).status_code == 404
    assert pages.app.book.team("other").name == "Other NV"
