"""A server that is out: one probe at a time, less and less often, nobody is charged, and it is told."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.errors import Cause
from maild.model.delivery import Delivery, Outcome, State
from maild.simulators.mailsink import LOOPBACK, MailSink
from maild.store import connectors, deliveries
from tests.outbox.conftest import Rig, out

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BUSY = "421 4.3.2 too busy"


async def test_a_server_that_is_out_rests_with_one_probe_and_charges_nobody(rig: Rig) -> None:
    waiting = [await rig.add() for _ in range(10)]
    rig.sink.faults.reply["CONNECT"] = BUSY
    async with rig.running():
        rest = await out(rig)
        assert 27 * SECOND <= rest.until - rig.clock.at <= 33 * SECOND
        assert (rest.cause, BUSY in rest.reason) == ("network", True)
        begun = rig.sink.steps["CONNECT"]
        assert begun <= 4
        for times in (2, 3):
            await rig.step(rest.until - rig.clock.at)
            rest = await out(rig, times=times)
            pause = (rest.until - rig.clock.at) / (30 * SECOND * 2 ** (times - 1))
            assert 0.9 <= pause <= 1.1
        assert rig.sink.steps["CONNECT"] == begun + 2
        rig.sink.faults.reply.clear()
        await rig.step(rest.until - rig.clock.at)
        for one in waiting:
            assert (await rig.becomes(one, State.HANDED_OVER)).tries == 1
    assert rig.sink.count == 10
    assert await rig.db.read(connectors.rests) == {}


async def test_after_a_success_the_next_outage_begins_with_the_shortest_rest(rig: Rig) -> None:
    rig.sink.faults.reply["CONNECT"] = BUSY
    connector = rig.connector()
    async with rig.running(connectors={"relay": connector}):
        first = await rig.add()
        for times in (1, 2, 3):
            rest = await out(rig, times=times)
            await rig.step(rest.until - rig.clock.at)
        rest = await out(rig, times=4)
        rig.sink.faults.reply.clear()
        await rig.step(rest.until - rig.clock.at)
        await rig.becomes(first, State.HANDED_OVER)
        rig.sink.faults.reply["MAIL"] = BUSY
        await rig.add(not_before=rig.clock.at)
        assert (await out(rig)).until - rig.clock.at <= 33 * SECOND


async def test_a_restart_probes_where_the_last_process_ended(rig: Rig) -> None:
    waiting = [await rig.add() for _ in range(10)]
    rig.sink.faults.reply["CONNECT"] = BUSY
    async with rig.running():
        rest = await out(rig)
    begun = rig.sink.steps["CONNECT"]
    await rig.step(rest.until - rig.clock.at)
    async with rig.running():
        rest = await out(rig, times=2)
        assert rig.sink.steps["CONNECT"] == begun + 1
        rig.sink.faults.reply.clear()
        await rig.step(rest.until - rig.clock.at)
        for one in waiting:
            await rig.becomes(one, State.HANDED_OVER)


async def test_who_says_retry_ends_the_rest_at_once(rig: Rig) -> None:
    one, other = await rig.add(), await rig.add()
    rig.sink.faults.reply["CONNECT"] = BUSY
    async with rig.running():
        await out(rig)
        rig.sink.faults.reply.clear()
        await rig.db.write(partial(deliveries.retry, id=one.id, now=rig.clock.at))
        await rig.becomes(one, State.HANDED_OVER)
        await rig.becomes(other, State.HANDED_OVER)


def logged_in(sink: MailSink, folder: Path, *, password: str) -> SmtpConnector:
    file = folder / "password"
    file.write_text(password)
    options = SmtpOptions(
        name="relay", host=LOOPBACK, port=sink.port, tls="none", user="acme", password_file=file
    )
    return SmtpConnector(options)


async def stopped(rig: Rig, cause: Cause, says: str, **running: Any) -> Delivery:
    """A delivery that waits, uncharged, since its connector is out for that cause."""
    delivery, other = await rig.add(), await rig.add()
    async with rig.running(**running):
        rest = await out(rig)
        kept = await rig.when(delivery, lambda one: one.state is State.QUEUED)
    assert (rest.cause, says in rest.reason) == (cause, True), rest
    for one in (kept, await rig.get(other)):
        assert (one.state, one.tries) == (State.QUEUED, 0)
        assert {attempt.outcome for attempt in one.attempts} <= {Outcome.PAUSED}
    assert rig.sink.count == 0
    return kept


@pytest.mark.parametrize(
    ("step", "reply", "cause"),
    [
        ("CONNECT", "554 5.7.1 your address is on our list", "policy"),
        ("EHLO", "550 5.7.1 who are you", "policy"),
        ("MAIL", "553 5.7.1 sender address not owned by user", "policy"),
        ("MAIL", "530 5.7.0 authentication required", "login"),
        ("MAIL", "530 5.7.0 must issue a STARTTLS command first", "tls"),
        ("CONNECT", "421 4.7.0 come back later", "network"),
    ],
)
async def test_a_server_that_takes_nothing_of_ours_stops_the_connector(
    rig: Rig, step: str, reply: str, cause: Cause
) -> None:
    rig.sink.faults.reply[step] = reply
    await stopped(rig, cause, reply)


async def test_a_login_that_is_refused_stops_the_connector_and_is_seldom_tried(
    rig: Rig, tmp_path: Path
) -> None:
    sink = MailSink(users={"acme": "right"})
    await sink.start()
    rig.sink = sink
    way = logged_in(sink, tmp_path, password="wrong")
    delivery = await stopped(rig, "login", "535", connectors={"relay": way})
    rest = await out(rig)
    assert rest.until - rig.clock.at >= 4.5 * MINUTE
    assert sink.steps["AUTH"] <= 4
    # Mended, a person need not wait.
    mended = logged_in(sink, tmp_path, password="right")
    async with rig.running(connectors={"relay": mended}):
        await rig.db.write(partial(deliveries.retry, id=delivery.id, now=rig.clock.at))
        await rig.becomes(delivery, State.HANDED_OVER)
    await sink.stop()


async def test_a_server_without_a_login_that_we_know_stops_the_connector(
    rig: Rig, tmp_path: Path
) -> None:
    way = logged_in(rig.sink, tmp_path, password="x")
    await stopped(rig, "login", "no login by password that maild knows", connectors={"relay": way})


async def test_a_server_without_tls_stops_the_connector(rig: Rig) -> None:
    options = SmtpOptions(name="relay", host=LOOPBACK, port=rig.sink.port, tls="starttls")
    await stopped(rig, "tls", "STARTTLS", connectors={"relay": SmtpConnector(options)})


async def test_a_name_that_is_not_found_rests_the_connector(rig: Rig) -> None:
    """RFC 6761 section 6.4: names under "invalid" are never found."""
    options = SmtpOptions(name="relay", host="relay.invalid", port=587)
    connector = SmtpConnector(options)
    await stopped(rig, "network", "relay.invalid", connectors={"relay": connector})
