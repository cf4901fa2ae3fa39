"""The demo's bills, its life in the past, its pages, its faults, and its clock."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from maild.app import App
from maild.daemon import Daemon
from maild.demo import world
from maild.demo.bills import corrected, half_a_year
from maild.demo.clock import SharedClock
from maild.demo.configuration import write
from maild.demo.console import PEOPLE, Console
from maild.demo.faults import Switchboard
from maild.demo.filling import fill
from maild.demo.mail_pages import LETTER_POLICY
from maild.demo.moving import Mover, period_end
from maild.demo.outbox import SentMails
from maild.demo.outside import Outside
from maild.simulators.mailsink import MailSink
from maild.store import deliveries
from maild.ubl import document as ubl
from tests.servers.ports import free_port

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
    """A demo in which a fortnight went by, and its daemon."""

    app: App
    console: Console
    outside: Outside
    client: httpx2.AsyncClient

    async def post(self, path: str, **form: str) -> str:
        """What the first page says after a button was pressed."""
        answer = await self.client.post(path, data=form, follow_redirects=True)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def fate(self, number: str) -> dict[str, str]:
        """The states of a document's deliveries, by their recipients."""
        [found] = await self.app.records.list(number=number)
        return {one["recipient"]: one["state"] for one in found["deliveries"]}

    async def until(self, number: str, **states: str) -> None:
        """Wait until the deliveries stand so."""
        async with asyncio.timeout(20):
            while await self.fate(number) != states:
                await asyncio.sleep(0.1)


@pytest.fixture
async def lived(tmp_path: Path) -> AsyncIterator[Lived]:
    clock = SharedClock(tmp_path / "clock")
    sink = MailSink(folder=tmp_path / "outbox", keep=False)
    async with Outside(sink, clock.now).open() as outside:
        config = write(tmp_path, outside.around(web=free_port()))
        await fill(config, outside, until=clock.now(), past=14)
        outside.now = clock.now
        async with App.opened(config, as_daemon=True, now=clock.now) as app:
            daemon = Daemon(app)
            running = asyncio.create_task(daemon.run(started=0.0))
            while (await app.actions.status())["state"] != "ready":
                await asyncio.sleep(0.05)
            while not await _has_fetched(app):
                await asyncio.sleep(0.05)
            door = (await app.actions.status())["smtpd"]["listen"][0]
            sent, mover = SentMails((tmp_path / "outbox",)), Mover(app, clock, outside)
            console = Console(app, mover, Switchboard(outside), sent, smtp=door, pages=URL)
            async with httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=console.site(URL)),
                base_url=URL,
                headers={"sec-fetch-site": "same-origin"},
            ) as client:
                yield Lived(app, console, outside, client)
            daemon.stop.set()
            await running
        assert outside.exact.offences == []
        assert outside.codabox.world.offences == []


async def test_a_fortnight_went_by_and_its_pages_show_it(lived: Lived) -> None:
    found = await lived.app.records.list(limit=1000)
    accepted = [datetime.fromisoformat(one["accepted_at"]) for one in found]
    assert min(accepted) < datetime.now(UTC) - timedelta(days=10)
    counts = await lived.app.db.read(deliveries.counts)
    assert counts["handed_over"] > 20
    assert counts["failed"] > 0, "the day on which no mailbox was there"
    assert counts["held"] > 0, "the number that came again"
    books = {one["connector"] for each in found for one in each["deliveries"]}
    assert books == {"relay", "exact", "codabox"}
    home = (await lived.client.get("/")).text
    assert all(f'href="/as/{who}"' in home for who in PEOPLE)
    link = (await lived.client.get("/as/partner")).headers["location"]
    assert link.startswith(f"{lived.app.settings.web.address}/sign-in/")
    assert (await lived.client.get("/as/nobody")).status_code == 404


async def test_the_outbox_shows_letters_that_run_nothing_and_saves_files(lived: Lived) -> None:
    outbox = (await lived.client.get("/outbox")).text
    mails = re.findall(r'"(/outbox/\d+)"', outbox)
    assert 20 < len(mails) <= 50
    with_file = re.findall(r'"(/outbox/\d+)/0"', outbox)[0]
    page = (await lived.client.get(with_file)).text
    assert f'<iframe class="letter" sandbox src="{with_file}/letter"' in page
    letter = await lived.client.get(f"{with_file}/letter")
    assert letter.headers["content-security-policy"] == LETTER_POLICY
    assert "sandbox" in LETTER_POLICY.split("; ")
    saved = (await lived.client.get(f"{with_file}/0")).headers
    assert saved["content-disposition"].startswith("attachment")
    assert saved["content-type"] == "application/octet-stream"
    for nothing in ("/outbox/999999", "/outbox/..%2Fmaild", f"{with_file}/99"):
        assert (await lived.client.get(nothing)).status_code == 404


