"""Alarms are opened once, told on the first road that works, told again daily, closed when gone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest

from maild.connectors.alarm_roads import Command, Webhook
from maild.errors import Cause
from maild.model.delivery import HoldCode, Outcome, State
from maild.store import alarms, connectors, deliveries
from maild.store.connectors import Rest
from maild.store.database import Tx
from maild.store.tokens import SealedTokens
from maild.watch.watchman import EVERY, LONGEST
from tests.store.builders import NOW, claimed, stored_delivery
from tests.watch.conftest import Hook, Night, Pager

pytestmark = pytest.mark.anyio
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def test_an_alarm_is_told_once_again_daily_and_never_after_the_trouble_is_gone(
    night: Night, pager: Pager
) -> None:
    watchman = night.watchman(pager.road)
    await watchman.look()
    assert pager.told == []
    await night.mailbox(dead=True)
    for after in (timedelta(), HOUR, DAY - EVERY):
        night.moment = NOW + after
        await watchman.look()
    assert len(pager.told) == 1
    [alarm] = pager.told[0]["alarms"]
    assert alarm["key"] == "mailbox:sales"
    assert "the password is wrong" in alarm["reason"]
    night.moment = NOW + DAY
    await watchman.look()
    assert len(pager.told) == 2
    assert pager.told[1]["alarms"][0]["since"] == NOW.isoformat()
    await night.mailbox(dead=False)
    night.moment = NOW + 3 * DAY
    await watchman.look()
    assert await night.keys() == []
    assert len(pager.told) == 2


async def test_a_trouble_that_comes_back_is_told_anew(night: Night, pager: Pager) -> None:
    watchman = night.watchman(pager.road)
    for dead in (True, False, True):
        await night.mailbox(dead=dead)
        await watchman.look()
    assert len(pager.told) == 2


async def test_the_next_road_is_taken_when_the_first_refuses(
    night: Night, pager: Pager, hook: Hook
) -> None:
    hook.answer = 503
    await night.mailbox(dead=True)
    await night.watchman(Webhook(hook.url), pager.road).look()
    assert len(hook.posted) == 1
    assert len(pager.told) == 1
    [alarm] = await night.db.read(alarms.standing)
    assert (alarm.told_by, alarm.told_at) == ("command", NOW)


async def test_a_road_that_worked_spares_the_next(night: Night, pager: Pager, hook: Hook) -> None:
    await night.mailbox(dead=True)
    await night.watchman(Webhook(hook.url), pager.road).look()
    assert len(hook.posted) == 1
    assert pager.told == []


async def test_a_fault_of_ours_in_one_road_does_not_silence_the_next(
    night: Night, pager: Pager
) -> None:
    class Broken:
        name = "broken"

        async def tell(self, call: object) -> None:
            raise RuntimeError("a bug")

    await night.mailbox(dead=True)
    await night.watchman(Broken(), pager.road).look()
    assert len(pager.told) == 1


async def test_while_no_road_works_all_are_tried_again_less_and_less_often(
    night: Night, hook: Hook
) -> None:
    hook.answer = 500
    watchman = night.watchman(Webhook(hook.url))
    await night.mailbox(dead=True)
    tried = []
    for minute in range(241):
        night.moment = NOW + minute * EVERY
        before = len(hook.posted)
        await watchman.look()
        if len(hook.posted) > before:
            tried.append(minute)
    assert tried == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert timedelta(minutes=tried[-1] - tried[-2]) == LONGEST
    hook.answer = 200
    night.moment = NOW + 5 * HOUR
    await watchman.look()
    [alarm] = await night.db.read(alarms.standing)
    assert alarm.told_at == night.moment


async def test_without_a_road_alarms_stand_all_the_same(night: Night) -> None:
    await night.mailbox(dead=True)
    await night.watchman().look()
    [alarm] = await night.db.read(alarms.standing)
    assert (alarm.key, alarm.told_at) == ("mailbox:sales", None)


async def test_too_little_room_is_an_alarm_and_enough_is_none(night: Night) -> None:
    night.watched = {"disk_free": 10**18}
    await night.watchman().look()
    assert await night.keys() == ["disk:data_dir"]
    night.watched = {}
    await night.watchman().look()
    assert await night.keys() == []


async def test_a_delivery_held_by_a_fault_is_an_alarm_and_one_held_by_a_rule_is_none(
    night: Night,
) -> None:
    def held(tx: Tx) -> str:
        stored_delivery(tx, state=State.HELD, hold_code=HoldCode.RULE)
        return stored_delivery(tx, state=State.HELD, hold_code=HoldCode.BUG).id

    delivery = await night.db.write(held)
    await night.watchman().look()
    [alarm] = await night.db.read(alarms.standing)
    assert alarm.key == "held:acme"
    assert "1 delivery is" in alarm.reason
    assert delivery in alarm.reason


async def test_a_consent_that_ended_is_an_alarm_and_one_never_given_is_none(night: Night) -> None:
    await night.watchman().look()
    assert await night.keys() == []
    store = SealedTokens(night.db, secret_file=night.folder / "key", now=lambda: NOW)
    await store.spoil("office", "the provider took it back")
    await store.spoil("of another configuration", "the same")
    await night.watchman().look()
    assert await night.keys() == ["account:office"]


async def test_the_queue_is_stuck_when_one_that_is_due_waits_too_long(night: Night) -> None:
    await night.db.write(partial(stored_delivery, not_before=NOW))
    later = partial(stored_delivery, not_before=NOW + DAY, created_at=NOW - DAY, via="other")
    await night.db.write(later)
    night.moment = NOW + HOUR - EVERY
    await night.watchman().look()
    assert await night.keys() == []
    night.moment = NOW + HOUR
    await night.watchman().look()
    assert await night.keys() == ["queue:relay"]


async def test_a_relay_that_is_dead_is_an_alarm_however_often_it_is_tried(night: Night) -> None:
    """Each try moves the delivery's time to now, and the connector rests in between."""

    def tried(tx: Tx) -> None:
        one = claimed(tx, now=night.moment)
        deliveries.begin(tx, one, message="0" * 64, now=night.moment)
        deliveries.settle(
            tx,
            one,
            deliveries.Settled(
                State.QUEUED,
                Outcome.PAUSED,
                night.moment,
                reply="no route",
                not_before=night.moment,
                charged=False,
            ),
        )
        until = night.moment + timedelta(minutes=10)
        connectors.pause(tx, via="relay", now=NOW, rest=Rest(until, "no route"))

    await night.db.write(stored_delivery)
    seen = []
    for minutes in (0, 15, 30, 45, 61):
        night.moment = NOW + timedelta(minutes=minutes)
        await night.db.write(tried)
        await night.watchman().look()
        seen.append(await night.keys())
    assert seen == [[], [], [], [], ["queue:relay"]]


