"""Mails that are answered when they are durable, and decided right after."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from maild.errors import DocumentError
from maild.intake import kept as module
from maild.intake.kept import Kept
from maild.store import documents, undecided
from maild.store.blobs import BlobStore
from maild.store.undecided import Undecided
from tests.intake.conftest import A_PDF, World, a_mail, an_invoice


@pytest.fixture
def kept(world: World) -> Kept:
    return Kept(world.desk)


@asynccontextmanager
async def deciding(kept: Kept) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(kept.run(stop))
    yield
    stop.set()
    await running


async def waiting(world: World) -> int:
    return await world.db.read(undecided.count)


async def decided(world: World) -> None:
    """Wait until nothing is left to decide."""
    async with asyncio.timeout(10):
        while await waiting(world):
            await world.db.wait_for_change(1)


async def test_a_mail_is_answered_before_anybody_read_it(world: World, kept: Kept) -> None:
    await world.open(kept=kept)
    code, words = await world.send(a_mail(("f.xml", an_invoice())))
    assert (code, words[:15]) == (250, "2.0.0 Kept as k")
    assert await world.documents() == ()
    assert await waiting(world) == 1
    async with deciding(kept):
        await decided(world)
    [document] = await world.documents()
    assert document.number == "2026-001"
    assert len(await world.deliveries()) == 2


@pytest.mark.parametrize("size", [0, 100_000, 900_000], ids=["small", "a file", "streamed"])
async def test_what_was_kept_is_the_original_byte_for_byte(
    world: World, kept: Kept, size: int
) -> None:
    await world.open(kept=kept)
    raw = a_mail(("f.xml", an_invoice()), ("f.pdf", A_PDF + os.urandom(size)))
    assert (await world.send(raw))[0] == 250
    async with deciding(kept):
        await decided(world)
    [document] = await world.documents()
    [arrival] = await world.db.read(partial(documents.arrivals_of, document=document.id))
    assert await world.desk.blobs.read(arrival.original) == raw.removesuffix(b"\r\n") + b"\r\n"
    assert (arrival.door, arrival.sender) == ("smtp", "erp@acme.example")


async def test_what_cannot_be_used_is_kept_and_told_like_every_refusal(
    world: World, kept: Kept
) -> None:
    await world.open(kept=kept)
    assert (await world.send(a_mail(("f.xml", b"<Invoice><cbc:ID"))))[0] == 250
    async with deciding(kept):
        await decided(world)
    [refusal] = await world.refusals()
    assert refusal.code == "554 5.6.0"
    assert refusal.original is not None
    assert b'filename="f.xml"' in await world.desk.blobs.read(refusal.original)


async def test_the_same_mail_twice_is_one_document(world: World, kept: Kept) -> None:
    await world.open(kept=kept)
    raw = a_mail(("f.xml", an_invoice()))
    assert [(await world.send(raw))[0] for _ in range(2)] == [250, 250]
    async with deciding(kept):
        await decided(world)
    [document] = await world.documents()
    assert len(await world.db.read(partial(documents.arrivals_of, document=document.id))) == 2


async def test_what_an_earlier_process_left_is_taken_up_at_the_start(
    world: World, kept: Kept
) -> None:
    await world.open(kept=kept)
    await world.send(a_mail(("f.xml", an_invoice())))
    # As if a process had died over it: begun, and not heard of again.
    await world.db.write(partial(undecided.take, now=world.clock[0], limit=10))
    assert await kept.decide_due() == 0
    async with deciding(Kept(world.desk)):
        await decided(world)
    assert len(await world.documents()) == 1


async def test_a_fault_of_ours_is_tried_again_later_and_given_up_in_the_end(
    world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a bug")

    await world.open(kept=kept)
    await world.send(a_mail(("f.xml", an_invoice())))
    monkeypatch.setattr(type(world.desk), "accept", broken)
    for _ in range(module.MOST_TRIES):
        assert await waiting(world) == 1
        await kept.decide_due()
        world.later(hours=1)
    await kept.decide_due()
    assert await waiting(world) == 0
    [refusal] = await world.refusals()
    assert "fault of its own" in refusal.message
    assert refusal.original is not None


async def test_what_fails_waits_longer_each_time(world: World) -> None:
    one = Undecided("k-1", "acme", "smtp", world.clock[0], None, None, None, None, "0" * 64, 1)
    await world.db.write(partial(undecided.add, one=one))
    pauses = []
    for _ in range(9):
        [taken] = await world.db.write(partial(undecided.take, now=world.clock[0], limit=10))
        assert taken.id == "k-1"
        due = await world.db.read(undecided.next_due)
        assert due is not None
        pauses.append(due - world.clock[0])
        world.clock[0] = due
    assert pauses[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == timedelta(hours=1)


async def test_the_bytes_of_what_is_not_decided_are_no_orphans(world: World, kept: Kept) -> None:
    await world.open(kept=kept)
    await world.send(a_mail(("f.xml", an_invoice()), ("f.pdf", A_PDF + os.urandom(900_000))))
    removed = await world.desk.blobs.clear_orphans(before=world.clock[0] + timedelta(days=36500))
    assert removed == 0


async def test_a_full_disk_is_a_later_and_nothing_is_promised(
    world: World, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    await world.open(kept=kept)
    monkeypatch.setattr(BlobStore, "stage", full)
    code, words = await world.send(a_mail(("f.xml", an_invoice())))
    assert (code, words[:5]) == (452, "4.3.1")
    assert await waiting(world) == 0


async def test_a_team_that_is_gone_meanwhile_is_no_reason_to_lose_a_mail(
    world: World, kept: Kept
) -> None:
    await world.open(kept=kept)
    await world.send(a_mail(("f.xml", an_invoice())))
    world.teams.clear()
    await kept.decide_due()
    assert await waiting(world) == 1
    with pytest.raises(DocumentError):
        world.desk.book().team("acme")
