"""What is remembered of suppliers is kept by team, within bounds, and can be forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from maild.model.supplier import MOST_SIGNS, Sign, Supplier
from maild.store import suppliers
from maild.store.database import Database

FIRST = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
KEY = "BE0900000147"


def one(key: str = KEY, *accounts: str, at: int = 0, sign: int = 0, team: str = "acme") -> Supplier:
    """A supplier as he was confirmed so many days later, with one more sign of his number."""
    return Supplier(
        key=key,
        name="Atelier Noord BV",
        currency="EUR",
        accounts=frozenset(accounts),
        signs=(Sign("invoice_number", "factuurnummer", 1, 50.0 + sign, 100.0, 90.0, "0000-000"),),
        team=team,
        confirmed_at=FIRST + timedelta(days=at),
        confirmed_by="person",
        document="d-1",
    )


async def learn(db: Database, *all_: Supplier) -> None:
    for each in all_:
        await db.write(partial(suppliers.learn, one=each))


async def test_what_is_learnt_later_is_added_and_the_newest_signs_are_kept(db: Database) -> None:
    await learn(db, *(one(KEY, f"BE0{n}", at=n, sign=n) for n in range(MOST_SIGNS + 2)))
    found = await db.read(partial(suppliers.find, team="acme", key=KEY))
    assert found is not None
    assert len(found.accounts) == MOST_SIGNS + 2
    assert [sign.left for sign in found.signs] == [55.0, 54.0, 53.0, 52.0]
    assert await db.read(partial(suppliers.find, team="other", key=KEY)) is None


async def test_the_one_confirmed_longest_ago_makes_room(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppliers, "MOST_SUPPLIERS", 2)
    monkeypatch.setattr(suppliers, "MOST_ACCOUNTS", 2)
    await learn(db, one("A", at=1), one("B", at=2), one("A", at=3), one("C", at=4))
    assert [each.key for each in await db.read(suppliers.known)] == ["C", "A"]
    await learn(db, *(one("A", f"BE0{n}", at=5 + n) for n in range(3)))
    found = await db.read(partial(suppliers.find, team="acme", key="A"))
    assert found is not None
    assert found.accounts == {"BE01", "BE02"}


async def test_an_account_of_two_suppliers_tells_neither(db: Database) -> None:
    await learn(db, one("A", "BE01", "BE02"), one("B", "BE02"))
    told = [
        await db.read(partial(suppliers.with_account, team="acme", ibans=(iban,)))
        for iban in ("BE01", "BE02", "BE03")
    ]
    assert [each and each.key for each in told] == ["A", None, None]
    assert await db.write(partial(suppliers.forget, team="acme", key="B"))
    found = await db.read(partial(suppliers.with_account, team="acme", ibans=("BE02",)))
    assert found is not None
    assert found.key == "A"
