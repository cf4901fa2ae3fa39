"""The books of the stand-ins outlive a demo in its folder."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from maild.demo import books
from maild.demo.outside import BY_CODABOX, Outside
from maild.demo.world import COMPANIES
from maild.errors import UserError
from maild.simulators.codabox.world import Invoice
from maild.simulators.mailsink import MailSink
from tests.demo.conftest import Lived

[NUMBER] = [f"BE{one.number}" for one in COMPANIES if one.slug == BY_CODABOX]


def outside_of(folder: Path) -> Outside:
    """The world outside of a demo in this folder."""
    sink = MailSink(folder=folder / "outbox", keep=False)
    return Outside(sink, lambda: datetime.now(UTC), kept=folder / books.NAME)


async def test_what_was_booked_is_there_when_a_demo_is_opened_again(
    lived: Lived, tmp_path: Path
) -> None:
    booked = lived.outside.booked()
    assert len(booked) > 5
    books.keep(tmp_path / books.NAME, lived.outside.exact.world, lived.outside.codabox.world)
    async with outside_of(tmp_path).open() as again:
        assert again.booked() == booked
        one, other = (each.exact.book() for each in (again, lived.outside))
        assert one.tables == other.tables
        assert (one.stamp, one.stamps, one.numbers) == (other.stamp, other.stamps, other.numbers)
        found, before = (each.codabox.world.companies for each in (again, lived.outside))
        for number, company in before.items():
            assert found[number].entries == company.entries
            assert found[number].done == company.done


async def test_what_comes_in_is_kept_at_the_end(tmp_path: Path) -> None:
    async with outside_of(tmp_path).open() as outside:
        account = outside.exact.add("crm/Accounts", Name="Café Zuid", Status="C")
        outside.codabox.world.company(NUMBER).invoices.append(
            Invoice("1", "NT-1", "2026", "2026-11-24", "Invoice", b"<x/>", b"%PDF", "delivered")
        )
        bought = outside.buy()
    async with outside_of(tmp_path).open() as again:
        assert account in again.exact.rows("crm/Accounts")
        assert again.booked() == {"NT-1"}
        [entry] = again.codabox.world.company(NUMBER).entries
        assert bought.encode() in entry.files["xml"]
        rates = [one["Percentage"] for one in again.exact.rows("vat/VATCodes")]
        assert all(isinstance(one, Decimal) for one in rates)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"exact": {"1": {}}, "codabox": {}}'])
async def test_damaged_books_are_told_with_their_file(tmp_path: Path, text: str) -> None:
    (tmp_path / books.NAME).write_text(text, "utf-8")
    with pytest.raises(UserError, match=r"books\.json: these are no books of a demo"):
        async with outside_of(tmp_path).open():
            pass
    assert (tmp_path / books.NAME).read_text("utf-8") == text