async def test_what_goes_wrong_is_seen_and_ends_when_the_clock_is_moved(lived: Lived) -> None:
    await lived.until(await _invoice(lived), accountant="handed_over", books="handed_over")
    assert "Switched on" in await lived.post("/fault/mail", which="down")
    await lived.post("/fault/exact", which="maintenance")
    number = await _invoice(lived)
    await lived.until(number, accountant="queued", books="queued")
    await lived.post("/fault/mail", which="")
    said = await lived.post("/fault/exact", which="")
    assert "Switched on" not in said
    assert await lived.fate(number) == {"accountant": "queued", "books": "queued"}
    before = lived.app.now()
    await lived.post("/clock", by="day")
    assert timedelta(days=1) <= lived.app.now() - before < timedelta(days=1, minutes=1)
    await lived.until(number, accountant="handed_over", books="handed_over")
    assert number in lived.outside.booked()


async def test_codabox_comes_back_on_its_port_and_what_waited_goes(lived: Lived) -> None:
    await lived.post("/fault/codabox", which="down")
    await lived.post("/send/northsea")
    number = (await lived.app.records.list(team="northsea", kind="invoice"))[0]["number"]
    await lived.until(number, accountant="handed_over", books="queued")
    await lived.post("/fault/codabox", which="")
    await lived.post("/clock", by="hour")
    await lived.until(number, accountant="handed_over", books="handed_over")


async def test_a_mail_comes_back(lived: Lived) -> None:
    number = await _invoice(lived)
    await lived.until(number, accountant="handed_over", books="handed_over")
    assert "250 2.0.0 Noted" in await lived.post("/bounce")
    await lived.until(number, accountant="bounced", books="handed_over")


async def test_the_first_morning_of_the_next_month_brings_its_packages(lived: Lived) -> None:
    await lived.post("/clock", by="period")
    async with asyncio.timeout(20):
        while len(await lived.app.records.list(kind="export", since=_yesterday(lived))) < 3:
            await asyncio.sleep(0.1)


async def test_another_site_switches_nothing(lived: Lived) -> None:
    for path in ("/fault/mail", "/clock", "/bounce", "/send/invoice"):
        away = {"sec-fetch-site": "cross-site"}
        assert (await lived.client.post(path, headers=away)).status_code == 403
    for path in ("/fault/nowhere", "/clock", "/send/nothing"):
        assert (await lived.client.post(path)).status_code == 404


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-11-24T18:00+00:00", "2026-12-01T07:00+00:00"),
        ("2026-12-31T23:30+00:00", "2027-02-01T07:00+00:00"),  # it is January in Belgium
        ("2027-01-31T12:00+00:00", "2027-02-01T07:00+00:00"),
        ("2027-03-31T12:00+00:00", "2027-04-01T06:00+00:00"),  # summer time
    ],
)
def test_the_end_of_a_period_is_a_morning_in_belgium(now: str, morning: str) -> None:
    assert period_end(datetime.fromisoformat(now)) == datetime.fromisoformat(morning)


def test_a_shared_clock_only_goes_ahead_and_others_see_it(tmp_path: Path) -> None:
    one, other = SharedClock(tmp_path / "clock"), SharedClock(tmp_path / "clock")
    one.leap(datetime.now(UTC) + timedelta(days=2))
    assert timedelta(days=1, hours=23) < other.lead <= timedelta(days=2)
    one.leap(datetime.now(UTC))
    assert other.lead > timedelta(days=1)
    assert SharedClock(tmp_path / "clock").lead == other.lead


async def _has_fetched(app: App) -> bool:
    """Whether what lay ready at CodaBox came in, and left."""
    found = await app.records.list(team="northsea", limit=2)
    fetched = all(one["kind"] == "purchase_invoice" for one in found)
    return fetched and all(d["state"] == "handed_over" for one in found for d in one["deliveries"])


async def _invoice(lived: Lived) -> str:
    """Send an invoice of the first company; its number."""
    await lived.post("/send/invoice")
    return str((await lived.app.records.list(team="acme", kind="invoice"))[0]["number"])


def _yesterday(lived: Lived) -> datetime:
    return lived.app.now() - timedelta(days=1)
