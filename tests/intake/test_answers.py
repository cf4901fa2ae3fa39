"""The sender is told once what became of his mail, in his language, and never in a circle."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from functools import partial
from typing import Any

import pikepdf
import pytest

from maild.errors import DocumentError, Unwanted
from maild.intake import answering
from maild.model.delivery import Delivery, Purpose, State
from maild.model.team import Answers, Mode
from maild.outbox.message import write
from maild.store import senders
from maild.store.database import Tx
from tests.builders_pdf import a_pdf, saved
from tests.intake.conftest import A_PDF, World, a_purchase
from tests.intake.test_senders import OWNER, STRANGER, posted

AN = "an@kantoor.example"
EMPTY = (("note.txt", b"dag"),)
SIGNS = [
    "Auto-Submitted: auto-generated",
    "List-Id: <x.example>",
    "Precedence: bulk",
    "Return-Path: <>",
    "X-Auto-Response-Suppress: All",
]


async def answers(world: World, to: str) -> list[Delivery]:
    """What was queued for that address, but for notices to the team's people."""
    found = await world.deliveries()
    mine = [one for one in found if one.purpose is Purpose.NOTICE and one.address == to]
    return [one for one in mine[::-1] if one.letter and "maild review" not in one.letter.text]


async def refused(world: World, sender: str, **how: Any) -> None:
    with pytest.raises(DocumentError):
        await posted(world, sender, *EMPTY, **how)


async def told(world: World, to: str) -> str:
    [one] = await answers(world, to)
    assert one.letter is not None
    return f"{one.letter.subject}\n{one.letter.text}"


async def test_what_was_taken_is_told_with_its_number_and_the_mail_it_answers(
    world: World,
) -> None:
    await posted(world, AN, heads=["Message-ID: <abc@kantoor.example>"])
    [one] = await answers(world, AN)
    assert one.letter is not None
    assert "aankoopfactuur L-77: ontvangen" in one.letter.text
    pieces = write(
        one.letter,
        sender="Acme <a@acme.example>",
        to=AN,
        message_id="<v@acme.example>",
        date=world.clock[0],
        delivery=one.id,
    )
    mail = message_from_bytes(b"".join(pieces))
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == mail["References"] == "<abc@kantoor.example>"


async def test_a_duplicate_is_called_one_with_the_day_it_came(world: World) -> None:
    await posted(world, "ander@kantoor.example")
    world.teams[0] = replace(world.teams[0], people=(OWNER, AN))
    world.later(days=2)
    await posted(world, AN)
    words = await told(world, AN)
    assert "Al bekend bij Acme BV" in words
    assert "kwam al binnen op 2 maart 2026" in words


async def test_what_was_not_understood_is_told_with_the_reason(world: World) -> None:
    await refused(world, AN)
    words = await told(world, AN)
    assert "Niet begrepen" in words
    assert "note.txt: Niets zegt wat voor document dit is" in words


async def test_the_reason_is_in_the_language_of_the_sender(world: World) -> None:
    await refused(world, AN, heads=["Content-Language: fr"])
    assert "note.txt: Rien ne dit de quel document il s’agit" in await told(world, AN)


async def test_a_locked_pdf_is_told_to_be_locked(world: World) -> None:
    locked = saved(pikepdf.open(io.BytesIO(a_pdf(["Factuur"]))), password="geheim")
    await posted(world, AN, ("f.pdf", locked), tag="purchase")
    assert "zonder wachtwoord" in await told(world, AN)


async def test_a_stranger_hears_that_somebody_looks_and_nothing_else(world: World) -> None:
    await posted(world, AN)
    await posted(world, STRANGER)
    words = await told(world, STRANGER)
    assert "iemand van Acme BV kijkt ernaar" in words
    assert "L-77" not in words
    assert "2 maart" not in words


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("good", [True, False], ids=["taken", "refused"])
async def test_programs_and_lists_are_not_answered(world: World, *, sign: str, good: bool) -> None:
    if good:
        await posted(world, AN, heads=[sign])
    else:
        await refused(world, AN, heads=[sign])
    assert await answers(world, AN) == []


@pytest.mark.parametrize(
    "sender",
    ["noreply@leverancier.example", "acme@post.example", "facturen@acme.example",
     "Acme.Verkoop@Inbox.Example", "mailer-daemon@leverancier.example"],
)  # fmt: skip
async def test_no_answer_goes_where_nobody_reads_or_maild_itself(world: World, sender: str) -> None:
    await posted(world, sender)
    assert await answers(world, sender) == []


