"""What a team's own people see first, and what they do about it: theirs only, and in the trail."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.model.delivery import Delivery, HoldCode, Outcome, State
from maild.store import deliveries, documents, trail
from maild.store.attempts import Settled
from maild.store.database import Tx
from tests.builders_bill import a_party
from tests.web.conftest import ACCOUNTANT, OPERATOR, OTHER_OWNER, OWNER, Site, an_invoice

Browsers = Callable[..., Any]
TODAY = "/teams/acme/today"


async def hand_in(pages: Site, number: str, **said: Any) -> str:
    """An invoice of Acme comes in; its id."""
    sent = await pages.app.actions.send(
        [(f"{number}.xml", an_invoice(number, **said))], team="acme", tag=None
    )
    return str(sent["documents"][0]["id"])


async def of(pages: Site, document: str) -> tuple[Delivery, ...]:
    return await pages.app.db.read(partial(deliveries.of_document, document=document))


async def refuse(pages: Site, delivery: Delivery, *, reply: str, state: State) -> None:
    """The outbox tried it, and that was the answer."""
    now = pages.app.actions.now()

    def write(tx: Tx) -> None:
        claimed = deliveries.claim_one(
            tx, id=delivery.id, now=now, owner="test", lease_until=now + timedelta(minutes=1)
        )
        assert claimed
        deliveries.begin(tx, claimed, message="a" * 64, now=now)
        ended = Settled(state, Outcome.REFUSED, now, reply=reply, reason=f"said no: {reply}")
        deliveries.settle(tx, claimed, ended)

    await pages.app.db.write(write)


async def text_of(browser: Any, path: str = TODAY) -> str:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


async def in_trail(pages: Site) -> list[tuple[str, str, str]]:
    kept = await pages.app.db.read(partial(trail.of_team, team="acme"))
    return [(one.step.actor, one.step.action, one.step.object) for one in kept]


async def test_a_quiet_day_says_so_and_where_to_mail_to(pages: Site, browsers: Browsers) -> None:
    page = await text_of(await browsers(OWNER))
    assert "Nothing waits for you, and everything arrived." in page
    assert "acme@post.example" in page


async def test_what_came_is_listed_with_where_it_goes(pages: Site, browsers: Browsers) -> None:
    await hand_in(pages, "F-1", buyer=a_party("Café <b>Zuid</b> & Co", "0403170701"))
    answer = await (await browsers(OWNER)).get(TODAY)
    assert "<b>Zuid" not in answer.text
    page = html.unescape(answer.text)
    for shown in ("F-1", "Café <b>Zuid</b> & Co", "an@kantoor.example", "… waits"):
        assert shown in page.replace('<span aria-hidden="true">…</span>', "…")


async def test_a_refusal_is_told_in_words_and_tried_again(pages: Site, browsers: Browsers) -> None:
    id_ = await hand_in(pages, "F-1")
    first = (await of(pages, id_))[0]
    reply = "550 5.1.1 <an@kantoor.example>: user unknown"
    await refuse(pages, first, reply=reply, state=State.FAILED)
    browser = await browsers(OWNER)
    page = await text_of(browser)
    assert "Did not arrive" in page
    assert reply in page
    assert "There is no such mailbox." in page
    answer = await browser.post(f"/teams/acme/deliveries/{first.id}/retry")
    assert answer.headers["location"] == f"{TODAY}?done=retry"
    assert (await of(pages, id_))[0].state is State.QUEUED
    assert (OWNER, "delivery.retried", first.id) in await in_trail(pages)
    assert "Nothing waits for you" in await text_of(browser, answer.headers["location"])


async def test_a_refusal_whose_document_went_once_more_wants_nobody(
    pages: Site, browsers: Browsers
) -> None:
    id_ = await hand_in(pages, "F-1")
    first = next(one for one in await of(pages, id_) if one.recipient == "accountant")
    await refuse(pages, first, reply="550 5.7.1 no", state=State.FAILED)
    browser = await browsers(OWNER)
    answer = await browser.post(
        f"/teams/acme/documents/{id_}/resend", data={"to": "accountant", "from": id_}
    )
    assert answer.headers["location"] == f"/documents/{id_}"
    assert len([one for one in await of(pages, id_) if one.recipient == "accountant"]) == 2
    assert (OWNER, "document.resent", id_) in await in_trail(pages)
    assert "Nothing waits for you" in await text_of(browser)


@pytest.mark.parametrize(
    ("verdict", "review"), [("confirm", "confirmed"), ("reject", "rejected")], ids=["yes", "no"]
)
async def test_a_number_that_came_twice_waits_for_a_yes_or_no(
    pages: Site, browsers: Browsers, verdict: str, review: str
) -> None:
    await hand_in(pages, "F-1")
    again = await hand_in(pages, "F-1", buyer=a_party("Somebody else", "0403170701"))
    browser = await browsers(OWNER)
    page = await text_of(browser)
    assert "same number, other content" in page
    assert "also into books" in page
    answer = await browser.post(f"/teams/acme/documents/{again}/{verdict}")
    assert answer.status_code == 303
    found = await pages.app.db.read(partial(documents.get, id=again))
    assert found.review == review
    assert (OWNER, f"document.{review}", again) in await in_trail(pages)
    assert "same number" not in await text_of(browser)


async def test_a_correction_goes_into_the_books_only_where_that_is_chosen(
    pages: Site, browsers: Browsers
) -> None:
    await hand_in(pages, "F-1")
    again = await hand_in(pages, "F-1", buyer=a_party("Somebody else", "0403170701"))
    browser = await browsers(OWNER)
    await browser.post(f"/teams/acme/documents/{again}/confirm", data={"to": "books"})
    going = {one.recipient for one in await of(pages, again) if one.state is State.QUEUED}
    assert going == {"accountant", "books"}


async def test_a_waiting_delivery_is_held_and_let_go_and_given_up(
    pages: Site, browsers: Browsers
) -> None:
    id_ = await hand_in(pages, "F-1")
    one = (await of(pages, id_))[0]
    browser = await browsers(OWNER)
    form = {"from": id_}
    for verb, state in (
        ("hold", State.HELD),
        ("release", State.QUEUED),
        ("cancel", State.CANCELLED),
    ):
        shown = await text_of(browser, f"/documents/{id_}")
        assert f'action="/teams/acme/deliveries/{one.id}/{verb}"' in shown
        answer = await browser.post(f"/teams/acme/deliveries/{one.id}/{verb}", data=form)
        assert answer.headers["location"] == f"/documents/{id_}"
        assert (await of(pages, id_))[0].state is state
    # What is over cannot be let go: that is said, and nothing changes.
    answer = await browser.post(f"/teams/acme/deliveries/{one.id}/release", data=form)
    assert answer.status_code == 422
    assert "only held deliveries can be released" in answer.text


async def test_what_a_restore_held_is_shown_with_its_doubt(pages: Site, browsers: Browsers) -> None:
    id_ = await hand_in(pages, "F-1")
    one = (await of(pages, id_))[0]
    held = partial(
        deliveries.hold,
        id=one.id,
        now=pages.app.actions.now(),
        reason="it was to leave when the backup was taken",
        code=HoldCode.RESTORED,
    )
    await pages.app.db.write(held)
    page = await text_of(await browsers(OWNER))
    assert "It was to leave when the backup was taken, and may have left since." in page
    assert f"/teams/acme/deliveries/{one.id}/release" in page


@pytest.mark.parametrize("code", [HoldCode.FIGURES, HoldCode.NEW_ACCOUNT, HoldCode.REVIEW])
async def test_what_a_verdict_ends_is_not_let_go_by_itself(
    pages: Site, browsers: Browsers, code: HoldCode
) -> None:
    id_ = await hand_in(pages, "F-1")
    one = (await of(pages, id_))[0]
    held = partial(
        deliveries.hold, id=one.id, now=pages.app.actions.now(), reason="look", code=code
    )
    await pages.app.db.write(held)
    browser = await browsers(OWNER)
    for page in (TODAY, f"/documents/{id_}"):
        assert f"/teams/acme/deliveries/{one.id}/release" not in await text_of(browser, page)
    answer = await browser.post(f"/teams/acme/deliveries/{one.id}/release", data={"from": id_})
    assert answer.status_code == 422
    assert (await of(pages, id_))[0].state is State.HELD


async def test_the_list_goes_on_behind_its_last_row(pages: Site, browsers: Browsers) -> None:
    ids = [await hand_in(pages, f"F-{n:03}") for n in range(30)]
    browser = await browsers(OWNER)
    first = await text_of(browser)
    assert f"{TODAY}?after={ids[5]}" in first
    second = await text_of(browser, f"{TODAY}?after={ids[5]}")
    shown = [one for one in ids if f"/documents/{one}" in first + second]
    assert shown == ids


@pytest.mark.parametrize("who", [OTHER_OWNER, ACCOUNTANT, OPERATOR])
async def test_the_page_and_its_actions_are_for_the_own_people_only(
    pages: Site, browsers: Browsers, who: str
) -> None:
    await pages.linked("acme", ACCOUNTANT)
    id_ = await hand_in(pages, "CANARY-1")
    before = await of(pages, id_)
    browser = await browsers(who)
    mine = "/teams/other" if who == OTHER_OWNER else "/teams/acme"
    answers = [await browser.get(TODAY), await browser.get("/teams/nowhere/today")]
    actions = (
        f"/documents/{id_}/confirm",
        f"/documents/{id_}/reject",
        f"/documents/{id_}/resend",
        f"/deliveries/{before[0].id}/hold",
        f"/deliveries/{before[0].id}/cancel",
    )
    answers += [
        await browser.post(team + path) for team in ("/teams/acme", mine) for path in actions
    ]
    assert {one.status_code for one in answers} == {404}
    assert not any("CANARY" in one.text for one in answers)
    assert await of(pages, id_) == before


async def test_who_has_one_team_begins_there(browsers: Browsers) -> None:
    browser = await browsers(OWNER)
    assert (await browser.get("/")).headers["location"] == TODAY
    assert f'href="{TODAY}"' in (await browser.get("/teams")).text


async def test_nobody_signed_in_is_sent_to_the_door(browsers: Browsers) -> None:
    browser = await browsers()
    answer = await browser.get(TODAY)
    assert answer.headers["location"] == f"/sign-in?next={TODAY}"


@pytest.mark.parametrize(
    "path",
    [
        "/teams/acme/documents/{d}/explode",
        "/teams/acme/deliveries/{v}/explode",
        "/teams/acme/documents/d-nowhere/confirm",
        "/teams/acme/deliveries/v-nowhere/retry",
    ],
)
async def test_what_is_not_there_is_not_there(pages: Site, browsers: Browsers, path: str) -> None:
    id_ = await hand_in(pages, "F-1")
    one = (await of(pages, id_))[0]
    answer = await (await browsers(OWNER)).post(path.format(d=id_, v=one.id))
    assert answer.status_code == 404


async def test_a_form_leads_back_into_the_site_only(pages: Site, browsers: Browsers) -> None:
    id_ = await hand_in(pages, "F-1")
    one = (await of(pages, id_))[0]
    answer = await (await browsers(OWNER)).post(
        f"/teams/acme/deliveries/{one.id}/hold", data={"from": "//evil.example/"}
    )
    assert answer.headers["location"] == f"{TODAY}?done=hold"
