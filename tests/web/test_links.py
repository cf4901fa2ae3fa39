"""Links between teams and offices: nothing before both said yes, nothing after one said no."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine

from maild.errors import UserError
from maild.model.access import LinkState, Right
from maild.partners import links
from maild.store import deliveries, trail
from tests.web.conftest import ACCOUNTANT, OTHER_OWNER, OWNER, Site

Browsers = Callable[..., Any]


async def told(pages: Site) -> list[tuple[str, str]]:
    """The mails about links: to whom, and their subject."""
    found = await pages.app.db.read(partial(deliveries.find, limit=100))
    return [(one.address, one.letter.subject) for one in found if one.letter]


async def test_an_invitation_shows_nothing_until_it_is_accepted_and_nothing_after_its_end(
    pages: Site, browsers: Browsers
) -> None:
    owner = await browsers(OWNER)
    form = {"team": "acme", "email": ACCOUNTANT.upper(), "sales": "1", "export": "1"}
    assert (await owner.post("/links", data=form)).status_code == 303
    [(to, subject)] = await told(pages)
    assert to == ACCOUNTANT
    assert "Acme BV" in subject
    accountant = await browsers(ACCOUNTANT)
    before = await accountant.get("/teams")
    assert f"{OWNER} gives you access." in before.text
    assert "BE0123456749" not in before.text
    [link] = await pages.app.access.links.of_team("acme")
    yes = await accountant.post(f"/links/{link.id}/accept", data={"office": "Kantoor Peeters"})
    assert yes.status_code == 303
    assert "BE0123456749" in (await accountant.get("/teams")).text
    assert "Kantoor Peeters" in (await owner.get("/links")).text
    assert (await owner.post(f"/links/{link.id}/end")).status_code == 303
    assert "BE0123456749" not in (await accountant.get("/teams")).text
    [ended] = await pages.app.access.links.of_team("acme")
    assert (ended.state, ended.ended_by) == (LinkState.ENDED, OWNER)


async def test_an_office_may_end_it_too(pages: Site, browsers: Browsers) -> None:
    link = await pages.linked("acme", ACCOUNTANT)
    accountant = await browsers(ACCOUNTANT)
    assert (await accountant.post(f"/links/{link}/end")).status_code == 303
    [ended] = await pages.app.access.links.of_team("acme")
    assert ended.state is LinkState.ENDED


async def test_an_office_asks_and_the_team_accepts(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    accountant, owner = await browsers(ACCOUNTANT), await browsers(OTHER_OWNER)
    form = {"team": "BE 0403.170.701", "sales": "1"}
    assert (await accountant.post("/links/ask", data=form)).status_code == 303
    assert "Other NV" not in (await accountant.get("/teams")).text
    [link] = await pages.app.access.links.of_team("other")
    assert (await accountant.post(f"/links/{link.id}/accept")).status_code == 404
    assert (await owner.post(f"/links/{link.id}/accept")).status_code == 303
    assert "Other NV" in (await accountant.get("/teams")).text


async def test_asking_does_not_tell_who_is_a_customer(pages: Site, browsers: Browsers) -> None:
    await pages.linked("acme", ACCOUNTANT)
    accountant = await browsers(ACCOUNTANT)
    answers = [
        await accountant.post("/links/ask", data={"team": one, "sales": "1"})
        for one in ("BE0403170701", "BE0999999922")
    ]
    assert [(one.status_code, one.headers["location"]) for one in answers] == [
        (303, "/links?asked=1")
    ] * 2


async def test_only_so_many_offers_wait_for_an_answer(
    pages: Site, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_OPEN", 2)
    await pages.linked("acme", ACCOUNTANT)
    owner, accountant = await browsers(OWNER), await browsers(ACCOUNTANT)
    answers = []
    for n in range(3):
        form = {"team": "acme", "email": f"a{n}@kantoor.example", "sales": "1"}
        answers.append(await owner.post("/links", data=form))
    assert [one.status_code for one in answers] == [303, 303, 422]
    assert "2 offers wait for an answer already" in answers[-1].text
    monkeypatch.setattr(links, "MOST_OPEN", 1)
    asked = [
        await accountant.post("/links/ask", data={"team": wanted, "sales": "1"})
        for wanted in ("BE0403170701", "BE0403170701", "BE0999999922")
    ]
    assert [one.status_code for one in asked] == [303, 422, 422]
    assert asked[1].content == asked[2].content, "whether there is such a team is not told"


async def test_nobody_else_accepts_or_ends(pages: Site, browsers: Browsers) -> None:
    link = await pages.app.access.links.invite("acme", ACCOUNTANT, rights=[Right.SALES], by=OWNER)
    stranger = await browsers(OTHER_OWNER)
    for verb in ("accept", "end"):
        assert (await stranger.post(f"/links/{link.id}/{verb}")).status_code == 404
    [still] = await pages.app.access.links.of_team("acme")
    assert still.state is LinkState.INVITED


async def test_an_owner_invites_for_his_own_teams_only(pages: Site, browsers: Browsers) -> None:
    owner = await browsers(OWNER)
    form = {"team": "other", "email": ACCOUNTANT, "sales": "1"}
    assert (await owner.post("/links", data=form)).status_code == 422
    assert await pages.app.access.links.of_team("other") == ()


async def test_an_invitation_ends_after_a_week(pages: Site, browsers: Browsers) -> None:
    with time_machine.travel(datetime(2026, 11, 24, 12, 0, tzinfo=UTC), tick=False) as clock:
        links = pages.app.access.links
        link = await links.invite("acme", ACCOUNTANT, rights=[Right.SALES], by=OWNER)
        with pytest.raises(UserError, match="invited already"):
            await links.invite("acme", ACCOUNTANT, rights=[Right.SALES], by=OWNER)
        clock.shift(timedelta(days=7, seconds=1))
        accountant = await browsers(ACCOUNTANT)
        answer = await accountant.post(f"/links/{link.id}/accept", data={"office": "X"})
        assert answer.status_code == 404
        again = await links.invite("acme", ACCOUNTANT, rights=[Right.SALES], by=OWNER)
        answer = await accountant.post(f"/links/{again.id}/accept", data={"office": "X"})
        assert answer.status_code == 303


async def test_every_step_stands_in_the_trail_which_shows_what_was_changed(pages: Site) -> None:
    link = await pages.linked("acme", ACCOUNTANT)
    steps = await pages.app.db.read(partial(trail.of_team, team="acme"))
    assert [(one.step.actor, one.step.action) for one in steps] == [
        (ACCOUNTANT, "link.accepted"),
        ("test", "link.invited"),
    ]
    assert {one.step.object for one in steps} == {link}
    assert await pages.app.db.read(trail.broken) is None

    def forge(tx: Any) -> None:
        tx.exec_driver_sql("UPDATE trail SET actor = 'nobody' WHERE n = 2")

    await pages.app.db.write(forge)
    assert await pages.app.db.read(trail.broken) == 2
