"""kill -9 at each await between claim and settle: exactly once, or twice the same and known so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from maild.connectors.smtp import SmtpConnector
from maild.model.delivery import Delivery, Outcome, State
from maild.outbox.dispatch import Outbox, OutboxOptions
from maild.rules.book import RuleBook
from maild.simulators.mailsink import MailSink
from maild.store import deliveries
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx
from tests.outbox.dying import Composing, nobody, options
from tests.store.builders import a_delivery, stored_document

ROOT = Path(__file__).resolve().parents[2]
WAITING = 3  # deliveries; the lane has all of them in its hands when the process dies

# Steps where nothing can have arrived, and steps after which it may have.
BEFORE = ["composing", "begun", "CONNECT", "EHLO", "MAIL", "RCPT", "DATA"]
AFTER = ["crossed", "DOT", "replied"]


async def test_the_real_outbox_dies_with_its_mails_whole(tmp_path: Path) -> None:
    """The steps without a crash: what the other cases are compared with."""
    sink = MailSink()
    await sink.start()
    waiting = await _fill(tmp_path)
    found = await _finish(tmp_path, sink, waiting=waiting)
    assert all(one.tries == 1 for one in found)
    assert sink.count == WAITING
    await sink.stop()


@pytest.mark.parametrize("step", BEFORE)
async def test_what_died_before_the_dot_arrives_exactly_once(tmp_path: Path, step: str) -> None:
    sink = MailSink()
    await sink.start()
    waiting = await _fill(tmp_path)
    await _die_at(step, tmp_path, sink)
    assert sink.count == 0
    found = await _finish(tmp_path, sink, waiting=waiting)
    assert sorted(_message_ids(sink)) == sorted(one.message_id for one in waiting)
    outcomes = {attempt.outcome for one in found for attempt in one.attempts}
    assert Outcome.UNCERTAIN not in outcomes
    await sink.stop()


@pytest.mark.parametrize("step", AFTER)
async def test_what_died_after_the_dot_is_known_as_uncertain_and_comes_as_the_same_bytes(
    tmp_path: Path, step: str
) -> None:
    sink = MailSink()
    await sink.start()
    waiting = await _fill(tmp_path)
    await _die_at(step, tmp_path, sink)
    first = sink.count
    assert first == (0 if step == "crossed" else WAITING)
    found = await _finish(tmp_path, sink, waiting=waiting)
    assert sink.count == first + WAITING
    assert {mail.content for mail in sink.mails[:first]} <= {
        mail.content for mail in sink.mails[first:]
    }
    assert sorted(set(_message_ids(sink))) == sorted(one.message_id for one in waiting)
    for one in found:
        assert [each.outcome for each in one.attempts] == [Outcome.UNCERTAIN, Outcome.HANDED_OVER]
    await sink.stop()


async def test_a_death_while_a_slow_server_keeps_it_waiting_is_not_held_against_the_document(
    tmp_path: Path,
) -> None:
    sink = MailSink()
    await sink.start()
    sink.faults.delay["MAIL"] = 3600
    waiting = await _fill(tmp_path, count=1)
    child = await _start("none", tmp_path, sink)
    db = await Database.open(tmp_path / "maild.db")
    await _until(db, waiting, lambda one: bool(one.attempts))
    await _kill(child)
    await db.close()
    await sink.until(lambda: not sink.transports)
    sink.faults.delay.clear()
    [found] = await _finish(tmp_path, sink, waiting=waiting)
    assert [each.outcome for each in found.attempts] == [Outcome.LOST, Outcome.HANDED_OVER]
    assert found.losses == 0
    assert sink.count == 1
    await sink.stop()


async def test_what_is_settled_is_not_sent_again(tmp_path: Path) -> None:
    sink = MailSink()
    await sink.start()
    waiting = await _fill(tmp_path)
    child = await _start("none", tmp_path, sink)
    db = await Database.open(tmp_path / "maild.db")
    await _until_handed_over(db, waiting)
    await _kill(child)
    await db.close()
    await _finish(tmp_path, sink, waiting=waiting)
    assert sink.count == WAITING
    await sink.stop()


def _message_ids(sink: MailSink) -> list[str]:
    return [mail.content.split(b"\r\n")[0].decode().partition(": ")[2] for mail in sink.mails]


async def _fill(folder: Path, *, count: int = WAITING) -> list[Delivery]:
    """A store with some deliveries that are due."""

    def write(tx: Tx) -> list[Delivery]:
        now = datetime.now(tz=UTC)
        found = [a_delivery(stored_document(tx), not_before=now) for _ in range(count)]
        for one in found:
            deliveries.add(tx, one)
        return found

    db = await Database.open(folder / "maild.db")
    waiting = await db.write(write)
    await db.close()
    return waiting


async def _start(step: str, folder: Path, sink: MailSink) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.outbox.dying",
        str(folder / "maild.db"),
        str(folder / "blobs"),
        str(sink.port),
        step,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )


async def _kill(child: asyncio.subprocess.Process) -> None:
    os.kill(child.pid, signal.SIGKILL)
    assert await child.wait() == -signal.SIGKILL


async def _die_at(step: str, folder: Path, sink: MailSink) -> None:
    """Run the outbox in a child until every delivery stands at the step, then kill it."""
    if step.isupper():
        sink.faults.delay[step] = 3600
    child = await _start(step, folder, sink)
    if step.isupper():
        await sink.until(lambda: sink.steps[step] == WAITING)
    else:
        stream = child.stdout
        assert stream is not None
        for _ in range(WAITING):
            line = await asyncio.wait_for(stream.readline(), 20)
            while line.strip().decode() != step:  # the log stands between
                assert line, "the child ended by itself"
                line = await asyncio.wait_for(stream.readline(), 20)
    await _kill(child)
    await sink.until(lambda: not sink.transports)
    sink.faults.delay.clear()


async def _finish(folder: Path, sink: MailSink, *, waiting: list[Delivery]) -> list[Delivery]:
    """A new daemon on the same store takes everything to its end."""
    db = await Database.open(folder / "maild.db")
    connector = SmtpConnector(options(sink.port))
    stop = asyncio.Event()
    outbox = Outbox(
        db=db,
        compose=Composing(BlobStore(folder / "blobs", db)),
        connectors={"relay": connector},
        options=OutboxOptions(doubt_pause=timedelta(0)),
        book=lambda: RuleBook([]),
        tell=nobody,
        now=lambda: datetime.now(tz=UTC),
    )
    task = asyncio.create_task(outbox.run(stop))
    found = await _until_handed_over(db, waiting)
    stop.set()
    await task
    await connector.close()
    await db.close()
    return found


async def _until_handed_over(db: Database, waiting: list[Delivery]) -> list[Delivery]:
    return await _until(db, waiting, lambda one: one.state is State.HANDED_OVER)


async def _until(
    db: Database, waiting: list[Delivery], reached: Callable[[Delivery], bool]
) -> list[Delivery]:
    seen = db.changes
    while True:
        found = [await db.read(partial(deliveries.get, id=one.id)) for one in waiting]
        if all(map(reached, found)):
            return found
        assert await db.wait_for_change(20, since=seen), found
        seen = db.changes
