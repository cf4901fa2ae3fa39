"""What CodaBox holds ready, taken in at a real desk with the line cut at every call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from maild.connectors.codabox_api import Api, Login
from maild.connectors.codabox_keys import Keys
from maild.feeds import Feed
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Company, Entry, Fault
from maild.store.tokens import SealedTokens
from tests.intake.conftest import A_PDF, World, a_purchase

NUMBER = "BE0123456749"
CUTS = [one for one in Fault if one is not Fault.SLOW]


@pytest.fixture
async def box() -> AsyncIterator[CodaBox]:
    one = CodaBox()
    one.start()
    yield one
    one.stop()


def keys(world: World) -> Keys:
    store = SealedTokens(world.db, secret_file=world.folder / "key", now=lambda: world.clock[0])
    return Keys("voici", store=store, now=lambda: world.clock[0])


def feed(world: World, box: CodaBox, *models: str) -> Feed:
    """The feed as another process has it."""
    return Feed(
        connector="voici",
        api=Api(box.url, box.world.software),
        keys=keys(world),
        models=models or ("purchase_invoice",),
        desk=world.desk,
        now=lambda: world.clock[0],
    )


async def connected(world: World, box: CodaBox, *entries: Entry) -> Company:
    company = box.world.company(NUMBER)
    company.entries = list(entries)
    await keys(world).keep("acme", Login(company.username, company.password))
    return company


def wait(world: World, box: CodaBox, **span: float) -> None:
    """Time passes here and there."""
    world.later(**span)
    box.world.now += timedelta(**span).total_seconds()


def a_bought(number: str, *, pdf: bytes = A_PDF) -> Entry:
    return Entry("purchase_invoice", {"xml": a_purchase(number), "pdf": pdf})


async def test_purchases_are_taken_in_with_their_pdf_and_acknowledged(
    world: World, box: CodaBox
) -> None:
    company = await connected(world, box, a_bought("L-1"), a_bought("L-2"))
    assert await feed(world, box).look("acme") == 2
    found = await world.documents()
    assert [(one.number, one.kind.value) for one in found] == [
        ("L-1", "purchase_invoice"),
        ("L-2", "purchase_invoice"),
    ]
    assert all({file.role.value for file in one.files} >= {"ubl", "pdf"} for one in found)
    assert company.done == 2
    assert box.world.offences == []


async def test_it_is_asked_as_often_as_it_says_and_by_no_second_process_sooner(
    world: World, box: CodaBox
) -> None:
    company = await connected(world, box)
    assert await feed(world, box).look("acme") == 0
    company.entries.append(a_bought("L-1"))
    asked = len(box.world.calls)
    for _ in range(7):
        wait(world, box, minutes=17)
        assert await feed(world, box).look("acme") == 0
    assert len(box.world.calls) == asked
    wait(world, box, minutes=2)
    assert await feed(world, box).look("acme") == 1
    assert box.world.offences == []


@pytest.mark.parametrize("fault", CUTS, ids=str)
async def test_a_line_cut_at_any_call_loses_nothing_and_doubles_nothing(
    world: World, box: CodaBox, fault: Fault
) -> None:
    company = await connected(world, box, a_bought("L-1"), a_bought("L-2"))
    for call in range(1, 12):
        box.world.faults[call] = fault
        await feed(world, box).look("acme")
        wait(world, box, hours=3)
    box.world.faults.clear()
    await feed(world, box).look("acme")
    assert [one.number for one in await world.documents()] == ["L-1", "L-2"]
    assert company.done == 2
    assert box.world.offences == []


@pytest.mark.parametrize("fault", CUTS, ids=str)
@pytest.mark.parametrize("step", range(1, 6), ids=lambda step: f"call {step}")
async def test_one_call_that_goes_wrong_costs_one_look_at_most(
    world: World, box: CodaBox, fault: Fault, step: int
) -> None:
    # pod-client, feed, two downloads, the acknowledgement.
    company = await connected(world, box, a_bought("L-1"))
    box.world.faults[step] = fault
    await feed(world, box).look("acme")
    wait(world, box, hours=3)
    await feed(world, box).look("acme")
    [found] = await world.documents()
    assert {file.role.value: file.size for file in found.files}["pdf"] == len(A_PDF)
    assert (found.number, company.done) == ("L-1", 1)
    assert box.world.offences == []


async def test_a_file_that_is_no_whole_one_over_there_keeps_nothing_waiting(
    world: World, box: CodaBox
) -> None:
    half = Entry("purchase_invoice", {"xml": a_purchase("L-0")[:500], "pdf": A_PDF[:20]})
    company = await connected(world, box, half, a_bought("L-1"))
    assert await feed(world, box).look("acme") == 2
    assert [one.number for one in await world.documents()] == ["L-1"]
    assert company.done == 2


async def test_what_was_stored_and_not_acknowledged_comes_again_and_is_known(
    world: World, box: CodaBox
) -> None:
    company = await connected(world, box, a_bought("L-1"))
    # pod-client, feed, two downloads, and the line breaks at the acknowledgement.
    box.world.faults[5] = Fault.CUT_BEFORE
    assert await feed(world, box).look("acme") == 0
    assert [one.number for one in await world.documents()] == ["L-1"]
    assert company.done == 0
    wait(world, box, hours=3)
    assert await feed(world, box).look("acme") == 1
    assert [one.number for one in await world.documents()] == ["L-1"]
    assert company.done == 1
    assert len(await world.deliveries()) == 1


async def test_other_files_are_passed_over_unless_they_are_wanted(
    world: World, box: CodaBox
) -> None:
    statement = Entry("coda", {"cod": b"0000001  CODA", "pdf": A_PDF, "xml": b"<coda/>"})
    company = await connected(world, box, statement, a_bought("L-1"))
    assert await feed(world, box).look("acme") == 2
    assert [one.number for one in await world.documents()] == ["L-1"]
    company.done = 0
    wait(world, box, hours=3)
    await feed(world, box, "coda", "purchase_invoice").look("acme")
    [other] = [one for one in await world.documents() if one.kind.value == "other"]
    assert "pdf" in {file.role.value for file in other.files}


async def test_a_document_that_cannot_be_read_is_kept_as_refused_and_keeps_nothing_waiting(
    world: World, box: CodaBox
) -> None:
    broken = Entry("purchase_invoice", {"xml": b"<Invoice", "pdf": b"no pdf"})
    company = await connected(world, box, broken, a_bought("L-2"))
    assert await feed(world, box).look("acme") == 2
    assert [one.number for one in await world.documents()] == ["L-2"]
    assert len(await world.refusals()) == 1
    assert company.done == 2


async def test_a_revoked_consent_is_asked_about_once(world: World, box: CodaBox) -> None:
    company = await connected(world, box, a_bought("L-1"))
    company.revoked = True
    for _ in range(5):
        assert await feed(world, box).look("acme") == 0
        wait(world, box, hours=3)
    assert company.refused_since_revoked == 1
    assert box.world.offences == []
    company.revoked = False
    await connected(world, box, *company.entries)
    assert await feed(world, box).look("acme") == 1


async def test_a_team_that_is_not_connected_is_not_asked_about(world: World, box: CodaBox) -> None:
    assert await feed(world, box).look("acme") == 0
    assert box.world.calls == []
