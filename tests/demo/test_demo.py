"""The demo's bills, its life in the past, its pages, its faults, and its clock."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from maild.actions import utc_now
from maild.cli.opening import opened
from maild.demo import world
from maild.demo.bills import corrected, half_a_year
from maild.demo.clock import NAME, SharedClock, clock_of
from maild.demo.configuration import Surroundings, write
from maild.demo.console import PEOPLE
from maild.demo.mail_pages import LETTER_POLICY
from maild.demo.moving import period_end
from maild.store import deliveries
from maild.ubl import document as ubl
from tests.demo.conftest import PATIENCE, Lived

UNTIL = date(2026, 11, 24)


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
    await lived.until_rest("relay", "exact")
    assert await lived.fate(number) == {"accountant": "queued", "books": "queued"}
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
    await lived.until_rest("codabox")
    await lived.until(number, accountant="handed_over", books="queued")
    await lived.post("/fault/codabox", which="")
    await lived.post("/clock", by="hour")
    await lived.until(number, accountant="handed_over", books="handed_over")


async def test_a_mail_comes_back(lived: Lived) -> None:
    number = await _invoice(lived)
    await lived.until(number, accountant="handed_over", books="handed_over")
    [newest, *_], _ = lived.console.sent.newest()
    assert number in newest.subject, "the last mail is this one"
    assert "250 2.0.0 Noted" in await lived.post("/bounce")
    await lived.until(number, accountant="bounced", books="handed_over")


async def test_the_first_morning_of_the_next_month_brings_its_packages(lived: Lived) -> None:
    await lived.post("/clock", by="period")
    async with asyncio.timeout(PATIENCE):
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
    one, other = SharedClock(tmp_path / NAME), SharedClock(tmp_path / NAME)
    one.leap(datetime.now(UTC) + timedelta(days=2))
    assert timedelta(days=1, hours=23) < other.lead <= timedelta(days=2)
    one.leap(datetime.now(UTC))
    assert other.lead > timedelta(days=1)
    assert SharedClock(tmp_path / NAME).lead == other.lead


async def test_a_command_goes_by_the_clock_of_the_demo_whose_configuration_it_is_given(
    tmp_path: Path,
) -> None:
    config = write(tmp_path, Surroundings(relay=1, web=1))
    assert clock_of(config) is utc_now
    SharedClock(tmp_path / NAME).leap(datetime.now(UTC) + timedelta(days=40))
    async with opened(config) as app:
        schedules = await app.agenda.list()
    soon = datetime.now(UTC) + timedelta(days=39)
    assert schedules
    assert all(datetime.fromisoformat(one["next_at"]) > soon for one in schedules)


async def _invoice(lived: Lived) -> str:
    """Send an invoice of the first company; its number."""
    await lived.post("/send/invoice")
    return str((await lived.app.records.list(team="acme", kind="invoice"))[0]["number"])


def _yesterday(lived: Lived) -> datetime:
    return lived.app.now() - timedelta(days=1)
