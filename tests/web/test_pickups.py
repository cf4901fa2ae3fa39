"""Links to packages on the pages: good until they are over, and then a page that says what to do."""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild import keeping, teams
from maild.app import App
from maild.errors import NotFound, ProfileMismatch, UserError
from maild.model.delivery import Delivery
from maild.model.export import Choice
from maild.model.pickup import Pickup
from maild.model.team import Attach
from maild.outbox.pickup import PATH, Links
from maild.render.link_letter import link_letter
from maild.store import deliveries, documents, packages, pickups
from maild.store.database import Tx
from maild.web.site import PAGES
from tests.builders_pdf import a_pdf
from tests.promised import PROMISED
from tests.web.conftest import OTHER_OWNER, OWNER, URL, WEB, Site
from tests.web.test_today import hand_in, in_trail, text_of

Browsers = Callable[..., Any]
LISTED = "/teams/acme/exports"
RECIPIENT = 'address = "an@kantoor.example", profile = "mailbox"'
CONFIG = PROMISED.replace(RECIPIENT, f'{RECIPIENT}, packages = "link"').replace(
    "[team.acme.recipients]", f'people = ["{OWNER}"]\n\n[team.acme.recipients]'
)


@dataclass
class Hands:
    """A clock that stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def pages(tmp_path: Path, hands: Hands) -> AsyncIterator[Site]:
    """The site; the accountant of Acme gets links."""
    config = tmp_path / "maild.toml"
    config.write_text(CONFIG + WEB, "utf-8")
    async with App.opened(config, now=hands) as app:
        yield Site(app)


async def packed(pages: Site) -> Delivery:
    """A package on its way to the accountant."""
    await hand_in(pages, "F-1", issued_on=date(2026, 10, 1))
    sent = await pages.app.exports.send("acme", "2026-10", choice=Choice(), to=["accountant"])
    [shown] = sent["deliveries"]
    return await pages.app.db.read(partial(deliveries.get, id=shown["id"]))


async def linked(pages: Site, delivery: Delivery, *, links: Links | None = None) -> str:
    """The path of the link that the mail of a delivery carries, as its composer makes it."""
    links = links or Links(URL, pages.app.house.secrets)
    one = await links.of(pages.app.db, delivery, now=pages.app.now())
    await pages.app.db.write(partial(pickups.add, one=one))
    team = pages.app.book.team("acme")
    document = await pages.app.db.read(partial(documents.get, id=delivery.document or ""))
    recipient = team.recipient("accountant")
    assert recipient
    make = partial(link_letter, document, team=team, recipient=recipient, until=one.expires_at)
    goes, stays = links.letters(one, lambda url: make(url=url))
    [url] = re.findall(rf"{URL}{PATH}/\S+", goes.text)
    assert goes.text.replace(url, "") == stays.text.replace(f"{URL}{PATH}/{'x' * 43}", "")
    return str(url).removeprefix(URL)


async def only(pages: Site) -> Pickup:
    [one] = await pages.app.pickups.listed(team="acme")
    return one


async def test_looking_changes_nothing_and_each_download_is_counted_and_told(
    pages: Site, browsers: Browsers
) -> None:
    delivery = await packed(pages)
    assert delivery.attach == (Attach.LINK,)
    path, browser = await linked(pages, delivery), await browsers()
    for _ in range(3):
        answer = await browser.get(path)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "It can be downloaded 5 times more." in answer.text
        assert (await browser.head(path)).status_code == 200
    assert (await only(pages)).taken == 0
    taken = await browser.post(path, data={"file": "0"})
    assert taken.content.startswith(b"PK")
    assert taken.headers["content-type"] == "application/zip"
    assert (await only(pages)).taken == 1
    one = await only(pages)
    assert (f"link {one.id}", "package.taken", one.document) in await in_trail(pages)
    story = (await pages.app.records.show(one.document))["story"]
    assert [each["event"] for each in story][-1] == "package.taken"


async def test_a_link_is_good_to_the_last_moment_and_gone_at_the_next(
    pages: Site, browsers: Browsers, hands: Hands
) -> None:
    path, browser = await linked(pages, await packed(pages)), await browsers()
    ends = (await only(pages)).expires_at
    assert ends == hands.at + timedelta(hours=24)
    hands.at = ends - timedelta(microseconds=1)
    assert (await browser.get(path)).status_code == 200
    assert (await browser.post(path, data={"file": "0"})).status_code == 200
    hands.at = ends
    for answer in (await browser.get(path), await browser.post(path, data={"file": "0"})):
        assert answer.status_code == 410
        assert "that time is over" in answer.text
        assert "Ask Acme BV to send it again." in answer.text
    assert (await only(pages)).taken == 1


async def test_a_link_gives_no_more_downloads_than_it_may(pages: Site, browsers: Browsers) -> None:
    links = Links(URL, pages.app.house.secrets, most=2)
    path, browser = await linked(pages, await packed(pages), links=links), await browsers()
    codes = [(await browser.post(path, data={"file": "0"})).status_code for _ in range(4)]
    assert codes == [200, 200, 410, 410]
    assert "as often as the link allows" in (await browser.get(path)).text
    assert (await only(pages)).taken == 2


async def test_what_was_never_a_link_or_a_file_of_one_is_not_there(
    pages: Site, browsers: Browsers
) -> None:
    path, browser = await linked(pages, await packed(pages)), await browsers()
    one = await only(pages)
    for wrong in (one.id, one.token, one.document, path[-43:].swapcase(), "x" * 43, "%00", "é"):
        assert (await browser.get(f"{PATH}/{wrong}")).status_code == 404, wrong
        assert (await browser.post(f"{PATH}/{wrong}", data={"file": "0"})).status_code == 404
    for file in ("1", "-1", "x", "", "99999999"):
        assert (await browser.post(path, data={"file": file})).status_code == 404
    assert (await only(pages)).taken == 0
    strange = await browsers(**{"sec-fetch-site": "cross-site"})
    assert (await strange.post(path, data={"file": "0"})).status_code == 403


async def test_its_owner_ends_a_link_and_nobody_else_can(pages: Site, browsers: Browsers) -> None:
    path, browser = await linked(pages, await packed(pages)), await browsers()
    one = await only(pages)
    end = f"{LISTED}/links/{one.id}/revoke"
    other = await browsers(OTHER_OWNER)
    for address in (end, end.replace("acme", "other")):
        assert (await other.post(address)).status_code == 404
    assert (await browser.get(path)).status_code == 200
    owner = await browsers(OWNER)
    assert "End the link" in await text_of(owner, LISTED)
    assert (await owner.post(end)).headers["location"] == LISTED
    assert (await owner.post(end)).status_code == 303  # twice is once
    gone = await browser.get(path)
    assert gone.status_code == 410
    assert "Whoever sent the link has ended it." in gone.text
    assert "was ended" in await text_of(owner, LISTED)
    told = await text_of(owner, f"/documents/{one.document}")
    assert "Link ended, of</strong> <span>an@kantoor.example" in told
    assert [step for step in await in_trail(pages) if step[1] == "link.revoked"] == [
        (OWNER, "link.revoked", one.document)
    ]


async def test_a_mail_that_goes_again_has_its_link_until_that_is_over(
    pages: Site, hands: Hands
) -> None:
    delivery = await packed(pages)
    path = await linked(pages, delivery)
    assert await linked(pages, delivery) == path
    hands.at += timedelta(hours=24)
    with pytest.raises(ProfileMismatch, match="maild documents resend"):
        await linked(pages, delivery)
    with pytest.raises(ProfileMismatch, match="no pages are served"):
        await linked(pages, delivery, links=Links("", pages.app.house.secrets))


@pytest.mark.parametrize("language", ["nl", "fr", "en"])
async def test_the_page_speaks_the_language_of_the_browser(
    pages: Site, browsers: Browsers, language: str
) -> None:
    path = await linked(pages, await packed(pages))
    text = (await (await browsers(**{"accept-language": language})).get(path)).text
    said = {"nl": "Downloaden", "fr": "Télécharger", "en": "Download"}[language]
    assert f'<html lang="{language}">' in text
    assert f">{said}</button>" in text


async def test_another_language_is_chosen_on_the_page_itself(
    pages: Site, browsers: Browsers
) -> None:
    path, browser = await linked(pages, await packed(pages)), await browsers()
    assert f'name="back" value="{path}"' in (await browser.get(path)).text
    answer = await browser.post("/language", data={"language": "fr", "back": path})
    assert answer.headers["location"] == path
    assert ">Télécharger</button>" in (await browser.get(path)).text
    for elsewhere in ("https://evil.example/", "//evil.example/x", "", "/\\evil.example"):
        answer = await browser.post("/language", data={"language": "nl", "back": elsewhere})
        assert answer.headers["location"] == "/sign-in"


def test_a_link_needs_pages_and_a_person(tmp_path: Path) -> None:
    config = tmp_path / "maild.toml"
    config.write_text(CONFIG, "utf-8")
    assert any(
        "team.acme.recipients.accountant.packages: a link leads to the pages" in one
        for one in teams.check(config).errors
    )
    books = 'profile = "yuki"'
    config.write_text(CONFIG.replace(books, f'{books}, packages = "link"') + WEB, "utf-8")
    [said] = teams.check(config).errors
    assert "a link is for people" in said


def test_the_address_in_mails_is_that_of_the_page() -> None:
    assert {one.path for one in PAGES if one.path.startswith(PATH)} == {f"{PATH}/{{token}}"}


async def test_a_package_is_kept_until_its_last_link_has_ended_and_then_let_go(
    pages: Site, hands: Hands
) -> None:
    app = pages.app
    noise = random.Random(1).randbytes(200_000)
    await app.actions.send([("scan.pdf", a_pdf(["F-9"]) + noise)], team="acme", tag="invoice")
    delivery = await packed(pages)
    await linked(pages, delivery)
    first = await only(pages)
    [file] = (await app.db.read(partial(documents.get, id=first.document))).files
    assert await kept(pages, file.sha256)
    assert await cleared(pages) == []  # its mail has not left yet
    await app.actions.act("cancel", delivery.id, reason="told by telephone")
    hands.at = first.expires_at - timedelta(seconds=1)
    [again] = await app.actions.resend(first.document, to=("accountant",))
    second = await app.db.read(partial(deliveries.get, id=again["id"]))
    await linked(pages, second)
    await app.actions.act("cancel", second.id, reason="the same")
    hands.at = first.expires_at
    assert await cleared(pages) == []  # the second link is good
    assert await kept(pages, file.sha256)
    hands.at += timedelta(hours=24)
    assert await cleared(pages) == [first.document]
    assert await cleared(pages) == []
    assert not await kept(pages, file.sha256)
    assert keeping.verify(app.config_path, None)["problems"] == []
    shown = await app.records.show(first.document)
    assert (shown["files"][0]["sha256"], shown["story"][-1]["event"]) == (
        file.sha256,
        "package.cleared",
    )
    with pytest.raises(UserError, match="was cleared") as told:
        await app.actions.resend(first.document, to=("accountant",))
    assert "maild export acme PERIOD --to RECIPIENT" in told.value.hint


async def cleared(pages: Site) -> list[str]:
    """What the nightly run lets go of."""

    def night(tx: Tx) -> list[str]:
        found = packages.to_clear(tx, now=pages.app.now())
        for one in found:
            packages.clear(tx, one, now=pages.app.now())
        return [one.id for one in found]

    return await pages.app.db.write(night)


async def kept(pages: Site, key: str) -> bool:
    """Whether bytes are there after a sweep of what nothing names."""
    await pages.app.blobs.clear_orphans(before=datetime.now(UTC) + timedelta(days=1))
    try:
        await pages.app.blobs.read(key)
    except NotFound:
        return False
    return True
