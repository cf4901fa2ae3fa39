"""What relays say later of what they took, against the stand-in of CodaBox."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from maild.connectors.http_map import called
from maild.model.delivery import Delivery, Outcome, Purpose, State
from maild.polls import Poll
from maild.rules.book import RuleBook
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Fault, Invoice
from maild.store import deliveries
from maild.store.database import Database, Tx
from tests.connectors.codabox_bench import NAME, NUMBER, CodaboxBench
from tests.connectors.conftest import Crossing
from tests.outbox.conftest import an_acme
from tests.store.builders import NOW, a_delivery, claimed, handed_over, stored_document


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[CodaboxBench]:
    db = await Database.open(tmp_path / "maild.db")
    box = CodaBox()
    box.world.switches.later = True
    box.start()
    one = CodaboxBench(box, db, tmp_path)
    await one.connect()
    yield one
    box.stop()
    await db.close()


def poll(bench: CodaboxBench) -> Poll:
    return Poll(NAME, bench.connector, 300, bench.db, lambda: RuleBook([an_acme()]), lambda: NOW)


async def taken(bench: CodaboxBench) -> tuple[Delivery, Invoice]:
    """A delivery that CodaBox took, and what it holds."""
    reply = await bench.connector.deliver(bench.parcel("1"), point_of_no_return=Crossing())

    def store(tx: Tx) -> Delivery:
        document = stored_document(tx)
        assert deliveries.add(tx, a_delivery(document, via=NAME, address=NUMBER))
        one = claimed(tx)
        deliveries.begin(tx, one, message="0" * 64, now=NOW)
        deliveries.settle(tx, one, handed_over(reply=reply))
        return one

    [invoice] = bench.box.world.company(NUMBER).invoices
    assert called(reply) == invoice.id
    return await bench.db.write(store), invoice


async def now(bench: CodaboxBench, one: Delivery) -> Delivery:
    return await bench.db.read(partial(deliveries.get, id=one.id))


async def test_what_is_not_decided_stays_as_it_is(bench: CodaboxBench) -> None:
    one, _ = await taken(bench)
    assert await poll(bench).look() == 0
    assert (await now(bench, one)).state is State.HANDED_OVER


async def test_a_good_end_is_a_confirmation(bench: CodaboxBench) -> None:
    one, invoice = await taken(bench)
    invoice.state = "delivered"
    assert await poll(bench).look() == 1
    assert (await now(bench, one)).state is State.CONFIRMED
    calls = len(bench.box.world.calls)
    assert await poll(bench).look() == 0
    assert len(bench.box.world.calls) == calls, "what has its end is not asked about"


async def test_a_bad_end_is_told_to_the_team_with_the_reason(bench: CodaboxBench) -> None:
    one, invoice = await taken(bench)
    invoice.state, invoice.reason = "rejected", "the office does not know this client"
    assert await poll(bench).look() == 1
    found = await now(bench, one)
    assert found.state is State.BOUNCED
    assert found.reason == "rejected: the office does not know this client"
    every = await bench.db.read(partial(deliveries.find, limit=10))
    [notice] = [each for each in every if each.purpose is Purpose.NOTICE]
    assert notice.letter is not None
    assert "the office does not know this client" in notice.letter.text


@pytest.mark.parametrize(
    "fault", [Fault.CUT_BEFORE, Fault.HTML_200, Fault.TRUNCATED, Fault.BUSY_503]
)
async def test_a_service_that_says_nothing_is_asked_again(
    bench: CodaboxBench, fault: Fault
) -> None:
    one, invoice = await taken(bench)
    invoice.state = "delivered"
    bench.box.world.faults[len(bench.box.world.calls) + 1] = fault
    assert await poll(bench).look() == 0
    found = await now(bench, one)
    assert (found.state, found.attempts[-1].outcome) == (State.HANDED_OVER, Outcome.HANDED_OVER)
    assert await poll(bench).look() == 1
