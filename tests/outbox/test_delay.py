"""A delivery that is put off for hours: its team is told once, in its language, on another road."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.errors import RoadClosed
from maild.intake.notices import tell
from maild.model.delivery import Delivery, Parcel, Purpose, State
from maild.outbox.dispatch import UPKEEP
from maild.outbox.lateness import Lateness
from maild.rules.book import RuleBook
from maild.simulators.mailsink import MailSink
from maild.store import connectors, deliveries, documents
from maild.store.connectors import Rest
from tests.outbox.conftest import PEOPLE, Rig, an_acme, out
from tests.store.builders import NOW, stored_delivery

HOUR = timedelta(hours=1)
EVERY_HOUR: dict[str, Any] = {"retry": (HOUR / 2,), "delay_notice": 4 * HOUR}
GREYLISTED = "451 4.7.1 greylisted"


@pytest.fixture
async def people(rig: Rig) -> AsyncIterator[MailSink]:
    """Another server, by which the team is told."""
    rig.book = RuleBook([an_acme(notices_via="people")])
    sink = MailSink()
    await sink.start()
    yield sink
    await sink.stop()


def ways(rig: Rig, people: MailSink) -> dict[str, Any]:
    return {"relay": rig.connector(), "people": rig.connector("people", people.port)}


async def delayed(rig: Rig, delivery: Delivery) -> int:
    """How often its history says that it was late."""
    events = await rig.db.read(partial(documents.events_of, document=delivery.document or ""))
    return sum((one.event, one.delivery) == ("delivery.delayed", delivery.id) for one in events)


def said(notice: Delivery) -> str:
    """The text of a notice, in one line."""
    assert notice.letter is not None
    return " ".join(notice.letter.text.split())


async def notices(rig: Rig) -> list[Delivery]:
    found = await rig.db.read(deliveries.find)
    return [one for one in found if one.purpose is Purpose.NOTICE]


async def test_what_is_put_off_for_hours_is_told_to_the_team_once_and_goes_on(
    rig: Rig, people: MailSink
) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = GREYLISTED
    async with rig.running(connectors=ways(rig, people), **EVERY_HOUR):
        for tries in range(1, 5):
            await rig.when(delivery, lambda one: one.tries == tries)  # noqa: B023 - read at once
            await rig.step(HOUR)
        assert await notices(rig) == []
        for tries in (5, 6, 7):
            await rig.when(delivery, lambda one: one.tries == tries)  # noqa: B023 - read at once
            await rig.step(HOUR)
        await people.until(lambda: people.count == 1)
        rig.sink.faults.reply.clear()
        await rig.step(HOUR)
        await rig.becomes(delivery, State.HANDED_OVER)
    [notice] = await notices(rig)
    assert notice.address == PEOPLE[0]
    assert await delayed(rig, delivery) == 1
    assert notice.letter is not None
    assert notice.letter.subject.startswith("Vertraagd: ")
    for words in (GREYLISTED, "Er is niets verloren", "blijft het proberen tot", delivery.id):
        assert words in said(notice)


async def test_a_restart_tells_nothing_again(rig: Rig, people: MailSink) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = GREYLISTED
    for tries in range(1, 8):
        async with rig.running(connectors=ways(rig, people), **EVERY_HOUR):
            await rig.when(delivery, lambda one: one.tries == tries)  # noqa: B023 - read at once
        await rig.step(HOUR)
    assert len(await notices(rig)) == await delayed(rig, delivery) == 1


async def test_a_server_that_is_out_for_hours_is_told_without_a_last_day(
    rig: Rig, people: MailSink
) -> None:
    """What a resting connector keeps is never given up."""
    delivery = await rig.add()
    rig.sink.faults.reply["CONNECT"] = "421 4.3.2 closed today"
    async with rig.running(connectors=ways(rig, people), **EVERY_HOUR):
        for times in (1, 2, 3, 4):
            await out(rig, times=times)
            await rig.when(delivery, lambda one: one.state is State.QUEUED)
            await rig.step(2 * HOUR)
        await out(rig, times=5)
        await rig.step(UPKEEP)
        await people.until(lambda: people.count == 1)
    [notice] = await notices(rig)
    assert "tot de server hem aanneemt" in said(notice)
    assert "421 4.3.2 closed today" in said(notice)


async def test_what_a_resting_connector_keeps_is_told_in_one_letter_a_day(rig: Rig) -> None:
    late = Lateness(rig.db, lambda: rig.book, tell, 4 * HOUR, rig.clock)
    first = [await rig.add() for _ in range(3)]
    never = await rig.add(via="other")

    async def rests(span: timedelta) -> None:
        rest = Rest(rig.clock.at + span, "421 4.3.2 closed today")
        await rig.db.write(partial(connectors.pause, via="relay", now=rig.clock.at, rest=rest))

    await rests(3 * HOUR)
    await rig.step(4 * HOUR)
    await late.look()
    assert await notices(rig) == []  # the server may be back: it is asked first
    await rests(4 * HOUR)
    rig.clock.at -= timedelta(seconds=1)
    await late.look()
    assert await notices(rig) == []
    rig.clock.at += timedelta(seconds=1)
    await late.look()
    later = await rig.add(not_before=rig.clock.at)
    for _ in range(5):
        await rests(5 * HOUR)
        await rig.step(4 * HOUR)
        await late.look()
    assert len(await notices(rig)) == 1
    await rests(5 * HOUR)
    await rig.step(4 * HOUR)
    await late.look()
    await late.look()
    second, letter = await notices(rig)
    assert letter.letter is not None
    assert letter.letter.subject == "Vertraagd: 3 documenten naar relay"
    for words in ("421 4.3.2 closed today", "niets wordt opgegeven", "de volgende poging is op"):
        assert words in said(letter)
    assert said(letter).count(" -> accountant") == 3
    assert later.id in said(second)
    assert [await delayed(rig, one) for one in (*first, later, never)] == [1, 1, 1, 1, 0]


class Closed(SmtpConnector):
    """A connector of which one road is closed, as that of an administration at Exact Online."""

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        del parcel, point_of_no_return
        raise RoadClosed("the calls of today are used", retry_after=10 * HOUR)


async def test_a_closed_road_is_told_after_the_same_time_though_it_is_not_tried(
    rig: Rig, people: MailSink
) -> None:
    found = [await rig.add() for _ in range(2)]
    road = Closed(SmtpOptions(name="relay", host="127.0.0.1", port=9, tls="none"))
    connectors = {"relay": road, "people": rig.connector("people", people.port)}
    async with rig.running(connectors=connectors, **EVERY_HOUR):
        for one in found:
            await rig.when(one, lambda each: each.reason is not None)
        await rig.step(4 * HOUR - UPKEEP)
        await rig.step(UPKEEP / 2)
        assert await notices(rig) == []
        while not await notices(rig):
            await rig.step(UPKEEP)
            assert rig.clock.at < NOW + 5 * HOUR
        await people.until(lambda: people.count == 1)
        await rig.step(2 * HOUR)
    [letter] = await notices(rig)
    assert "2 documenten zijn nog onderweg" in said(letter)
    assert "the calls of today are used" in said(letter)
    assert [await delayed(rig, one) for one in found] == [1, 1]


async def test_a_notice_that_is_late_makes_no_notice(rig: Rig, people: MailSink) -> None:
    add = partial(stored_delivery, purpose=Purpose.NOTICE, recipient=None, via="people", attach=())
    notice = await rig.db.write(add)
    people.faults.reply["RCPT"] = GREYLISTED
    async with rig.running(connectors=ways(rig, people), **EVERY_HOUR):
        for tries in range(1, 8):
            await rig.when(notice, lambda one: one.tries == tries)  # noqa: B023 - read at once
            await rig.step(HOUR)
    assert len(await notices(rig)) == 1
