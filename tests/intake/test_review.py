from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from maild.errors import UserError
from maild.intake import review
from maild.model.delivery import HoldCode, Purpose, State
from maild.model.team import Mode
from maild.store import documents
from tests.intake.conftest import World, a_mail, an_invoice


async def a_waiting_document(world: World) -> str:
    await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    changed = an_invoice(due_on=date(2026, 12, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", changed))))).filed
    return filed.document.id


async def states(world: World, document: str) -> dict[tuple[str, str], str]:
    found = await world.deliveries(document=document)
    return {(one.recipient or "", one.purpose.value): one.state.value for one in found}


async def test_confirmed_it_goes_to_people_as_a_correction_and_to_no_machine(world: World) -> None:
    document = await a_waiting_document(world)
    confirm = partial(review.confirm, document=document, team=world.teams[0], now=world.clock[0])
    await world.db.write(confirm)
    assert await states(world, document) == {
        ("accountant", "document"): "cancelled",
        ("books", "document"): "cancelled",
        ("accountant", "correction"): "queued",
    }
    stored = await world.db.read(partial(documents.get, id=document))
    assert stored.review == "confirmed"
    with pytest.raises(UserError, match="was confirmed before"):
        await world.db.write(confirm)


async def test_a_machine_gets_it_only_where_it_is_named(world: World) -> None:
    document = await a_waiting_document(world)
    made = await world.db.write(
        partial(
            review.confirm,
            document=document,
            team=world.teams[0],
            to=("books",),
            now=world.clock[0],
        )
    )
    assert {(one.recipient, one.purpose, one.named) for one in made} == {
        ("accountant", Purpose.CORRECTION, False),
        ("books", Purpose.CORRECTION, True),
    }


async def test_a_name_that_is_no_recipient_is_told_with_the_nearest(world: World) -> None:
    document = await a_waiting_document(world)
    with pytest.raises(UserError, match='did you mean "books"'):
        await world.db.write(
            partial(
                review.confirm,
                document=document,
                team=world.teams[0],
                to=("boks",),
                now=world.clock[0],
            )
        )
    assert set((await states(world, document)).values()) == {"held"}


async def test_rejected_it_is_kept_and_goes_nowhere_and_its_number_is_free(world: World) -> None:
    document = await a_waiting_document(world)
    await world.db.write(partial(review.reject, document=document, now=world.clock[0]))
    assert set((await states(world, document)).values()) == {"cancelled"}
    stored = await world.db.read(partial(documents.get, id=document))
    assert stored.review == "rejected"


async def test_a_document_with_a_number_of_its_own_has_nothing_to_decide(world: World) -> None:
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))).filed
    with pytest.raises(UserError, match="nothing to decide"):
        await world.db.write(partial(review.reject, document=filed.document.id, now=world.clock[0]))


async def test_in_shadow_mode_a_confirmed_document_still_stays(world: World) -> None:
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    document = await a_waiting_document(world)
    made = await world.db.write(
        partial(review.confirm, document=document, team=world.teams[0], now=world.clock[0])
    )
    assert {(one.state, one.hold_code) for one in made} == {(State.HELD, HoldCode.SHADOW)}
