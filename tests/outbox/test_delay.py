"""A delivery that is put off for hours: its team is told once, in its language, on another road."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.model.delivery import Delivery, Purpose, State
from maild.rules.book import RuleBook
from maild.simulators.mailsink import MailSink
from maild.store import deliveries, documents
from tests.outbox.conftest import PEOPLE, Rig, an_acme, out
from tests.store.builders import stored_delivery

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
        await people.until(lambda: people.count == 1)
    [notice] = await notices(rig)
    assert "tot de server hem aanneemt" in said(notice)
    assert "421 4.3.2 closed today" in said(notice)


async def test_a_notice_that_is_late_makes_no_notice(rig: Rig, people: MailSink) -> None:
    add = partial(stored_delivery, purpose=Purpose.NOTICE, recipient=None, via="people", attach=())
    notice = await rig.db.write(add)
    people.faults.reply["RCPT"] = GREYLISTED
    async with rig.running(connectors=ways(rig, people), **EVERY_HOUR):
        for tries in range(1, 8):
            await rig.when(notice, lambda one: one.tries == tries)  # noqa: B023 - read at once
            await rig.step(HOUR)
    assert len(await notices(rig)) == 1
