"""The demo's bills, its life in the past, and its pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from maild.app import App
from maild.demo import world
from maild.demo.bills import corrected, half_a_year
from maild.demo.console import PEOPLE, Console
from maild.demo.filling import fill
from maild.demo.outbox import SentMails
from maild.simulators.mailsink import MailSink
from maild.store import deliveries
from maild.ubl import document as ubl

UNTIL = date(2026, 11, 24)
URL = "http://127.0.0.1:8090"


def test_the_same_days_give_the_same_bills_about_three_hundred() -> None:
    bills = list(half_a_year(UNTIL))
    assert bills == list(half_a_year(UNTIL))
    assert 280 < len(bills) < 360
    assert {one.team for one in bills} == {one.slug for one in world.COMPANIES}
    assert len({(one.team, one.bill.number, one.bill.seller.name) for one in bills}) == len(bills)
    assert all(one.bill.issued_on < UNTIL for one in bills)


def test_one_number_of_each_series_is_missing() -> None:
    for company in world.COMPANIES:
        numbers = [
            int(one.bill.number.removeprefix(company.series))
            for one in half_a_year(UNTIL)
            if one.team == company.slug and one.bill.number.startswith(company.series)
        ]
        assert numbers[-1] == company.last
        assert numbers[-1] - numbers[0] + 1 - len(numbers) == 1


def test_a_corrected_bill_keeps_its_number_and_adds_up() -> None:
    bill = next(half_a_year(UNTIL)).bill
    other = ubl.read(ubl.write(corrected(bill)))
    assert other.number == bill.number
    assert bill.totals.net is not None
    assert other.totals.net is not None
    assert other.totals.net.value == 2 * bill.totals.net.value


@dataclass
class Lived:
    """A demo in which a fortnight went by."""

    app: App
    console: Console
    sink: MailSink


@pytest.fixture
async def lived(tmp_path: Path) -> AsyncIterator[Lived]:
    sink = MailSink(folder=tmp_path / "outbox", keep=False)
    await sink.start()
    config = tmp_path / "maild.toml"
    config.write_text(world.configuration(relay=sink.port, web=8080), "utf-8")
    await fill(config, sink, until=datetime.now(UTC), past=14)
    async with App.opened(config) as app:
        sent = SentMails((tmp_path / "outbox",))
        yield Lived(app, Console(app, sink, sent, smtp="127.0.0.1:1", pages=URL), sink)
    await sink.stop()


async def test_a_fortnight_went_by_and_its_pages_show_it(lived: Lived) -> None:
    found = await lived.app.records.list(limit=1000)
    accepted = [datetime.fromisoformat(one["accepted_at"]) for one in found]
    assert min(accepted) < datetime.now(UTC) - timedelta(days=10)
    counts = await lived.app.db.read(deliveries.counts)
    assert counts["handed_over"] > 20
    assert counts["failed"] > 0, "the day on which no mailbox was there"
    assert counts["held"] > 0, "the number that came again"
    assert counts["queued"] == counts["sending"] == 0
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=lived.console.site(URL)),
        base_url=URL,
        headers={"sec-fetch-site": "same-origin"},
    )
    async with client:
        await _look_around(client, lived)


async def _look_around(client: httpx2.AsyncClient, lived: Lived) -> None:
    home = (await client.get("/")).text
    assert all(f'href="/as/{who}"' in home for who in PEOPLE)
    outbox = (await client.get("/outbox")).text
    assert f"Outbox ({lived.sink.count})" in outbox
    mail = await client.get(re.findall(r"/outbox/\d+", outbox)[-1])
    assert mail.status_code == 200
    with_files = [
        one
        for one in re.findall(r"/outbox/\d+", outbox)
        if (await client.get(f"{one}/0")).is_success
    ]
    kept = (await client.get(f"{with_files[0]}/0")).headers["content-disposition"]
    assert kept.startswith("attachment")
    assert (await client.get("/outbox/..%2Fmaild")).status_code == 404
    link = (await client.get("/as/partner")).headers["location"]
    assert link.startswith("http://127.0.0.1:8080/sign-in/")
    assert (await client.get("/as/nobody")).status_code == 404
    await client.post("/fault", data={"which": "down"})
    assert lived.sink.faults.reply == {"CONNECT": "421 4.3.2 down for maintenance"}
    assert "Switched on" in (await client.get("/")).text
    await client.post("/fault", data={"which": ""})
    assert lived.sink.faults.reply == {}
    elsewhere = await client.post("/fault", headers={"sec-fetch-site": "cross-site"})
    assert elsewhere.status_code == 403
