"""Figures of invoices that another program printed, in layouts of which the reading knows nothing."""

from __future__ import annotations

import pytest
from playwright.async_api import async_playwright

from maild.intake.scores import Tally
from maild.reading.fields import read_fields
from tests.builders_html import printed
from tests.reading.test_figures_corpus import CERTAIN, PROVEN
from tests.reading.words_here import sheets_of
from tests.servers.instance import cannot
from tests.web.chromium import PROGRAM

pytestmark = pytest.mark.anyio
RIGHT = 93.0  # percent
SEEDS = range(7000, 7030)


async def test_of_what_a_browser_printed_nearly_all_is_right_and_what_is_proven_all() -> None:
    if not PROGRAM.exists():
        cannot("not installed: chromium (make test installs it as root)")
    tally = Tally()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM)
        for seed, made in zip(SEEDS, await printed(browser, SEEDS), strict=True):
            tally.add(str(seed), read_fields(sheets_of(made.content)), truth=made.truth)
        await browser.close()
    told = tally.json()
    assert told["all"]["right_percent"] >= RIGHT, told["wrong"]
    assert told["all"]["proven_right_percent"] >= PROVEN
    assert told["fields"]["gross_total"]["proven"] > len(SEEDS) / 2
    for key in CERTAIN:
        assert told["fields"][key]["proven"] == told["fields"][key]["proven_right"], key