async def test_a_forged_name_brings_its_owner_no_mail(world: World) -> None:
    world.desk = replace(world.desk, servers={"mailbox office": ("mx.acme.example",)})
    await posted(world, AN, heads=["Authentication-Results: mx.acme.example; dmarc=fail"])
    await refused(world, AN, heads=["Authentication-Results: mx.acme.example; dmarc=fail"])
    assert await answers(world, AN) == []


async def test_a_denied_sender_hears_nothing(world: World) -> None:
    world.teams[0] = replace(world.teams[0], senders_deny=(AN,))
    with pytest.raises(Unwanted):
        await posted(world, AN)
    assert await answers(world, AN) == []


async def test_the_same_mail_is_answered_once(world: World) -> None:
    head = ["Message-ID: <abc@kantoor.example>"]
    await posted(world, AN, heads=head)
    await posted(world, AN, heads=head)
    await refused(world, AN, heads=head)
    assert len(await answers(world, AN)) == 1


@pytest.mark.parametrize(
    ("sender", "most"), [(AN, answering.MOST), (STRANGER, answering.MOST_TO_STRANGERS)]
)
async def test_so_many_a_day_and_no_more(world: World, *, sender: str, most: int) -> None:
    for n in range(most + 2):
        await refused(world, sender, heads=[f"Message-ID: <{n}@kantoor.example>"])
    assert len(await answers(world, sender)) == most
    world.later(hours=25)
    await refused(world, sender, heads=["Message-ID: <later@kantoor.example>"])
    assert len(await answers(world, sender)) == most + 1


@pytest.mark.parametrize(
    ("wanted", "door", "answered"),
    [
        (Answers.PEOPLE, "mailbox", True),
        (Answers.PEOPLE, "smtp", False),
        (Answers.ALL, "smtp", True),
        (Answers.ALL, "folder", False),
        (Answers.NONE, "mailbox", False),
    ],
)
async def test_a_team_says_who_is_answered(
    world: World, *, wanted: Answers, door: str, answered: bool
) -> None:
    world.teams[0] = replace(world.teams[0], answers=wanted)
    await posted(world, AN, door=door)
    assert bool(await answers(world, AN)) is answered


@pytest.mark.parametrize(
    ("heads", "own", "said"),
    [
        ((), None, "Goed ontvangen"),
        (("Content-Language: fr-BE",), None, "Bien reçu"),
        (("Content-Language: fr-BE",), "de", "eingegangen"),
        (("Accept-Language: it",), None, "Goed ontvangen"),
    ],
)
async def test_in_the_senders_language(
    world: World, *, heads: Sequence[str], own: str | None, said: str
) -> None:
    team = world.teams[0]
    an, *rest = team.recipients
    world.teams[0] = replace(team, recipients=(replace(an, language=own), *rest))
    await posted(world, AN, heads=heads)
    assert said in await told(world, AN)


async def test_in_shadow_mode_nobody_hears_anything(world: World) -> None:
    world.teams[0] = replace(world.teams[0], mode=Mode.SHADOW)
    await posted(world, AN)
    assert [one.state for one in await answers(world, AN)] == [State.HELD]


async def test_a_message_id_that_is_none_is_not_repeated(world: World) -> None:
    await posted(world, AN, heads=["Message-ID: <a b>\r\n\tX-Evil: 1"])
    [one] = await answers(world, AN)
    assert one.letter is not None
    assert one.letter.in_reply_to is None


async def test_what_was_noted_about_answers_is_forgotten_after_a_month(world: World) -> None:
    await posted(world, AN)
    since = world.clock[0] - timedelta(days=1)
    await world.db.write(partial(_forget, now=world.later(days=31)))
    count = partial(senders.answers_since, team="acme", address=AN, since=since)
    assert await world.db.read(count) == 0


def _forget(tx: Tx, *, now: datetime) -> None:
    answering.forget(tx, "", now)


async def test_several_documents_are_told_each(world: World) -> None:
    await posted(world, OWNER, ("a.xml", a_purchase("L-1")))
    await posted(
        world, AN, ("a.xml", a_purchase("L-1")), ("b.xml", a_purchase("L-2")), ("x.pdf", A_PDF)
    )
    words = await told(world, AN)
    assert "L-1: kwam al binnen" in words
    assert "L-2: ontvangen" in words
