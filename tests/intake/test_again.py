"""Sent once more, or decided anew: a new generation, and no machine books twice unasked."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from maild.errors import UserError
from maild.intake import again
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.document import Kind
from maild.model.team import Conditions, Mode, Rule
from maild.store import documents
from maild.store.database import Tx
from maild.store.schema import deliveries as table
from tests.intake.conftest import World, a_mail, an_invoice


def _stand(tx: Tx, *, states: dict[str, State]) -> None:
    for recipient, state in states.items():
        mine = table.c.recipient == recipient
        tx.execute(update(table).where(mine).values(state=state.value, hold_code=None))


async def an_invoice_in(world: World, **states: State) -> str:
    """A stored invoice whose deliveries stand in these states."""
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))).filed
    await world.db.write(partial(_stand, states=states))
    return filed.document.id


async def resend(world: World, document: str, *to: str) -> tuple[Delivery, ...]:
    job = partial(again.resend, document=document, team=world.teams[0], to=to, now=world.clock[0])
    return await world.db.write(job)


async def redecide(world: World, document: str, recipient: str) -> tuple[Delivery, ...]:
    found = await world.deliveries(document=document, recipient=recipient)
    job = partial(again.redecide, delivery=found[0].id, team=world.teams[0], now=world.clock[0])
    return await world.db.write(job)


async def test_people_get_it_once_more_and_machines_do_not(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.HANDED_OVER)
    [made] = await resend(world, document)
    assert (made.recipient, made.generation, made.state) == ("accountant", 2, State.QUEUED)
    assert len(await world.deliveries(document=document)) == 3


async def test_a_machine_gets_it_where_it_is_named(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.HANDED_OVER)
    [made] = await resend(world, document, "books")
    assert (made.recipient, made.generation, made.named) == ("books", 2, True)


async def test_whom_no_rule_names_may_be_named(world: World) -> None:
    document = await an_invoice_in(world)
    [made] = await resend(world, document, "owner")
    assert (made.address, made.generation) == ("baas@acme.example", 1)
    assert {one.value for one in made.attach} == {"pdf", "ubl"}


async def test_what_waits_for_an_answer_about_itself_waits_on_unless_somebody_is_named(
    world: World,
) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.HELD)
    doubted = update(table).where(table.c.recipient == "books")
    await world.db.write(
        lambda tx: tx.execute(doubted.values(hold_code="untrusted", reason="who?"))
    )
    [made] = await resend(world, document)
    assert (made.recipient, made.state, made.hold_code) == (
        "accountant",
        State.HELD,
        HoldCode.UNTRUSTED,
    )
    [named] = await resend(world, document, "owner")
    assert named.state is State.QUEUED


async def test_what_is_still_on_its_way_is_not_sent_beside_it(world: World) -> None:
    document = await an_invoice_in(world, books=State.HANDED_OVER)
    with pytest.raises(UserError, match="still on its way"):
        await resend(world, document)
    with pytest.raises(UserError, match="is queued still"):
        await resend(world, document, "accountant")


async def test_a_name_that_is_none_is_told_with_the_nearest(world: World) -> None:
    document = await an_invoice_in(world)
    with pytest.raises(UserError, match='did you mean "books"'):
        await resend(world, document, "boks")


async def test_a_document_that_waits_for_a_verdict_is_not_sent_around_it(world: World) -> None:
    await an_invoice_in(world)
    other = an_invoice(order_reference="4711", due_on=None, payment_terms="contant")
    changed = await world.desk.accept(world.submission(a_mail(("f.xml", other))))
    assert changed.filed[0].repeated  # nothing that is booked differs
    await world.db.write(partial(_review, document=changed.filed[0].document.id))
    with pytest.raises(UserError, match="waits for a decision"):
        await resend(world, changed.filed[0].document.id)


def _review(tx: Tx, *, document: str) -> None:
    documents.set_review(tx, document, "waiting")


async def test_shadow_mode_holds_it_once_more_too(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.HANDED_OVER)
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    [made] = await resend(world, document)
    assert made.hold_code is HoldCode.SHADOW


async def test_the_hour_of_a_rule_does_not_bind_a_person(world: World) -> None:
    late(world, when="daily 23:00", hold=True)
    document = await an_invoice_in(world, accountant=State.CANCELLED, books=State.CANCELLED)
    [made] = await resend(world, document, "accountant")
    assert (made.not_before, made.state) == (world.clock[0], State.QUEUED)


async def test_after_an_address_was_mended_the_new_one_gets_what_failed(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.FAILED, books=State.HANDED_OVER)
    moved(world, "accountant", address="an@nieuw.example")
    [made] = await redecide(world, document, "accountant")
    assert (made.address, made.generation, made.state) == ("an@nieuw.example", 1, State.QUEUED)
    failed = await world.deliveries(document=document, state=State.FAILED)
    assert [one.address for one in failed] == ["an@kantoor.example"]


async def test_decided_anew_at_the_same_address_it_is_the_next_generation(world: World) -> None:
    document = await an_invoice_in(world, books=State.BOUNCED)
    [made] = await redecide(world, document, "books")
    assert (made.recipient, made.generation) == ("books", 2)


async def test_what_waited_is_cancelled_and_new_recipients_get_theirs(world: World) -> None:
    document = await an_invoice_in(world, books=State.HANDED_OVER)
    sold = Conditions(kinds=frozenset({Kind.INVOICE}))
    rules = (Rule("sold", ("accountant", "books", "owner"), conditions=sold),)
    world.teams[0] = replace(world.teams[0], rules=rules)
    made = await redecide(world, document, "accountant")
    assert [(one.recipient, one.generation) for one in made] == [("accountant", 2), ("owner", 1)]
    [old] = await world.deliveries(document=document, state=State.CANCELLED)
    assert (old.recipient, old.reason) == ("accountant", "decided anew by today's rules")


async def test_where_the_rules_send_nothing_nothing_is_changed(world: World) -> None:
    document = await an_invoice_in(world)
    world.teams[0] = replace(world.teams[0], rules=())
    with pytest.raises(UserError, match="nothing was changed"):
        await redecide(world, document, "accountant")
    assert {one.state for one in await world.deliveries(document=document)} == {State.QUEUED}


@pytest.mark.parametrize(
    "state", [State.HANDED_OVER, State.CONFIRMED, State.UNCERTAIN, State.SENDING, State.CANCELLED]
)
async def test_what_left_or_is_leaving_is_not_decided_anew(world: World, state: State) -> None:
    document = await an_invoice_in(world, accountant=state)
    with pytest.raises(UserError, match="can be decided anew"):
        await redecide(world, document, "accountant")


async def test_a_reason_that_lies_in_the_document_stays(world: World) -> None:
    document = await an_invoice_in(world)
    hold = {"state": State.HELD.value, "hold_code": "encrypted", "reason": "asks for a password"}
    await world.db.write(partial(_put, values=hold))
    [made] = await redecide(world, document, "accountant")
    assert (made.hold_code, made.reason) == (HoldCode.ENCRYPTED, "asks for a password")


def _put(tx: Tx, *, values: dict[str, Any]) -> None:
    tx.execute(update(table).values(values))


def late(world: World, **keys: Any) -> None:
    team = world.teams[0]
    world.teams[0] = replace(team, rules=tuple(replace(one, **keys) for one in team.rules))


def moved(world: World, recipient: str, **keys: Any) -> None:
    team = world.teams[0]
    world.teams[0] = replace(
        team,
        recipients=tuple(
            replace(one, **keys) if one.name == recipient else one for one in team.recipients
        ),
    )
