"""The demo's own pages in Chromium: as axe judges them, light and dark, wide and on a phone."""

from __future__ import annotations

import re
import socket

from maild.demo.console import served
from tests.demo.conftest import Lived
from tests.web.chromium import started
from tests.web.test_accessibility import judged


async def test_whoever_opens_the_demo_can_use_its_pages(lived: Lived) -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    async with (
        served(lived.console, taken) as url,
        started(url) as chromium,
        chromium.window() as page,
    ):
        faults = "".join([await judged(page, one) for one in ("/", "/outbox", "/consent")])
        await page.goto("/outbox")
        [letter, *_] = re.findall(r'"(/outbox/[^"/?]+)/0"', await page.content())
        faults += await judged(page, letter)
        await page.goto("/")
        await page.get_by_role("button", name="takes nobody").click()
        await page.get_by_text("Switched on: The mail server").wait_for()
        await page.get_by_role("button", name="an invoice of Acme").click()
        await page.get_by_text("maild answered: 250").wait_for()
        await lived.until_rest("relay")
        faults += await judged(page, "/")
        assert await page.get_by_text("421 4.3.2 down for maintenance").is_visible()
        assert faults == ""
