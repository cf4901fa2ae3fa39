"""Once a day the team hears what came, what went and what needs it; of nothing it hears nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest
from sqlalchemy import insert, update

from maild.clock.ticking import Clock
from maild.intake.digest import Digests
from maild.model.delivery import Delivery, Purpose
from maild.rules.book import RuleBook
from maild.store.database import Tx
from maild.store.schema import attempts, deliveries
from tests.intake.conftest import World, a_mail, an_invoice
from tests.intake.test_senders import STRANGER, posted

# The clock of the world stands at 09:00 UTC, 10:00 in Brussels, on a Monday.


@pytest.fixture
def digests(world: World) -> Digests:
    return Digests(world.db, book=lambda: RuleBook(world.teams))


async def told(world: World) -> list[Delivery]:
    found = await world.deliveries(recipient=None)
    notices = [one for one in found if one.purpose is Purpose.NOTICE and one.letter]
    return [one for one in notices if one.letter and "binnen, " in one.letter.subject]


def _handed_over(tx: Tx, *, at: datetime, state: str = "handed_over") -> None:
    for delivery in tx.execute(deliveries.select()).all():
        if delivery.document and delivery.state == "queued":
            row = {"delivery": delivery.id, "n": 1, "started_at": at, "ended_at": at}
            tx.execute(insert(attempts), row | {"outcome": "handed_over", "reply": "250 ok"})
    mine = deliveries.c.document.is_not(None) & (deliveries.c.state == "queued")
    tx.execute(update(deliveries).where(mine).values(state=state, message="f" * 64))


async def test_it_tells_what_came_went_and_waits_at_its_hour(
    world: World, digests: Digests
) -> None:
    assert await digests.look(world.clock[0]) == 0
    await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    await posted(world, STRANGER)
    await world.db.write(partial(_handed_over, at=world.later(hours=1)))
    assert await digests.look(world.later(hours=20)) == 0  # 07:00 in Brussels
    assert await digests.look(world.later(hours=1)) == 1
    [one] = await told(world)
    assert one.address == "baas@acme.example"
    assert one.letter is not None
    assert one.letter.subject == "Acme BV: 2 binnen, 2 verstuurd, 1 voor u"
    assert "1 × factuur, 1 × aankoopfactuur" in one.letter.text
    assert "Niemand liet deze afzender al toe" in " ".join(one.letter.text.split())
    assert "maild review list --team acme" in one.letter.text
    assert await digests.look(world.later(minutes=1)) == 0
    assert len(await told(world)) == 1


async def test_of_nothing_it_says_nothing_and_of_old_things_neither(
    world: World, digests: Digests
) -> None:
    await digests.look(world.clock[0])
    await posted(world, STRANGER)
    await digests.look(world.later(days=1))
    assert len(await told(world)) == 1
    for _ in range(3):
        await digests.look(world.later(days=1))
    assert len(await told(world)) == 1


async def test_what_came_back_is_told(world: World, digests: Digests) -> None:
    await digests.look(world.clock[0])
    await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    await world.db.write(partial(_handed_over, at=world.later(hours=1), state="bounced"))
    await digests.look(world.later(days=1))
    [one] = await told(world)
    assert one.letter is not None
    assert "an@kantoor.example: 250 ok" in " ".join(one.letter.text.split())


async def test_after_days_without_maild_one_tells_of_all(world: World, digests: Digests) -> None:
    await digests.look(world.clock[0])
    await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    world.later(days=5)
    again = Digests(world.db, book=lambda: RuleBook(world.teams))
    assert await again.look(world.clock[0]) == 1
    assert await digests.look(world.clock[0]) == 0  # another process was first
    assert len(await told(world)) == 1


async def test_a_team_may_want_none_or_another_hour(world: World, digests: Digests) -> None:
    world.teams[0] = replace(world.teams[0], digest="")
    await digests.look(world.clock[0])
    await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    assert await digests.look(world.later(days=2)) == 0
    world.teams[0] = replace(world.teams[0], digest="mondays 18:00")
    await digests.look(world.clock[0])
    await world.desk.accept(world.submission(a_mail(("g.xml", an_invoice("2")))))
    assert await digests.look(world.later(days=4, hours=7)) == 0
    assert await digests.look(world.later(days=1, hours=2)) == 1


async def test_the_clock_looks_at_each_ring_and_tells_its_fault(world: World) -> None:
    faults: list[str] = []
    clock = Clock(
        world.db,
        schedules=list,
        now=lambda: world.clock[0],
        fault=lambda name, _error: faults.append(name),
    )

    async def look(_now: datetime) -> None:
        raise ValueError("broken")

    clock.watch("digest", look)
    assert await clock.tick() == 0
    assert faults == ["digest"]
