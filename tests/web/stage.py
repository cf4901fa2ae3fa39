"""A running daemon with its door and its pages, the outside world as a mail sink, and browsers before it.

The tests that drive it see what people see: pages, mails, files. Nothing of the daemon is in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyotp
import pytest
from playwright.async_api import Download, Locator, Page, expect

from maild.web.words import Words
from tests.promised import PROMISED
from tests.servers.ports import free_port
from tests.spine.house import ROOT, Daemon, House
from tests.spine.post import a_mail, text_of
from tests.spine.sinks import Sink
from tests.web.chromium import Chromium, started
from tests.web.conftest import ACCOUNTANT, OPERATOR, OWNER

_SPLIT = PROMISED.index("[team.acme]")
# Acme's people may edit its file: it lies where the daemon keeps those.
ACME = (
    PROMISED[_SPLIT:]
    .replace(
        "[team.acme.recipients]",
        f'people = ["{OWNER}"]   # who sign in\n\n[team.acme.recipients]',
        1,
    )
    .replace(
        '"an@kantoor.example", profile = "mailbox"', '"an@kantoor.example", packages = "link"', 1
    )
)
_WEB = """
[web]
listen = "127.0.0.1:{port}"
url = "http://localhost:{port}"
operators = ["{operator}"]
via = "relay"
from = "maild <portal@post.example>"

[team.new]
name = "Nieuw NV"
vat = "BE0403170701"
language = "{language}"
mode = "shadow"
addresses = ["new@post.example"]
people = ["{owner}"]
from = "Nieuw NV <facturen@new.example>"

[team.new.recipients]
office = {{ via = "relay", address = "bureau@office.example" }}

[[team.new.rules]]
name = "everything to the office"
to = ["office"]
"""


@dataclass
class Stage:
    """One daemon, whose people speak one language."""

    house: House
    daemon: Daemon
    sink: Sink
    chromium: Chromium
    say: Words

    @property
    def address(self) -> str:
        """Where the pages are."""
        return self.chromium.address

    @property
    def acme(self) -> Path:
        """The file of Acme."""
        return self.house.folder / "state" / "teams.d" / "acme.toml"

    @contextlib.asynccontextmanager
    async def visitor(self, email: str, **window: Any) -> AsyncIterator[Visitor]:
        """Somebody at a browser that was not here before."""
        async with self.chromium.window(language=self.say.language, **window) as page:
            yield Visitor(self, page, email)

    async def mail(self, address: str, subject: str = "", *, count: int = 1) -> EmailMessage:
        """The newest mail for somebody, as soon as there are `count` whose subject has these words."""

        def look() -> list[EmailMessage]:
            return [one for one in self.sink.to(address) if subject in str(one["Subject"])]

        async with asyncio.timeout(30):
            while len(found := look()) < count:
                await asyncio.sleep(0.05)
        return found[-1]

    async def hand_in(self, *files: tuple[str, bytes], to: str = "acme@post.example") -> None:
        """Mail documents to the daemon's door."""
        reply = await asyncio.to_thread(self.daemon.hand_in, a_mail(*files, to=to))
        assert reply.code == 250, reply

    async def console_link(self, email: str) -> str:
        """What `maild sign-in` prints."""
        said = await asyncio.to_thread(self.house.process, "sign-in", email)
        assert said.code == 0, said.err
        return said.out.replace("\n", "")


