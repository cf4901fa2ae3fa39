"""The way out as a whole: what is due leaves, and every fault leaves what mail.md 6.4 says."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.errors import ProfileMismatch, RoadClosed
from maild.intake.notices import tell
from maild.model.delivery import Delivery, HoldCode, Outcome, Parcel, Purpose, State
from maild.outbox.compose import Composed
from maild.outbox.dispatch import CONNECTIONS
from maild.outbox.lane import AHEAD
from maild.rules.book import RuleBook
from maild.simulators.mailsink import LOOPBACK, MailSink
from maild.store import deliveries, documents
from maild.store.database import Database
from tests.outbox.conftest import PEOPLE, Rig
from tests.store.builders import NOW, stored_document

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
NO_GRACE: dict[str, Any] = {"grace": timedelta(0)}


async def history(rig: Rig, delivery: Delivery) -> list[str]:
    events = await rig.db.read(partial(documents.events_of, document=delivery.document or ""))
    return [one.event for one in events]


async def test_what_is_due_leaves_and_is_called_handed_over(rig: Rig) -> None:
    delivery = await rig.add()
    async with rig.running():
        done = await rig.becomes(delivery, State.HANDED_OVER)
    (mail,) = rig.sink.mails
    assert mail.recipients == (delivery.address,)
    (attempt,) = done.attempts
    assert (attempt.outcome, attempt.reply) == (Outcome.HANDED_OVER, "250 2.0.0 kept as 1")
    assert done.tries == 1
    assert await history(rig, delivery) == ["delivery.handed_over"]


async def test_what_is_not_due_waits_for_its_time(rig: Rig) -> None:
    later = await rig.add(not_before=rig.clock.at + 10 * MINUTE)
    now = await rig.add()
    async with rig.running():
        await rig.becomes(now, State.HANDED_OVER)
        assert (await rig.get(later)).state is State.QUEUED
        await rig.step(10 * MINUTE)
        await rig.becomes(later, State.HANDED_OVER)


async def test_a_delivery_that_another_process_writes_leaves_within_a_second(rig: Rig) -> None:
    other = await Database.open(rig.db.path)
    async with rig.running():
        await rig.becomes(await rig.add(), State.HANDED_OVER)
        document = await other.write(stored_document)
        one = Delivery(
            id="v-beside",
            team="acme",
            purpose=Purpose.DOCUMENT,
            document=document.id,
            recipient="accountant",
            address="an@kantoor.example",
            via="relay",
            profile="mailbox",
            attach=(),
            state=State.QUEUED,
            not_before=rig.clock.at,
            created_at=rig.clock.at,
            message_id="<v-beside@acme.example>",
        )
        began = time.monotonic()
        await other.write(partial(deliveries.add, delivery=one))
        await rig.sink.until(lambda: rig.sink.count == 2)
        assert time.monotonic() - began < 1
    await other.close()


async def test_a_temporary_no_is_tried_again_with_the_same_bytes(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["DOT"] = "451 4.7.1 not now"
    async with rig.running():
        put_off = await rig.when(delivery, lambda one: one.tries == 1)
        pause = put_off.not_before - rig.clock.at
        assert timedelta(minutes=4.5) <= pause <= timedelta(minutes=5.5)
        rig.sink.faults.reply.clear()
        await rig.step(6 * MINUTE)
        done = await rig.becomes(delivery, State.HANDED_OVER)
    assert [one.outcome for one in done.attempts] == [Outcome.DEFERRED, Outcome.HANDED_OVER]
    # Composed once: the second try carries the date of the first.
    assert str(rig.clock.at - 6 * MINUTE).encode() in rig.sink.mails[0].content


async def test_a_greylist_is_come_back_to_when_it_says(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = "450 4.7.1 greylisted, try again in 30 minutes"
    async with rig.running():
        put_off = await rig.when(delivery, lambda one: one.tries == 1)
    assert put_off.not_before == rig.clock.at + 30 * MINUTE


async def test_a_refused_delivery_fails_at_once_and_tells_the_team(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = "550 5.1.1 no such user"

    def told(*known: Any, **more: Any) -> object:
        rig.sink.faults.reply.clear()  # before the notice is there to be refused as well
        return tell(*known, **more)

    async with rig.running(tell=told):
        failed = await rig.becomes(delivery, State.FAILED)
        await rig.sink.until(lambda: rig.sink.count == 1)
    assert failed.reason == "refused: 550 5.1.1 no such user"
    (mail,) = rig.sink.mails
    assert mail.recipients == PEOPLE
    assert b"550 5.1.1 no such user" in mail.content
    assert delivery.id.encode() in mail.content
    assert await history(rig, delivery) == ["delivery.failed"]


async def test_a_notice_that_fails_is_followed_by_no_notice(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = "550 5.1.1 no such user"
    async with rig.running():
        await rig.becomes(delivery, State.FAILED)
        await rig.sink.until(lambda: rig.sink.steps["RCPT"] == 2)
        failed = partial(deliveries.find, state="failed")
        while len(await rig.db.read(failed)) < 2:
            await rig.db.wait_for_change(10)
    assert sum((await rig.db.read(deliveries.counts)).values()) == 2


async def test_a_team_that_left_the_configuration_gets_no_notice_and_breaks_nothing(
    rig: Rig,
) -> None:
    rig.book = RuleBook([])
    rig.sink.faults.reply["RCPT"] = "550 5.1.1 no such user"
    delivery = await rig.add()
    async with rig.running():
        await rig.becomes(delivery, State.FAILED)


async def test_a_notice_that_cannot_be_written_does_not_undo_the_result(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.reply["RCPT"] = "550 5.1.1 no such user"

    def tell(*_: object, **__: object) -> None:
        raise KeyError("a letter without its words")

    async with rig.running(tell=tell):
        await rig.becomes(delivery, State.FAILED)


async def test_no_reply_after_the_dot_is_uncertain_and_goes_again_with_the_same_bytes(
    rig: Rig,
) -> None:
    delivery = await rig.add()
    rig.sink.faults.drop.add("DOT")
    async with rig.running():
        doubted = await rig.when(delivery, lambda one: one.tries == 1)
        assert doubted.state is State.UNCERTAIN
        assert (doubted.reason or "").startswith("it may have arrived")
        assert doubted.not_before == rig.clock.at + 15 * MINUTE
        rig.sink.faults.drop.clear()
        await rig.step(15 * MINUTE)
        done = await rig.becomes(delivery, State.HANDED_OVER)
    first, second = rig.sink.mails
    assert first.content == second.content
    assert [one.outcome for one in done.attempts] == [Outcome.UNCERTAIN, Outcome.HANDED_OVER]
    assert await history(rig, delivery) == ["delivery.uncertain", "delivery.handed_over"]


async def test_where_the_connector_says_so_a_person_decides_about_a_doubt(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.drop.add("DOT")
    async with rig.running(hold_uncertain=frozenset({"relay"})):
        held = await rig.becomes(delivery, State.HELD)
    assert held.hold_code is HoldCode.UNCERTAIN


async def test_the_doubt_is_on_disk_before_the_dot_and_the_reply_ends_it(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["DOT"] = 0.2
    async with rig.running():
        await rig.sink.until(lambda: rig.sink.count == 1)
        assert (await rig.get(delivery)).state is State.UNCERTAIN
        await rig.becomes(delivery, State.HANDED_OVER)


async def test_a_road_that_is_closed_keeps_its_own_waiting_uncharged_and_no_others(
    rig: Rig,
) -> None:
    class Roads(SmtpConnector):
        """A connector with a road that is closed for an hour."""

        async def deliver(
            self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
        ) -> str:
            if parcel.address == "division@exact.example" and rig.clock.at < NOW + HOUR:
                raise RoadClosed("the calls of today are used", retry_after=HOUR)
            return await super().deliver(parcel, point_of_no_return=point_of_no_return)

    shut = [await rig.add(address="division@exact.example") for _ in range(3)]
    roads = Roads(SmtpOptions(name="relay", host=LOOPBACK, port=rig.sink.port, tls="none"))
    async with rig.running(connectors={"relay": roads}):
        for one in shut:
            waiting = await rig.when(one, lambda found: bool(found.attempts))
            assert (waiting.state, waiting.tries) == (State.QUEUED, 0)
            assert waiting.not_before == NOW + HOUR
            assert waiting.attempts[-1].outcome is Outcome.PAUSED
            assert waiting.attempts[-1].reply == "the calls of today are used"
            assert waiting.reason == "the calls of today are used"
        await rig.becomes(await rig.add(address="an@kantoor.example"), State.HANDED_OVER)
        await rig.step(HOUR)
        for one in shut:
            done = await rig.becomes(one, State.HANDED_OVER)
            assert (done.tries, done.reason) == (1, None)


async def test_some_are_composed_while_others_are_on_the_wire(rig: Rig) -> None:
    waiting = [await rig.add() for _ in range(20)]
    rig.sink.faults.delay["DOT"] = 3600
    async with rig.running(**NO_GRACE):
        await rig.sink.until(lambda: rig.sink.steps["DOT"] == CONNECTIONS)
        while sum(one.claim_no for one in [await rig.get(one) for one in waiting]) < (
            CONNECTIONS + AHEAD
        ):
            await rig.db.wait_for_change(10)
        found = [await rig.get(one) for one in waiting]
    assert sum(one.claim_no for one in found) == CONNECTIONS + AHEAD
    # Only what has a connection has begun: the others left no trace of an attempt.
    assert sum(bool(one.attempts) for one in found) == CONNECTIONS
    assert rig.sink.steps["CONNECT"] == CONNECTIONS


async def test_a_server_that_hangs_hurts_nobody_else(rig: Rig) -> None:
    hanging = MailSink()
    hanging.faults.delay["CONNECT"] = 3600
    ways = {
        "relay": rig.connector(),
        "slow": rig.connector("slow", await hanging.start()),
    }
    stuck = [await rig.add(via="slow") for _ in range(20)]
    fine = [await rig.add() for _ in range(20)]
    async with rig.running(connectors=ways, **NO_GRACE):
        for one in fine:
            await rig.becomes(one, State.HANDED_OVER)
        assert hanging.steps["CONNECT"] == 4
    states = {(await rig.get(one)).state for one in stuck}
    assert states == {State.QUEUED}
    await hanging.stop()


async def test_one_server_gets_no_more_connections_than_it_is_given(rig: Rig) -> None:
    for _ in range(30):
        await rig.add()
    most = 0
    rig.sink.faults.delay["DOT"] = 0.01
    async with rig.running(connections={"relay": 3}):
        while rig.sink.count < 30:
            await rig.sink.until(lambda seen=rig.sink.count: rig.sink.count > seen)  # type: ignore[misc]
            most = max(most, len(rig.sink.transports))
    assert most == 3
    assert rig.sink.steps["CONNECT"] == 3


async def test_a_bug_holds_its_delivery_with_an_incident_and_the_others_go_on(rig: Rig) -> None:
    broken, fine = await rig.add(), await rig.add()

    async def compose(delivery: Delivery) -> Composed:
        if delivery.id == broken.id:
            raise ZeroDivisionError
        return await rig.compose(delivery)

    async with rig.running(compose=compose):
        held = await rig.becomes(broken, State.HELD)
        await rig.becomes(fine, State.HANDED_OVER)
    assert held.hold_code is HoldCode.BUG
    assert "ZeroDivisionError" in (held.reason or "")
    assert "incident i-" in (held.reason or "")


async def test_what_its_inbox_does_not_take_is_held_with_the_reason(rig: Rig) -> None:
    delivery = await rig.add()

    async def compose(_: Delivery) -> Composed:
        raise ProfileMismatch("the mail has 12 MB; yuki takes 10")

    async with rig.running(compose=compose):
        held = await rig.becomes(delivery, State.HELD)
    assert (held.hold_code, held.reason) == (
        HoldCode.PROFILE,
        "the mail has 12 MB; yuki takes 10",
    )


async def test_a_full_disk_while_composing_is_waited_out_uncharged(rig: Rig) -> None:
    delivery = await rig.add()
    full = True

    async def compose(delivery: Delivery) -> Composed:
        if full:
            raise OSError(28, "No space left on device")
        return await rig.compose(delivery)

    async with rig.running(compose=compose):
        waiting = await rig.when(delivery, lambda one: one.not_before > rig.clock.at)
        assert (waiting.state, waiting.tries) == (State.QUEUED, 0)
        full = False
        await rig.step(MINUTE)
        await rig.becomes(delivery, State.HANDED_OVER)


async def test_a_delivery_whose_connector_is_gone_is_held_and_says_what_to_do(rig: Rig) -> None:
    delivery = await rig.add(via="gone")
    async with rig.running():
        held = await rig.becomes(delivery, State.HELD)
    assert 'no connector "gone"' in (held.reason or "")
    assert f"maild queue release {delivery.id}" in (held.reason or "")


async def test_what_is_called_off_before_the_dot_waits_uncharged(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["RCPT"] = 3600
    async with rig.running(**NO_GRACE):
        await rig.sink.until(lambda: rig.sink.steps["RCPT"] == 1)
    back = await rig.get(delivery)
    assert (back.state, back.tries, back.attempts[0].outcome) == (State.QUEUED, 0, Outcome.LOST)
    assert rig.sink.count == 0
    rig.sink.faults.delay.clear()
    async with rig.running():
        await rig.becomes(delivery, State.HANDED_OVER)
    assert rig.sink.count == 1


async def test_what_is_called_off_after_the_dot_stays_uncertain(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["DOT"] = 3600
    async with rig.running(**NO_GRACE):
        await rig.sink.until(lambda: rig.sink.count == 1)
    back = await rig.get(delivery)
    assert (back.state, back.attempts[0].outcome) == (State.UNCERTAIN, Outcome.UNCERTAIN)
    assert back.not_before == rig.clock.at + 15 * MINUTE


async def test_what_is_on_the_wire_may_finish_within_the_grace(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["DOT"] = 0.2
    async with rig.running():
        await rig.sink.until(lambda: rig.sink.count == 1)
    assert (await rig.get(delivery)).state is State.HANDED_OVER


async def test_a_lane_whose_lease_was_taken_changes_nothing(rig: Rig) -> None:
    delivery = await rig.add()
    rig.sink.faults.delay["DOT"] = 0.2
    async with rig.running():
        await rig.sink.until(lambda: rig.sink.count == 1)
        take = partial(
            deliveries.take_back, owner="another", now=rig.clock.at, doubt_pause=15 * MINUTE
        )
        await rig.db.write(take)
    kept = await rig.get(delivery)
    assert kept.state is State.UNCERTAIN
    assert kept.attempts[0].outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize("hold", [frozenset(), frozenset({"relay"})], ids=["retry", "hold"])
async def test_leases_of_a_daemon_that_died_are_taken_back_at_the_start(
    rig: Rig, hold: frozenset[str]
) -> None:
    sending, doubted = await rig.add(), await rig.add()
    claim = partial(
        deliveries.claim, now=rig.clock.at, owner="dead", lease_until=rig.clock.at + MINUTE, limit=2
    )
    claimed = {one.id: one for one in await rig.db.write(claim)}
    staged = await rig.blobs.stage(b"Subject: x\r\n\r\n")
    for one in claimed.values():
        await rig.db.write(
            partial(deliveries.begin, delivery=one, message=staged.sha256, now=rig.clock.at)
        )
    await rig.db.write(partial(deliveries.mark_uncertain, delivery=claimed[doubted.id]))
    await rig.db.write(partial(_keep, staged=staged))
    async with rig.running(hold_uncertain=hold):
        await rig.becomes(sending, State.HANDED_OVER)
        back = await rig.get(doubted)
        assert back.state is (State.HELD if hold else State.UNCERTAIN)
        if not hold:
            await rig.step(15 * MINUTE)
            await rig.becomes(doubted, State.HANDED_OVER)
    assert rig.sink.count == (1 if hold else 2)


def _keep(tx: Any, *, staged: Any) -> None:
    from maild.store import blobs  # noqa: PLC0415 - one use

    blobs.keep(tx, staged)


async def test_a_clock_that_jumps_ahead_sends_nothing_twice_and_ends_nothing_untried(
    rig: Rig,
) -> None:
    on_the_wire = await rig.add(deadline_at=rig.clock.at + timedelta(days=5))
    rig.sink.faults.delay["DOT"] = 0.2
    async with rig.running():
        await rig.sink.until(lambda: rig.sink.count == 1)
        waiting = await rig.add(deadline_at=rig.clock.at + timedelta(days=5))
        await rig.step(timedelta(days=30))
        await rig.becomes(on_the_wire, State.HANDED_OVER)
        await rig.becomes(waiting, State.HANDED_OVER)
    assert rig.sink.count == 2


async def test_after_its_deadline_a_delivery_ends_with_the_last_reply(rig: Rig) -> None:
    delivery = await rig.add(deadline_at=rig.clock.at + timedelta(hours=1))
    rig.sink.faults.reply["RCPT"] = "450 4.2.2 mailbox full"
    async with rig.running(retry=(40 * MINUTE,)):
        tries = 1
        while (await rig.when(delivery, lambda one: one.tries >= tries)).state is State.QUEUED:  # noqa: B023 - read at once
            tries += 1
            await rig.step(45 * MINUTE)
        failed = await rig.get(delivery)
    assert failed.state is State.FAILED
    assert "450 4.2.2 mailbox full" in (failed.reason or "")
    assert len(failed.attempts) == 3


async def test_the_most_urgent_goes_first(rig: Rig) -> None:
    for _ in range(5):
        await rig.add()
    await rig.add(priority=10, address="login@acme.example")
    async with rig.running(connections={"relay": 1}):
        await rig.sink.until(lambda: rig.sink.count == 6)
    assert rig.sink.mails[0].recipients == ("login@acme.example",)


async def test_an_outbox_without_work_does_not_write(rig: Rig) -> None:
    await rig.add(not_before=rig.clock.at + timedelta(hours=1))
    async with rig.running():
        await rig.becomes(await rig.add(), State.HANDED_OVER)
        before = rig.db.changes
        assert not await rig.db.wait_for_change(0.5, since=before)
