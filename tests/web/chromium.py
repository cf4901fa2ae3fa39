"""Debian's Chromium before pages that are really served, and what it complains of.

Whatever the console says is a fault (our content security policy lets nothing pass unsaid), and so is
a request to another machine.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Request, async_playwright, expect

from maild.app import App
from maild.web.serving import Pages
from tests.promised import PROMISED
from tests.servers.instance import cannot
from tests.web.conftest import OWNER, URL, WEB, Site

PROGRAM = Path("/usr/bin/chromium")
# Chromium reports every answer of 400 and above, a page that is told to be missing too.
_ANSWERED = "Failed to load resource: the server responded with a status of 4"


@dataclass
class Chromium:
    """A browser program; `windows` are of people who have not been here before."""

    browser: Browser
    address: str
    complaints: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def window(
        self, *, language: str = "en", dark: bool = False, width: int = 1100, script: bool = True
    ) -> AsyncIterator[Page]:
        """A page with cookies of its own. At its end nothing may have been complained of."""
        context = await self.browser.new_context(
            base_url=self.address,
            locale=language,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            reduced_motion="reduce",  # colours are measured when they have arrived
        )
        try:
            yield await self._watched(context)
        finally:
            await context.close()
        assert self.complaints == []

    async def sign_in(self, page: Page, *, link: str) -> None:
        """Open a link and press its button."""
        await page.goto(link)
        await page.click("main button")

    async def _watched(self, context: BrowserContext) -> Page:
        page = await context.new_page()
        page.set_default_timeout(20_000)
        context.on("request", self._sent)
        page.on("pageerror", lambda fault: self.complaints.append(f"script: {fault}"))
        page.on("console", lambda said: self._said(said.text))
        return page

    def _sent(self, request: Request) -> None:
        host = urlsplit(request.url)
        if host.scheme != "data" and host.netloc != urlsplit(self.address).netloc:
            self.complaints.append(f"asked elsewhere: {request.url}")

    def _said(self, text: str) -> None:
        if not text.startswith(_ANSWERED):
            self.complaints.append(f"console: {text}")


@contextlib.asynccontextmanager
async def served(folder: Path, *, port: int) -> AsyncIterator[Site]:
    """The two teams of the other tests, on a port of this machine."""
    address = f"http://localhost:{port}"  # a name: passkeys are for names, and only localhost needs no TLS
    people = ("[team.acme.recipients]", f'people = ["{OWNER}"]\n\n[team.acme.recipients]')
    config = folder / "maild.toml"
    web = WEB.replace("127.0.0.1:0", f"127.0.0.1:{port}").replace(URL, address)
    config.write_text(PROMISED.replace(*people) + web, "utf-8")
    stop = asyncio.Event()
    async with App.opened(config) as app:
        pages = Pages(app)
        pages.bind()
        running = asyncio.create_task(pages.run(stop))
        try:
            yield Site(app)
        finally:
            stop.set()
            await running
            pages.close()


@contextlib.asynccontextmanager
async def started(address: str) -> AsyncIterator[Chromium]:
    """The program, which can reach no other machine."""
    if not PROGRAM.exists():
        cannot("not installed: chromium (make test installs it as root)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=PROGRAM,
            args=["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"],
        )
        expect.set_options(timeout=20_000)  # an assertion waits as long as a click does
        try:
            yield Chromium(browser, address)
        finally:
            await browser.close()
