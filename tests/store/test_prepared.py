"""Statements that the driver runs: they give what SQLAlchemy gives."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Dialect, bindparam, exc, insert, select, update
from sqlalchemy.dialects import postgresql

from maild.model.delivery import State
from maild.store import prepared, rows
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import deliveries, files
from tests.store.builders import NOW, a_delivery, a_file, stored_delivery, stored_document

DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
BY_STATE = Prepared(
    select(deliveries)
    .where(deliveries.c.state == bindparam("wanted"), deliveries.c.not_before <= bindparam("until"))
    .order_by(deliveries.c.id)
)


def test_its_rows_are_those_of_sqlalchemy_with_moments_and_booleans_read(tx: Tx) -> None:
    document = stored_document(tx)
    stored_delivery(tx, document)
    asked = {"wanted": "queued", "until": NOW}
    found = BY_STATE.rows(tx, asked)
    assert [tuple(one) for one in found] == [tuple(one) for one in tx.execute(select(deliveries))]
    assert (found[0].not_before, found[0].named) == (NOW, False)
    assert BY_STATE.first(tx, asked) == found[0]
    assert BY_STATE.first(tx, asked | {"wanted": "failed"}) is None


def test_a_change_tells_how_many_rows_and_keeps_what_the_statement_says_itself(tx: Tx) -> None:
    first = stored_delivery(tx)
    changing = Prepared(
        update(deliveries)
        .where(deliveries.c.id == bindparam("which"))
        .values(state=State.FAILED.value, owner=None, reason=bindparam("why"))
    )
    assert changing.change(tx, {"which": first.id, "why": "no such user"}) == 1
    assert changing.change(tx, {"which": "v-none", "why": None}) == 0
    row = tx.execute(select(deliveries)).one()
    assert (row.state, row.owner, row.reason) == ("failed", None, "no such user")


def test_many_rows_are_added_at_once(tx: Tx) -> None:
    document = stored_document(tx, files=())
    adding = Prepared(insert(files), columns=[one.key for one in files.c])
    made = [replace(a_file(), name=f"{n}.pdf") for n in range(3)]
    adding.change_each(tx, [rows.of_file(document.id, one, at=n) for n, one in enumerate(made)])
    names = select(files.c.name).order_by(files.c.position)
    assert tx.execute(names).scalars().all() == ["0.pdf", "1.pdf", "2.pdf"]


def test_a_broken_constraint_is_the_fault_that_sqlalchemy_raises_without_the_values(tx: Tx) -> None:
    adding = Prepared(insert(deliveries), columns=[one.key for one in deliveries.c])
    row = rows.of_delivery(a_delivery(address="ann@books.example"))
    row |= {"owner": None, "lease_until": None, "document": "d-none"}
    with pytest.raises(exc.IntegrityError) as told:
        adding.change(tx, row)
    assert "ann@books.example" not in str(told.value)


def test_a_list_of_any_length_is_refused(tx: Tx) -> None:
    endless = Prepared(select(files).where(files.c.name.in_(bindparam("names", expanding=True))))
    with pytest.raises(ValueError, match="length"):
        endless.rows(tx, {"names": ["a"]})


def test_postgresql_gets_its_values_by_name() -> None:
    compiled = prepared._compile(BY_STATE._statement, DIALECT, columns=None)
    given = {"wanted": "queued", "until": NOW}
    assert compiled.values(given) == {"wanted": "queued", "until": "2026-03-27T12:00:00.123456Z"}
    assert "%(wanted)s" in compiled.sql