@pytest.mark.parametrize("cause", ["tls", "login", "policy"])
async def test_a_server_that_takes_nothing_before_a_person_sees_to_it_is_an_alarm_at_once(
    night: Night, cause: Cause
) -> None:
    rest = Rest(night.moment + timedelta(minutes=5), "535 5.7.8 no", cause)
    out = partial(connectors.pause, via="relay", now=night.moment, rest=rest)
    await night.db.write(out)
    await night.watchman().look()
    assert await night.keys() == []  # nothing waits for it
    await night.db.write(stored_delivery)
    await night.watchman().look()
    [alarm] = await night.db.read(alarms.standing)
    assert alarm.key == "connector:relay"
    assert "535 5.7.8 no" in alarm.reason
    assert "maild queue retry" in alarm.reason
    # Between two tries it stands, and once something was taken it is over.
    night.moment += timedelta(hours=3)
    await night.watchman().look()
    assert "connector:relay" in {one.key for one in await night.db.read(alarms.standing)}
    await night.db.write(partial(connectors.recovered, via="relay"))
    await night.watchman().look()
    assert "connector:relay" not in await night.keys()


@pytest.mark.parametrize("cause", ["network", "consent"])
async def test_a_server_that_is_away_is_no_alarm_at_once(night: Night, cause: Cause) -> None:
    """A network comes back by itself, and a consent is an alarm of its account."""
    rest = Rest(night.moment + timedelta(minutes=5), "no route", cause)
    await night.db.write(partial(connectors.pause, via="relay", now=night.moment, rest=rest))
    await night.db.write(stored_delivery)
    await night.watchman().look()
    assert await night.keys() == []


async def test_what_waits_for_the_rate_of_its_connector_is_no_alarm(night: Night) -> None:
    await night.db.write(stored_delivery)
    night.moment = NOW + timedelta(hours=3)
    until = night.moment + timedelta(seconds=40)
    wait = partial(connectors.wait_for_rate, via="relay", now=night.moment, until=until, reason="")
    await night.db.write(wait)
    await night.watchman().look()
    assert await night.keys() == []
    night.moment += timedelta(minutes=2)
    await night.watchman().look()
    assert await night.keys() == ["queue:relay"]


async def test_a_test_tries_every_road_and_opens_no_alarm(
    night: Night, pager: Pager, hook: Hook
) -> None:
    nobody = Command((str(night.folder / "not there"),))
    said = await night.watchman(nobody, Webhook(hook.url), pager.road).test()
    assert [one["road"] for one in said] == ["command", "webhook", "command"]
    assert "not there cannot be run" in str(said[0]["trouble"])
    assert [one["trouble"] for one in said[1:]] == [None, None]
    assert pager.told[0]["test"] is True
    assert await night.keys() == []
