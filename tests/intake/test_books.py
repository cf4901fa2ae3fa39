"""Two roads into the same books, from the desk to the decision of a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from maild.errors import UserError
from maild.intake import review
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.team import Mode, Recipient
from maild.rules.profiles import PROFILES
from maild.store import documents
from tests.intake.conftest import World, a_mail, an_invoice
from tests.intake.test_again import an_invoice_in, redecide, resend

EXACT = Recipient("exact", "relay", "acme@exact.example", PROFILES["exact"])
OVER = "not sent to exact: books brings it into the same books already"


@pytest.fixture
def world(world: World) -> World:
    """Acme whose invoices go to Yuki, and to Exact as well."""
    team = world.teams[0]
    sold = replace(team.rules[0], to=("accountant", "books", "exact"))
    world.teams[0] = replace(
        team, recipients=(*team.recipients, EXACT), rules=(sold, *team.rules[1:])
    )
    return world


async def by_name(world: World, document: str) -> dict[str, Delivery]:
    """The newest delivery of each recipient."""
    found = sorted(await world.deliveries(document=document), key=lambda one: one.generation)
    return {one.recipient or "": one for one in found}


def turned_round(world: World) -> None:
    """Let Exact stand first among the recipients from now on."""
    team = world.teams[0]
    accountant, books, owner, exact = team.recipients
    world.teams[0] = replace(team, recipients=(exact, accountant, books, owner))


async def test_the_other_road_is_kept_with_its_reason_and_nothing_leaves_there(
    world: World,
) -> None:
    document = await an_invoice_in(world)
    found = await by_name(world, document)
    assert {name: one.state for name, one in found.items()} == {
        "accountant": State.QUEUED,
        "books": State.QUEUED,
        "exact": State.CANCELLED,
    }
    assert (found["exact"].reason, found["exact"].hold_code) == (OVER, HoldCode.SAME_BOOKS)
    trace = await world.db.read(partial(documents.trace_of, id=document))
    assert trace[-1].reason == OVER


async def test_who_hands_in_hears_of_what_leaves(world: World) -> None:
    done = await world.desk.accept(world.submission(a_mail(("f.xml", an_invoice()))))
    assert ", 2 deliveries" in done.sentences()[0]


async def test_shadow_mode_and_review_wake_no_road_that_was_passed_over(world: World) -> None:
    await an_invoice_in(world)
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    other = an_invoice(due_on=date(2026, 12, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", other))))).filed
    found = await by_name(world, filed.document.id)
    assert found["books"].state is State.HELD
    assert found["exact"].state is State.CANCELLED


async def test_a_correction_goes_by_the_road_that_a_person_names(world: World) -> None:
    await an_invoice_in(world)
    other = an_invoice(due_on=date(2026, 12, 24))
    [filed] = (await world.desk.accept(world.submission(a_mail(("f.xml", other))))).filed
    confirm = partial(
        review.confirm,
        document=filed.document.id,
        team=world.teams[0],
        to=["exact"],
        now=world.clock[0],
    )
    made = await world.db.write(confirm)
    assert {one.recipient: one.state for one in made} == {
        "accountant": State.QUEUED,
        "exact": State.QUEUED,
    }


async def test_when_one_road_failed_a_person_sends_by_the_other(world: World) -> None:
    document = await an_invoice_in(world, books=State.FAILED)
    [made] = await resend(world, document, "exact")
    assert (made.recipient, made.state, made.generation) == ("exact", State.QUEUED, 2)


async def test_sent_once_more_it_takes_no_second_road(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.HANDED_OVER)
    turned_round(world)
    assert [one.recipient for one in await resend(world, document)] == ["accountant"]


@pytest.mark.parametrize("books", [State.HANDED_OVER, State.CONFIRMED, State.QUEUED, State.HELD])
async def test_decided_anew_it_takes_no_second_road_beside_one_that_stands(
    world: World, books: State
) -> None:
    document = await an_invoice_in(world, accountant=State.FAILED, books=books)
    turned_round(world)
    assert [one.recipient for one in await redecide(world, document, "accountant")] == [
        "accountant"
    ]


async def test_decided_anew_after_a_failure_it_takes_the_road_of_today(world: World) -> None:
    document = await an_invoice_in(world, accountant=State.HANDED_OVER, books=State.FAILED)
    turned_round(world)
    assert [one.recipient for one in await redecide(world, document, "books")] == ["exact"]
    with pytest.raises(UserError, match="or to anybody new"):
        await redecide(world, document, "books")
