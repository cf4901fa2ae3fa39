"""Who may hand in: own people, those let in, strangers, and those who are not wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from maild.errors import Unwanted, UserError
from maild.intake import review
from maild.intake.filing import Acceptance, Filed
from maild.model.delivery import HoldCode, Purpose, State
from maild.model.team import Mode, Strangers
from maild.store import documents, senders
from tests.intake.conftest import A_PDF, World, a_mail, a_purchase

STRANGER = "iemand@elders.example"
OWNER = "baas@acme.example"


async def posted(
    world: World,
    sender: str,
    *files: tuple[str, bytes],
    heads: Sequence[str] = (),
    door: str = "mailbox",
    tag: str | None = None,
    text: bytes = b"",
) -> Acceptance:
    """What came by a mailbox (or another door) from that From."""
    raw = a_mail(*(files or (("f.xml", a_purchase()),)))
    head = "".join(f"{line}\r\n" for line in (f"From: {sender}", *heads)).encode()
    raw = head + b"".join(
        line for line in raw.splitlines(keepends=True) if not line.lower().startswith(b"from:")
    )
    if text:
        first = raw.index(b"\r\n--")
        edge = raw[first : raw.index(b"\r\n", first + 2)]
        raw = raw.replace(edge, edge + b"\r\nContent-Type: text/plain\r\n\r\n" + text + edge, 1)
    submission = world.submission(raw, tag=tag)
    return await world.desk.accept(replace(submission, door=door, sender=sender, peer="office"))


async def one(world: World, sender: str, *files: tuple[str, bytes], **more: Any) -> Filed:
    [filed] = (await posted(world, sender, *files, **more)).filed
    return filed


def codes(filed: Filed) -> set[HoldCode | None]:
    return {each.hold_code for each in filed.deliveries}


async def test_a_stranger_waits_for_a_person_who_is_told(world: World) -> None:
    filed = await one(world, STRANGER)
    assert {(each.state, each.hold_code) for each in filed.deliveries} == {
        (State.HELD, HoldCode.UNKNOWN_SENDER)
    }
    assert STRANGER in (filed.deliveries[0].reason or "")
    notices = [each for each in await world.deliveries() if each.purpose is Purpose.NOTICE]
    [notice] = [each for each in notices if each.address == OWNER]
    assert notice.letter is not None
    assert f"maild review confirm {filed.document.id} --always" in notice.letter.text


@pytest.mark.parametrize(
    "sender",
    [
        OWNER,
        "BAAS@Acme.example",
        "facturen@acme.example",
        "an@kantoor.example",
        "rekening@leverancier.example",
    ],
)
async def test_people_recipients_and_listed_senders_are_let_in(world: World, sender: str) -> None:
    world.teams[0] = replace(world.teams[0], senders_allow=("*@leverancier.example",))
    assert codes(await one(world, sender)) == {None}


async def test_a_program_at_the_door_is_the_teams_own_unless_it_says_otherwise(
    world: World,
) -> None:
    assert codes(await one(world, STRANGER, door="smtp")) == {None}
    world.teams[0] = replace(world.teams[0], unknown_senders=Strangers.HOLD)
    other = ("g.xml", a_purchase("L-78"))
    assert codes(await one(world, STRANGER, other, door="smtp")) == {HoldCode.UNKNOWN_SENDER}


async def test_a_team_may_take_everything(world: World) -> None:
    world.teams[0] = replace(world.teams[0], unknown_senders=Strangers.TAKE)
    assert codes(await one(world, STRANGER)) == {None}


@pytest.mark.parametrize("door", ["smtp", "mailbox"])
async def test_a_denied_sender_is_refused_by_name_and_kept(world: World, door: str) -> None:
    world.teams[0] = replace(
        world.teams[0], senders_deny=("*@elders.example",), senders_allow=(STRANGER,)
    )
    with pytest.raises(Unwanted, match="does not take mail from") as fault:
        await posted(world, STRANGER, door=door)
    assert fault.value.smtp == "550 5.7.1"
    [kept] = await world.refusals()
    assert kept.original is not None


async def test_a_listed_name_counts_only_where_the_trusted_server_confirms_it(
    world: World,
) -> None:
    desk = replace(world.desk, servers={"mailbox office": ("mx.acme.example",)})
    world.desk = desk
    ours = "Authentication-Results: mx.acme.example; dmarc="
    forged = await one(world, OWNER, heads=[f"{ours}fail header.from=acme.example"])
    assert codes(forged) == {HoldCode.UNKNOWN_SENDER}
    assert "does not confirm" in (forged.deliveries[0].reason or "")
    silent = await one(world, OWNER, ("g.xml", a_purchase("L-78")))
    assert codes(silent) == {HoldCode.UNKNOWN_SENDER}
    good = [f"{ours}pass header.from=acme.example"]
    assert codes(await one(world, OWNER, ("h.xml", a_purchase("L-79")), heads=good)) == {None}


async def test_confirmed_it_goes_and_only_a_sender_let_in_is_asked_no_more(world: World) -> None:
    first = await one(world, STRANGER)
    await decide(world, first)
    stored = await world.deliveries(document=first.document.id)
    assert {each.state for each in stored} == {State.QUEUED}
    second = await one(world, STRANGER, ("g.xml", a_purchase("L-78")))
    assert codes(second) == {HoldCode.UNKNOWN_SENDER}
    await decide(world, second, always="address")
    assert codes(await one(world, STRANGER, ("h.xml", a_purchase("L-79")))) == {None}
    colleague = "ander@elders.example"
    third = await one(world, colleague, ("i.xml", a_purchase("L-80")))
    assert codes(third) == {HoldCode.UNKNOWN_SENDER}
    await decide(world, third, always="domain")
    assert codes(await one(world, "x@elders.example", ("j.xml", a_purchase("L-81")))) == {None}
    known = await world.db.read(partial(senders.known, team="acme"))
    assert [each.sender for each in known] == ["*@elders.example", STRANGER]


async def test_nobody_lets_in_everybody_of_a_public_provider(world: World) -> None:
    filed = await one(world, "iemand@gmail.com")
    with pytest.raises(UserError, match="everybody can have an address"):
        await decide(world, filed, always="domain")
    assert {each.state for each in await world.deliveries(document=filed.document.id)} == {
        State.HELD
    }


async def test_rejected_it_is_kept_and_goes_nowhere(world: World) -> None:
    filed = await one(world, STRANGER)
    await world.db.write(partial(review.reject, document=filed.document.id, now=world.clock[0]))
    assert {each.state for each in await world.deliveries(document=filed.document.id)} == {
        State.CANCELLED
    }
    with pytest.raises(UserError, match="was rejected before"):
        await decide(world, filed)


async def test_in_shadow_mode_what_is_confirmed_still_stays(world: World) -> None:
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    filed = await one(world, STRANGER)
    await decide(world, filed)
    stored = await world.deliveries(document=filed.document.id)
    assert {each.hold_code for each in stored} == {HoldCode.SHADOW}


async def test_the_same_from_somebody_known_lets_the_strangers_copy_go(world: World) -> None:
    await one(world, STRANGER)
    again = await one(world, OWNER)
    assert again.repeated
    assert {each.state for each in again.deliveries} == {State.QUEUED}


async def test_a_page_that_only_the_stranger_laid_beside_it_stays(world: World) -> None:
    await one(world, STRANGER, ("f.xml", a_purchase()), ("f.pdf", A_PDF))
    again = await one(world, OWNER)
    assert again.repeated
    assert codes(again) == {HoldCode.UNKNOWN_SENDER}


async def test_a_strangers_other_content_does_not_stand_in_the_way_of_the_real_one(
    world: World,
) -> None:
    await one(world, STRANGER, ("f.xml", a_purchase().replace(b"Advies<", b"Advies!<")))
    real = await one(world, OWNER)
    assert not real.repeated
    assert real.document.review is None
    assert codes(real) == {None}


NEWS = ["List-Id: <nieuws.shop.example>", "Precedence: bulk"]


async def test_a_newsletter_is_not_booked_and_a_bill_by_mass_mail_is(world: World) -> None:
    world.teams[0] = replace(world.teams[0], unknown_senders=Strangers.TAKE)
    leaflet = await one(world, STRANGER, ("folder.pdf", A_PDF), heads=NEWS, tag="purchase")
    assert codes(leaflet) == {HoldCode.FIGURES}
    assert "newsletter" in (leaflet.deliveries[0].reason or "")
    assert codes(await one(world, STRANGER, heads=NEWS)) == {None}


@pytest.mark.parametrize(
    ("sender", "text"),
    [
        ("invoices@codabox.com", b""),
        (OWNER, b"-----Original-----\r\nVan: CodaBox <invoices@codabox.com>\r\n"),
        (OWNER, b"> *From:* invoices@codabox.com\r\n"),
    ],
    ids=["itself", "forwarded", "quoted"],
)
async def test_a_copy_of_codabox_is_filed_and_not_relayed(
    world: World, sender: str, text: bytes
) -> None:
    filed = await one(world, sender, text=text)
    assert filed.deliveries == ()
    assert any("copies_from" in words for words in filed.warnings)
    assert await world.deliveries(document=filed.document.id) == ()
    assert [one.address for one in await world.deliveries()] == ([OWNER] if text else [])
    stored = await world.db.read(partial(documents.get, id=filed.document.id))
    assert stored.number == "L-77"


async def test_a_team_may_want_those_copies_all_the_same(world: World) -> None:
    world.teams[0] = replace(
        world.teams[0], copies_from=(), senders_allow=("invoices@codabox.com",)
    )
    assert codes(await one(world, "invoices@codabox.com")) == {None}


async def decide(world: World, filed: Filed, **how: Any) -> None:
    await world.db.write(
        partial(
            review.confirm,
            document=filed.document.id,
            team=world.teams[0],
            now=world.clock[0],
            **how,
        )
    )
