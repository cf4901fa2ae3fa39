"""A part of a number or a name finds every document that has it, and no other, whatever happened to them."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from maild.model.browsing import Wish
from maild.model.document import Counterparty, Direction, Document
from maild.store import browsing, documents, holdings, schema, searching
from maild.store.database import Tx
from tests.store.builders import a_document, drop_new_columns
from tests.store.test_tallying import EVER, file, writing

NAMES = (
    *("Café Élan NV", "Straße 9 GmbH", 'De "Gouden" Leeuw', "100% Puur BV", "a_b & Zn", "İzmir"),
    *("O'Neill", "Sushi 寿司屋", "x", "", "Van den Berghe-Peeters"),
)
ALL = Wish(EVER, directions=frozenset(Direction))


def a_random_document(chance: random.Random) -> Document:
    return a_document(
        team=chance.choice(("acme", "other")),
        number=chance.choice((None, f"F{chance.randrange(2024, 2027)}-{chance.randrange(999):03}")),
        counterparty=Counterparty(chance.choice(NAMES), chance.choice((None, "BE0123456749"))),
        files=(),
    )


def something_happens(tx: Tx, chance: random.Random, there: list[str]) -> None:
    column = schema.documents.c
    match chance.randrange(8):
        case 0 if there:
            changed = {"number_folded": chance.choice(("z-999", None)), "party_folded": "jansen"}
            one = chance.choice(there)
            tx.execute(update(schema.documents).where(column.id == one).values(changed))
        case 1 if there:
            one = there.pop(chance.randrange(len(there)))
            brought = schema.arrival_documents
            tx.execute(delete(brought).where(brought.c.document == one))
            tx.execute(delete(schema.documents).where(column.id == one))
        case _:
            there.append(file(tx, a_random_document(chance)).id)


def parts(tx: Tx, chance: random.Random) -> list[str]:
    """Parts of what is there, and some that nothing has."""
    found = [
        "zzz",
        "e\0a",
        '"',
        '"""',
        "be0123",
        "%",
        "__",
        "SUSHI",
        "ß 9",
        "寿司屋",
        "\n",
        "AND OR",
    ]
    for row in tx.execute(select(schema.documents)):
        whole = f"{row.number_folded or ''}\n{row.party_folded or ''}"
        at = chance.randrange(len(whole))
        found.append(whole[at : at + chance.randrange(1, 9)])
    return found


def plain(tx: Tx, part: str) -> set[str]:
    wanted = part.casefold()
    rows = tx.execute(select(schema.documents).where(schema.documents.c.team == "acme"))
    return {
        row.id
        for row in rows
        if wanted in (row.number_folded or "") or wanted in (row.party_folded or "")
    }


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_a_part_finds_what_a_plain_look_finds(tx: Tx, seed: int) -> None:
    chance = random.Random(seed)
    there: list[str] = []
    for _ in range(150):
        something_happens(tx, chance, there)
    hits = 0
    for part in parts(tx, chance):
        wish = replace(ALL, text=part)
        found = browsing.ids(tx, "acme", wish=wish, partner=None, limit=999)
        assert found == plain(tx, part), part
        assert browsing.sums(tx, "acme", wish=wish, partner=None).count == len(found)
        by_party = {one.id for one in documents.find(tx, team="acme", party=part, limit=999)}
        by_number = {one.id for one in documents.find(tx, team="acme", number=part, limit=999)}
        assert by_party | by_number == found, part
        hits += len(found)
    assert hits


def test_a_part_that_many_have_is_found_in_the_order_of_the_list(tx: Tx) -> None:
    for _ in range(searching.MOST + 1):
        file(tx, a_document(counterparty=Counterparty("Klant BV"), files=()))
    last = file(tx, a_document(counterparty=Counterparty("Klant NV"), files=()))
    assert searching.few(tx, "klant") is None
    found, more = browsing.page(
        tx, "acme", wish=replace(ALL, text="klant"), partner=None, behind=None, limit=50
    )
    assert found[0].id == last.id
    assert len(found) == 50
    assert more is not None
    few, more = browsing.page(
        tx, "acme", wish=replace(ALL, text="ant nv"), partner=None, behind=None, limit=50
    )
    assert [one.id for one in few] == [last.id]
    assert more is None


def test_no_document_of_a_period_is_looked_at_but_those_that_can_have_the_part(tx: Tx) -> None:
    file(tx, a_document(files=()))
    few = searching.few(tx, "café")
    assert few is not None
    asked = browsing._wished(
        tx, select(schema.documents.c.id), "acme", replace(ALL, text="café"), partner=None
    )
    words = asked.compile(tx, compile_kwargs={"render_postcompile": True})
    values = tuple(words.params[name] for name in words.positiontup or ())
    plan = "\n".join(
        row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", values).all()
    )
    assert "VIRTUAL TABLE INDEX" in plan
    assert "SCAN documents" not in plan
    assert "ix_documents_dated" not in plan


def test_an_update_finds_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    with writing(path) as tx:
        one = file(tx, a_document(number="F2026-077", files=()))
        for name in ("insert", "update", "delete"):
            tx.execute(text(f"DROP TRIGGER searched_{name}"))
        for table in ("trigrams", "searched", "came", "rulings"):
            tx.execute(text(f"DROP TABLE {table}"))
        for name in ("insert", "update", "delete"):
            tx.execute(text(f"DROP TRIGGER ruling_{name}"))
            tx.execute(text(f"DROP TRIGGER came_{name}"))
        drop_new_columns(tx)
        tx.execute(text("UPDATE alembic_version SET version_num = '0022'"))
    with writing(path) as tx:
        assert browsing.ids(tx, "acme", wish=replace(ALL, text="6-077"), partner=None, limit=9) == {
            one.id
        }


def test_a_check_of_the_store_finds_what_the_index_lacks_and_making_it_anew_mends_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "maild.db"
    with writing(path) as tx:
        one = file(tx, a_document(number="F2026-077", files=()))
    with holdings.looking(path) as looking:
        assert not list(holdings.miscounted(looking))
    with writing(path) as tx:
        tx.execute(text("DELETE FROM searched"))
    with holdings.looking(path) as looking:
        [said] = holdings.miscounted(looking)
    assert "search" in said
    with writing(path) as tx:
        searching.fill(tx)
        assert browsing.ids(tx, "acme", wish=replace(ALL, text="6-077"), partner=None, limit=9) == {
            one.id
        }
    with holdings.looking(path) as looking:
        assert not list(holdings.miscounted(looking))
