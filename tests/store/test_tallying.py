"""What is counted while it is written is what counting finds, whatever happens to the rows."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from maild.errors import UserError
from maild.exports.gaps import between, missing
from maild.model.browsing import Sums, Wish
from maild.model.delivery import State, Trace
from maild.model.document import Direction, Document, Kind
from maild.model.money import Amount
from maild.store import (
    browsing,
    deliveries,
    documents,
    engines,
    holdings,
    migrate,
    restore,
    schema,
    series,
    series_anew,
    tallying,
)
from maild.store.database import Tx
from tests.store.builders import NOW, a_delivery, a_document, an_arrival, drop_new_columns

KINDS = (Kind.INVOICE, Kind.CREDIT_NOTE, Kind.PURCHASE_INVOICE, Kind.QUOTE, Kind.EXPORT)
TOTALS = ("121.00", "-0.50", "7", "0.005", "1234567.891", "99.9", "0")
ODD = ("1E+3", "0.0001", "123456789012345.00")
DAY = date(2026, 3, 1)
EVER = (date(2000, 1, 1), date(2100, 1, 1))


@contextmanager
def writing(path: Path) -> Iterator[Tx]:
    path.touch()
    migrate.bring_up_to_date(path, allowed=True)
    engine = engines.writer_engine(path)
    with engine.connect() as tx, tx.begin():
        yield tx
    engine.dispose()


def a_random_document(chance: random.Random, *, odd: bool = False) -> Document:
    kind = chance.choice(KINDS)
    total = Decimal(chance.choice(TOTALS + (ODD if odd else ())))
    return a_document(
        team=chance.choice(("acme", "other")),
        kind=kind,
        direction=kind.direction,
        number=f"{chance.choice(('F', 'F2026-'))}{chance.randrange(1, 60):03}",
        issued_on=chance.choice((None, DAY + timedelta(days=chance.randrange(60)))),
        total=chance.choice((None, Amount(total, chance.choice(("EUR", "USD"))))),
        accepted_at=NOW + timedelta(hours=chance.randrange(200)),
        files=(),
    )


def file(tx: Tx, document: Document) -> Document:
    arrival = an_arrival(team=document.team)
    filed = replace(document, arrival=arrival.id)
    documents.add_arrival(tx, arrival)
    documents.add_document(tx, filed, trace=ruled(document), warnings=(), same_number_key=None)
    return filed


def ruled(document: Document) -> tuple[Trace, ...]:
    """What rules said of it, by its number: some take it, or none, or there are none."""
    names = ("books", 'say "true", true', "office", "books")
    chosen = names[: sum(map(ord, document.number or "")) % 5]
    return tuple(Trace(one, hit=n % 2 == 0, reason="x") for n, one in enumerate(chosen))


def something_happens(tx: Tx, chance: random.Random, there: list[Document]) -> None:
    """A document comes, is judged, is corrected or is gone; a delivery goes its way."""
    one = chance.choice(there) if there else None
    match chance.randrange(7) if one else 0:
        case 0 | 1:
            filed = file(tx, a_random_document(chance, odd=chance.random() < 0.05))
            there.append(filed)
            deliveries.add(tx, a_delivery(filed, team=filed.team, created_at=filed.accepted_at))
        case 2 if one:
            documents.set_review(tx, one.id, chance.choice(("waiting", "confirmed", "rejected")))
        case 3 if one:
            state = chance.choice(tuple(State)).value
            of_it = schema.deliveries.c.document == one.id
            tx.execute(update(schema.deliveries).where(of_it).values(state=state))
        case 4 if one:
            column = schema.documents.c
            changed = {"total": chance.choice(TOTALS), "currency": "EUR", "dated_on": DAY}
            tx.execute(update(schema.documents).where(column.id == one.id).values(changed))
        case 5 if one:
            said = json.dumps([["books", chance.random() < 0.5, ""], ["office", False, ""]])
            column = schema.documents.c
            tx.execute(update(schema.documents).where(column.id == one.id).values(trace=said))
        case 6 if one and chance.random() < 0.5:
            there.remove(one)
            for table in (schema.deliveries, schema.arrival_documents):
                tx.execute(delete(table).where(table.c.document == one.id))
            tx.execute(delete(schema.documents).where(schema.documents.c.id == one.id))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_sums_are_those_of_a_plain_count(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    there: list[Document] = []
    for n in range(250):
        something_happens(tx, chance, there)
        if n % 50 == 49:
            compare(tx, chance)


def compare(tx: Tx, chance: random.Random) -> None:
    for table, right in tallying.RIGHT.items():
        kept = tx.execute(text(f"SELECT * FROM {table} WHERE n > 0")).all()  # noqa: S608 - ours
        assert sorted(map(tuple, kept)) == sorted(map(tuple, tx.execute(text(right))))
    for _ in range(20):
        first = DAY + timedelta(days=chance.randrange(60))
        wish = Wish(
            (first, first + timedelta(days=chance.randrange(40))),
            kinds=frozenset(chance.sample(KINDS, chance.randrange(3))),
            directions=frozenset(chance.sample(tuple(Direction), chance.randrange(1, 3))),
        )
        assert browsing.sums(tx, "acme", wish=wish, partner=None) == plain(tx, "acme", wish)


def plain(tx: Tx, team: str, wish: Wish) -> Sums:
    column = schema.documents.c
    found: dict[str, Decimal] = {}
    count = 0
    for row in tx.execute(select(schema.documents).where(column.team == team)):
        if not wish.days[0] <= row.dated_on <= wish.days[1] or row.kind == Kind.EXPORT:
            continue
        if row.direction not in wish.directions or (wish.kinds and row.kind not in wish.kinds):
            continue
        count += 1
        if row.total is not None:
            sign = -1 if row.kind in (Kind.CREDIT_NOTE, Kind.PURCHASE_CREDIT_NOTE) else 1
            found[row.currency] = found.get(row.currency, Decimal(0)) + sign * Decimal(row.total)
    return Sums(count, tuple(Amount(value, name) for name, value in sorted(found.items())))


@pytest.mark.parametrize("odd", ODD)
def test_a_total_that_is_not_kept_is_added_up_all_the_same(tx: Tx, odd: str) -> None:
    for total in ("0.10", odd):
        file(tx, a_document(total=Amount(Decimal(total), "EUR"), issued_on=DAY, files=()))
    wish = Wish((DAY, DAY), directions=frozenset({Direction.SALES}))
    [amount] = browsing.sums(tx, "acme", wish=wish, partner=None).amounts
    assert amount.value == Decimal("0.10") + Decimal(odd)


@pytest.mark.parametrize("seed", range(8))
def test_in_whatever_order_numbers_come_the_same_are_missing(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    here: list[tuple[str, str]] = []
    for _ in range(80):
        one = a_random_document(chance)
        file(tx, one)
        if one.team == "acme" and one.direction is Direction.SALES and one.number:
            here.append((one.kind.value, one.number))
    found = between(series.breaks(tx, "acme", days=EVER, limit=1_000))
    assert found == missing(here)
    assert found


def test_a_gap_belongs_to_the_date_of_the_number_behind_it(tx: Tx) -> None:
    for number, month in (("F-1", 3), ("F-3", 4)):
        file(tx, a_document(number=number, issued_on=date(2026, month, 5), files=()))
    in_march = (date(2026, 3, 1), date(2026, 3, 31))
    in_april = (date(2026, 4, 1), date(2026, 4, 30))
    assert series.breaks(tx, "acme", days=in_march, limit=9) == ()
    [one] = between(series.breaks(tx, "acme", days=in_april, limit=9))
    assert one.number == "F-2"


def test_an_update_counts_what_is_there(tmp_path: Path) -> None:
    with writing(tmp_path / "maild.db") as tx:
        chance = random.Random(1)
        for _ in range(60):
            filed = file(tx, a_random_document(chance))
            deliveries.add(tx, a_delivery(filed, team=filed.team))
        kept = everything_kept(tx)
        for table in ("fates", "dated_sums", "series", "came", "rulings", "trigrams", "searched"):
            tx.execute(text(f"DROP TABLE {table}"))
        for name in tx.execute(text(_NEW_TRIGGERS)).scalars().all():
            tx.execute(text(f"DROP TRIGGER {name}"))
        for name in ("unruled", "packed"):
            tx.execute(text(f"DROP INDEX ix_documents_{name}"))
        drop_new_columns(tx)
        tx.execute(text("UPDATE alembic_version SET version_num = '0021'"))
    with writing(tmp_path / "maild.db") as tx:
        assert everything_kept(tx) == kept


_NEW_TRIGGERS = (
    "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    " AND (name LIKE 'fate%' OR name LIKE 'document%' OR name LIKE 'searched%' OR name LIKE 'ruling%' OR name LIKE 'came%')"
)


def everything_kept(tx: Tx) -> dict[str, list[tuple[object, ...]]]:
    tables = ("tallies", "fates", "dated_sums", "came", "rulings", "series")
    return {
        one: sorted(map(tuple, tx.execute(text(f"SELECT * FROM {one}"))))  # noqa: S608 - ours
        for one in tables
    }


def wrong_in(path: Path) -> list[str]:
    with holdings.looking(path) as looking:
        return list(holdings.miscounted(looking))


BREAKS = (
    ("tallies", "UPDATE tallies SET n = n + 1"),
    ("fates", "DELETE FROM fates"),
    ("dated_sums", "UPDATE dated_sums SET thousandths = thousandths + 10"),
    ("rulings", "UPDATE rulings SET rule = rule || 'x'"),
    ("series", "DELETE FROM series WHERE first = (SELECT max(first) FROM series)"),
    ("series", "UPDATE series SET last = last + 1"),
    ("series", "UPDATE series SET digits = 9"),
    ("series", "UPDATE series SET first_on = '2001-01-01'"),
    ("series", "INSERT INTO series VALUES ('x', 'invoice', 'F', '', 1, 2, 1, '2026-01-01')"),
    ("search index", "DELETE FROM searched"),
)


@pytest.mark.parametrize(("words", "breaking"), BREAKS)
def test_a_check_of_the_store_finds_a_count_that_is_wrong_and_a_repair_mends_it(
    tmp_path: Path, words: str, breaking: str
) -> None:
    path = tmp_path / "maild.db"
    with writing(path) as tx:
        for number in ("F-1", "F-2", "F-4"):
            filed = file(tx, a_document(number=number, issued_on=DAY, files=()))
            deliveries.add(tx, a_delivery(filed))
        kept = everything_kept(tx)
    assert (wrong_in(path), restore.repair_store(tmp_path)) == ([], ())
    with writing(path) as tx:
        tx.execute(text(breaking))
    [said] = wrong_in(path)
    assert words in said
    assert restore.repair_store(tmp_path) == (said,)
    assert wrong_in(path) == []
    with writing(path) as tx:
        assert everything_kept(tx) == kept


@pytest.mark.parametrize("seed", range(4))
def test_rows_of_numbers_made_anew_are_those_that_were_kept(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(120):
        file(tx, a_random_document(chance))
    before = everything_kept(tx)["series"]
    driver = tx.connection.driver_connection
    assert driver is not None
    assert not series_anew.is_wrong(driver)
    series_anew.fill(tx)
    assert everything_kept(tx)["series"] == before
    assert not series_anew.is_wrong(driver)


def test_a_damaged_store_is_not_repaired(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    with writing(path) as tx:
        filed = file(tx, a_document(files=()))
    engine = engines.writer_engine(path)
    with engine.connect() as tx:
        tx.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[union-attr]  # it is there
        with tx.begin():
            tx.execute(delete(schema.arrivals).where(schema.arrivals.c.id == filed.arrival))
            tx.execute(text("DELETE FROM fates"))
    engine.dispose()
    with pytest.raises(UserError, match="names a row of arrivals that is not there"):
        restore.repair_store(tmp_path)
