"""Links between teams and offices in any order of steps: what is seen is what is agreed at that moment.

Source: portal_security.md section 3 (d).
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from maild.app import App
from maild.model.access import Link, LinkState, Right
from maild.model.delivery import State
from maild.store import deliveries
from tests.promised import PROMISED
from tests.web.conftest import OWNER, WEB, Site
from tests.web.test_documents import fill, fill_bought

JAN = "jan@bureau.example"
RIGHTS = st.frozensets(st.sampled_from(list(Right)), min_size=1)
SEEN = {LinkState.ACTIVE}


class Ties(RuleBasedStateMachine):
    """One team, one office, and whatever both do."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()

    def run(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something in the loop in which the app lives."""

        async def go() -> Any:
            return await work()

        return self.runner.run(go())

    @initialize()
    def begin(self) -> None:
        """A team with a sale and a purchase, and an office that has no link with it."""
        people = ("[team.acme.recipients]", f'people = ["{OWNER}"]\n\n[team.acme.recipients]')
        config = Path(self.folder.name) / "maild.toml"
        config.write_text(PROMISED.replace(*people) + WEB, "utf-8")

        async def go() -> None:
            app = await self.stack.enter_async_context(App.opened(config))
            self.site = Site(app)
            ended = await self.site.linked("other", JAN)
            self.owner = await self.browser(OWNER)
            self.jan = await self.browser(JAN)
            await self.jan.post(f"/links/{ended}/end")
            [self.sold] = await fill(self.site, "F-1", issued_on=date(2026, 10, 1))
            self.bought = await fill_bought(self.site)

        self.run(go)
        self.number = 1

    async def browser(self, address: str) -> httpx2.AsyncClient:
        """A signed-in one that is closed at the end."""
        made = await self.site.signed_in(address)
        self.stack.push_async_callback(made.aclose)
        return made

    def links(self) -> list[Link]:
        """The team's links and offers that are open."""
        found = self.run(lambda: self.site.app.access.links.of_team("acme"))
        closed = {LinkState.ENDED, LinkState.DECLINED}
        return [one for one in found if one.state not in closed]

    def post(self, browser: httpx2.AsyncClient, path: str, **data: Any) -> int:
        """The status of a form's answer."""
        return int(self.run(lambda: browser.post(path, data=data)).status_code)

    @rule(rights=RIGHTS)
    def invite(self, rights: frozenset[Right]) -> None:
        """The team offers."""
        ticks = {one.value: "1" for one in rights}
        self.post(self.owner, "/links", team="acme", email=JAN, **ticks)

    @rule(rights=RIGHTS)
    def ask(self, rights: frozenset[Right]) -> None:
        """The office asks."""
        ticks = {one.value: "1" for one in rights}
        self.post(self.jan, "/links/ask", team="BE0123456749", **ticks)

    @rule(by_owner=st.booleans())
    def accept(self, *, by_owner: bool) -> None:
        """Each tries to accept everything, also what he offered himself."""
        browser = self.owner if by_owner else self.jan
        for one in self.links():
            status = self.post(browser, f"/links/{one.id}/accept")
            mine = one.state is (LinkState.ASKED if by_owner else LinkState.INVITED)
            assert status == (303 if mine else 404)

    @rule(by_owner=st.booleans())
    def end(self, *, by_owner: bool) -> None:
        """Each may end everything."""
        for one in self.links():
            assert self.post(self.owner if by_owner else self.jan, f"/links/{one.id}/end") == 303

    @precondition(lambda self: self.number < 4)
    @rule(often=st.sampled_from(["document", "month"]))
    def switch_on(self, often: str) -> None:
        """The office wants documents by itself."""
        right = Right.AUTO in self.rights
        kinds = ["invoice", "purchase_invoice"]
        status = self.post(self.jan, "/teams/acme/automatic", kind=kinds, often=often)
        assert status in ({303, 422} if right else {404})

    @precondition(lambda self: self.number < 4)
    @rule()
    def sell(self) -> None:
        """One more invoice goes its ways."""
        self.number += 1
        self.run(lambda: fill(self.site, f"F-{self.number}", issued_on=date(2026, 10, 2)))

    @property
    def rights(self) -> frozenset[Right]:
        """What is agreed now."""
        active = [one.rights for one in self.links() if one.state in SEEN]
        return frozenset().union(*active)

    @invariant()
    def what_is_seen_is_what_is_agreed(self) -> None:
        """Documents, packages and the queue."""
        if not hasattr(self, "bought"):
            return
        rights = self.rights
        expected = {
            f"/documents/{self.sold}": Right.SALES in rights,
            f"/documents/{self.sold}/files/0": Right.SALES in rights,
            f"/documents/{self.bought}": Right.PURCHASE in rights,
            f"/documents/{self.bought}/files/0": Right.PURCHASE in rights,
            "/teams/acme/documents": bool(rights & {Right.SALES, Right.PURCHASE}),
            "/teams/acme/automatic": Right.AUTO in rights,
        }
        got = {at: self.run(lambda at=at: self.jan.get(at)).status_code == 200 for at in expected}  # type: ignore[misc]
        assert got == expected
        if Right.AUTO not in rights:
            assert self.run(self.on_the_way) == 0

    async def on_the_way(self) -> int:
        """Documents that may still reach the office by itself."""

        def look(tx: Any) -> int:
            found = deliveries.find(tx, team="acme", limit=200)
            return sum(
                one.address == JAN and one.document is not None and one.state is State.QUEUED
                for one in found
            )

        return int(await self.site.app.db.read(look))

    def teardown(self) -> None:
        """Close all."""
        self.run(self.stack.aclose)
        self.runner.close()
        self.folder.cleanup()


Ties.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestTies = Ties.TestCase
