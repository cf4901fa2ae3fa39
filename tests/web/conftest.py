"""A whole app behind its pages, asked by a client that keeps cookies as a browser does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from maild.app import App
from maild.model.access import Right
from maild.model.delivery import Purpose
from maild.store import deliveries
from maild.ubl import document as ubl
from maild.web import site
from tests.builders_bill import a_bill
from tests.promised import PROMISED

HOST = "maild.example"
URL = f"https://{HOST}"
OPERATOR = "root@maild.example"
OWNER = "chef@acme.example"
OTHER_OWNER = "baas@other.example"
ACCOUNTANT = "an@kantoor.example"

WEB = f"""
[web]
listen = "127.0.0.1:0"
url = "{URL}"
operators = ["{OPERATOR}"]
via = "relay"
from = "maild <portal@maild.example>"

[team.other]
name = "Other NV"
vat = "BE0403170701"
addresses = ["other@in.example"]
people = ["{OTHER_OWNER}"]
from = "Other NV <facturen@other.example>"

[team.other.recipients]
office = {{ via = "relay", address = "bureau@office.example" }}

[[team.other.rules]]
name = "everything to the office"
to = ["office"]
"""


@dataclass
class Site:
    """The pages over an app, and what a person's mailbox would show."""

    app: App

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A browser that has not been here before; it says of its forms that they are ours."""
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=site.build(self.app)),
            base_url=self.app.settings.web.address,
            headers={"sec-fetch-site": "same-origin", "accept-language": "en"} | headers,
        )

    async def mails(self, address: str) -> list[Any]:
        """The sign-in mails that were composed for an address, the last one last."""
        found = await self.app.db.read(partial(deliveries.find, limit=100))
        mine = [one for one in found if one.purpose is Purpose.SIGN_IN and one.address == address]
        return [
            message_from_bytes(await self.app.house.mail(self.app.db, one))
            for one in sorted(mine, key=lambda one: one.id)
        ]

    async def signed_in(self, address: str) -> httpx2.AsyncClient:
        """A browser in which somebody signed in by a link from the console."""
        browser = self.browser()
        link = await self.app.access.sign_ins.console_link(address)
        answer = await browser.post(link)
        assert answer.status_code == 303, answer.text
        return browser

    async def linked(self, team: str, address: str, *rights: Right) -> str:
        """An accepted link between a team and a new office of that address; its id."""
        access = self.app.access.links
        invited = await access.invite(team, address, rights=rights or tuple(Right), by="test")
        async with aclosing(await self.signed_in(address)) as browser:
            answer = await browser.post(f"/links/{invited.id}/accept", data={"office": "Kantoor"})
            assert answer.status_code == 303, answer.text
        return invited.id


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Site]:
    """A site with two teams, an operator, and nobody signed in."""
    people = ("[team.acme.recipients]", f'people = ["{OWNER}"]\n\n[team.acme.recipients]')
    config = tmp_path / "maild.toml"
    config.write_text(PROMISED.replace(*people) + WEB, "utf-8")
    async with App.opened(config) as app:
        yield Site(app)


@pytest.fixture
async def browsers(pages: Site) -> AsyncIterator[Callable[..., Any]]:
    """Makes browsers that are closed at the end; with an address, one that is signed in."""
    async with AsyncExitStack() as stack:

        async def make(address: str = "", **headers: str) -> httpx2.AsyncClient:
            made = await pages.signed_in(address) if address else pages.browser(**headers)
            stack.push_async_callback(made.aclose)
            return made

        yield make


def an_invoice(number: str, **said: Any) -> bytes:
    """A UBL invoice of Acme."""
    return ubl.write(a_bill(number=number, **said))
