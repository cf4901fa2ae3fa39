"""Packages as documents: filed once, in parts that fit into the mails of those who get them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from maild.errors import UserError
from maild.exports.sending import Sender, part_names, part_size
from maild.intake.packages import file_package
from maild.model.delivery import State
from maild.model.document import Kind
from maild.model.export import MAIL_SIZE, SMALLEST_MAIL
from maild.model.team import Attach, Conditions, Recipient, Rule, Team
from maild.outbox.enclosures import choose
from maild.rules.profiles import PROFILES
from tests.builders_bill import a_bill
from tests.exports.conftest import ACME, DUE, Books

ACCOUNTANT = Recipient("accountant", "relay", "an@kantoor.example", PROFILES["mailbox"])
TEAM = replace(
    ACME,
    recipients=(
        ACCOUNTANT,
        Recipient("owner", "relay", "baas@acme.example", PROFILES["mailbox"]),
        Recipient("books", "relay", "in@boek.example", PROFILES["yuki"]),
    ),
    rules=(Rule("packages", ("owner",), Conditions(kinds=frozenset({Kind.EXPORT}))),),
)


async def filled(books: Books, count: int, *, size: int = 100) -> Sender:
    """A sender over that many invoices with PDFs of so many bytes that cannot be made smaller."""
    for number in range(count):
        noise = hashlib.shake_256(bytes([number])).digest(size)
        bill = a_bill(number=f"F-{number:03}", issued_on=date(2026, 3, 12))
        await books.file(bill, pdf=b"%PDF-1.7" + noise)
    return Sender(books.packer, books.blobs)


@pytest.mark.parametrize(
    ("to", "expected"), [(("accountant",), ["accountant"]), ((), ["owner"])], ids=["named", "rules"]
)
async def test_a_package_goes_to_whom_its_export_names_or_else_the_rules(
    books: Books, to: tuple[str, ...], expected: list[str]
) -> None:
    sender = await filled(books, 1)
    _, made = await sender.make(books.order(name="monthly"), TEAM, to=to)
    filed = await books.db.write(partial(file_package, made=made, now=DUE))
    assert filed.document.kind is Kind.EXPORT
    assert filed.document.number == "monthly 2026-03"
    assert [one.name for one in filed.document.files] == ["acme_monthly_2026-03.zip"]
    assert [(one.recipient, one.part, one.state) for one in filed.deliveries] == [
        (name, 0, State.QUEUED) for name in expected
    ]


async def test_the_same_package_again_goes_nowhere_twice(books: Books) -> None:
    sender = await filled(books, 1)
    for repeated in (False, True):
        _, made = await sender.make(books.order(), TEAM, to=("accountant",))
        filed = await books.db.write(partial(file_package, made=made, now=DUE))
        assert filed.repeated is repeated
        assert len(filed.deliveries) == 1


async def test_a_large_package_is_one_mail_a_part_and_each_fits(books: Books) -> None:
    sender = await filled(books, 12, size=300_000)
    to = ("accountant", "owner")
    package, made = await sender.make(books.order(), TEAM, to=to, mail_size=SMALLEST_MAIL)
    filed = await books.db.write(partial(file_package, made=made, now=DUE))
    count = len(package.parts)
    assert count > 4
    assert len(filed.deliveries) == 2 * count
    for name in to:
        mine = [one for one in filed.deliveries if one.recipient == name]
        assert [one.part for one in mine] == list(range(1, count + 1))
        for one in mine:
            [file] = choose(filed.document, delivery=one, profile=PROFILES["mailbox"], base="x")
            assert file.name == f"acme_2026-03_{one.part}-of-{count}.zip"
            assert file.file is not None
            # In base64, with its line ends and a letter.
            assert file.file.size * 78 / 57 + 64_000 <= SMALLEST_MAIL + 100


async def test_packages_hold_no_packages(books: Books) -> None:
    sender = await filled(books, 1)
    _, made = await sender.make(books.order(), TEAM, to=("accountant",))
    await books.db.write(partial(file_package, made=made, now=DUE.replace(day=1)))
    packed = await books.pack(books.order("2026", kinds=tuple(Kind)))
    assert {one["kind"] for one in packed.index["documents"]} == {"invoice"}


def test_the_smallest_inbox_says_how_large_a_part_may_be() -> None:
    small = replace(PROFILES["mailbox"], max_size=2_000_000)
    team = replace(TEAM, recipients=(ACCOUNTANT, replace(ACCOUNTANT, name="small", profile=small)))
    assert most(("accountant",), team) > 14_000_000
    assert most(("accountant", "small"), team) < 1_500_000
    assert most((), team) < 1_500_000


def most(to: tuple[str, ...], team: Team) -> int:
    size = part_size(to, team, mail_size=MAIL_SIZE)
    assert size is not None
    return size


def test_who_gets_a_link_bounds_no_part_and_has_one_delivery_for_all_of_them() -> None:
    small = replace(PROFILES["mailbox"], max_size=2_000_000)
    linked = replace(ACCOUNTANT, name="linked", profile=small, by_link=True)
    team = replace(TEAM, recipients=(ACCOUNTANT, linked))
    assert part_size(("linked",), team, mail_size=MAIL_SIZE) is None
    assert most(("accountant", "linked"), team) == most(("accountant",), team)


async def test_a_link_is_one_mail_however_many_parts_others_get(books: Books) -> None:
    linked = replace(ACCOUNTANT, name="linked", by_link=True)
    team = replace(TEAM, recipients=(ACCOUNTANT, linked))
    sender = await filled(books, 4, size=400_000)
    _, made = await sender.make(
        books.order(), team, to=("accountant", "linked"), mail_size=SMALLEST_MAIL
    )
    filed = await books.db.write(partial(file_package, made=made, now=DUE))
    assert len(made.parts) > 1
    by = {name: [one for one in filed.deliveries if one.recipient == name] for name in made.to}
    assert [one.part for one in by["accountant"]] == [*range(1, len(made.parts) + 1)]
    assert [(one.part, one.attach) for one in by["linked"]] == [(0, (Attach.LINK,))]


async def test_a_recipient_that_takes_no_package_is_said_before_anything_is_made(
    books: Books,
) -> None:
    sender = await filled(books, 1)
    with pytest.raises(UserError, match="takes no packages"):
        await sender.make(books.order(), TEAM, to=("books",))
    with pytest.raises(UserError, match="is no recipient"):
        await sender.make(books.order(), TEAM, to=("acountant",))


async def test_parts_are_numbered_in_their_names(books: Books) -> None:
    order = books.order(supplement=1, name="monthly")
    assert part_names(order, 2) == [
        "acme_monthly_2026-03-supplement-1_1-of-2.zip",
        "acme_monthly_2026-03-supplement-1_2-of-2.zip",
    ]