@dataclass
class Visitor:
    """Somebody at a browser, who reads his mail."""

    stage: Stage
    page: Page
    email: str
    codes: pyotp.TOTP | None = None

    def button(self, name: str, /, **values: object) -> Locator:
        """The first button that says what has this name in the words of the pages."""
        return self.page.get_by_role(
            "button", name=self.stage.say(name, **values), exact=True
        ).first

    def link(self, name: str, /, **values: object) -> Locator:
        """The first link that says so."""
        return self.page.get_by_role("link", name=self.stage.say(name, **values), exact=True).first

    async def reads(self, text: str) -> None:
        """See a text on the page, which may still be on its way."""
        await expect(self.page.locator("main").get_by_text(text).first).to_be_visible()

    async def asks_for_a_mail(self, at: str = "/sign-in") -> tuple[str, str]:
        """Ask to sign in; the link and the code that come by mail."""
        before = len(self.stage.sink.to(self.email))
        await self.page.goto(at)
        await self.page.fill("#email", self.email)
        await self.button("sign_in.send").click()
        await expect(self.page.locator("#code")).to_be_visible()
        async with asyncio.timeout(30):
            while not (found := self._sign_ins(before)):
                await asyncio.sleep(0.05)
        return found[-1]

    def _sign_ins(self, before: int) -> list[tuple[str, str]]:
        mails = self.stage.sink.to(self.email)[before:]
        return [found for one in mails if (found := read_sign_in(one))]

    async def signs_in(self, at: str = "/sign-in", *, by_link: bool = False) -> None:
        """Sign in by mail, as far as that goes."""
        link, code = await self.asks_for_a_mail(at)
        if by_link:
            await self.page.goto(link)
        else:
            await self.page.fill("#code", code)
        await self.button("sign_in.enter").click()
        await self.page.wait_for_url(re.compile("/second-factor"))

    async def enters(self) -> None:
        """Sign in by a link of the console, which is enough."""
        await self.page.goto(await self.stage.console_link(self.email))
        await self.button("sign_in.enter").click()
        await self.page.wait_for_url(re.compile(r"/(teams|operator)"))

    async def makes_a_passkey(self) -> None:
        """Set up the first factor with the device at hand."""
        devtools = await self.page.context.new_cdp_session(self.page)
        await devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        await self.page.fill("#name", "Chromium")
        await self.button("factor.make_passkey").click()
        await self.page.wait_for_url(re.compile(r"^(?!.*second-factor)"))

    async def sets_up_an_app(self) -> None:
        """Set up an app that shows codes."""
        await self.button("factor.begin_app").click()
        await expect(self.page.locator(".qr svg")).to_be_visible()
        shown = await self.page.locator("main code").inner_text()
        self.codes = pyotp.TOTP(shown.replace(" ", ""))
        await self.page.fill("#code", self.codes.now())
        await self.button("factor.confirm").click()
        await self.page.wait_for_url(re.compile(r"^(?!.*(second-factor|account/app))"))

    async def downloads(self, what: Locator) -> Download:
        """Click something that gives a file."""
        async with self.page.expect_download() as waited:
            await what.click()
        return await waited.value


def read_sign_in(mail: EmailMessage) -> tuple[str, str] | None:
    """The link and the code of a mail, when it is one to sign in."""
    words = text_of(mail)
    link = re.search(r"http://\S+/sign-in/l-\S+", words)
    code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", words)
    return (link[0], code[0]) if link and code else None


async def content(download: Download) -> bytes:
    """What was downloaded."""
    return Path(await download.path()).read_bytes()


@contextlib.asynccontextmanager
async def set_up(folder: Path, *, language: str) -> AsyncIterator[Stage]:
    """A daemon that runs, a sink, and a browser program."""
    port, sink = free_port(), Sink()
    sink.start()
    try:
        with _house(folder / "house") as house:
            head = PROMISED[:_SPLIT].replace("127.0.0.1:2525", "127.0.0.1:0")
            web = _WEB.format(port=port, operator=OPERATOR, owner=OWNER, language=language)
            house.write(head.replace("2526", str(sink.port)) + web)
            teams = house.folder / "state" / "teams.d"
            teams.mkdir(parents=True)
            (teams / "acme.toml").write_text(
                ACME.replace('language = "nl"', f'language = "{language}"'), "utf-8"
            )
            with house.running() as daemon:
                async with started(f"http://localhost:{port}") as chromium:
                    say = Words(language, ZoneInfo("Europe/Brussels"))
                    yield Stage(house, daemon, sink, chromium, say)
                assert daemon.stop() == 0
    finally:
        sink.stop()


@contextlib.contextmanager
def _house(folder: Path) -> Iterator[House]:
    """Commands and daemons run this checkout, and know of no other configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MAILD_CONFIG", raising=False)
        patch.setenv(
            "PYTHONPATH",
            os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))),
        )
        folder.mkdir()
        yield House(folder, bytecode=folder.with_name("bytecode"))


__all__ = ["ACCOUNTANT", "OPERATOR", "OWNER", "Stage", "Visitor", "content", "set_up"]
