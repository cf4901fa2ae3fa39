"""The few statements that differ between databases, said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy
from sqlalchemy import Column, ColumnElement, Table, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from maild.store.prepared import Prepared


def insert_if_absent(
    tx: sqlalchemy.Connection, table: Table, *, row: Mapping[str, Any], unique: Sequence[str]
) -> bool:
    """Insert a row unless one with the same `unique` columns is there; tell whether it was new."""
    statement = _insert_if_absent(table, tuple(unique), columns=tuple(row), dialect=tx.dialect.name)
    return statement.change(tx, row) == 1


def contains(column: sqlalchemy.ColumnElement[str | None], text: str) -> Any:
    """A condition: the case-folded column has the text in it; `%` and `_` stand for themselves."""
    return column.contains(text.casefold(), autoescape=True)


def unindexed(column: Column[Any]) -> ColumnElement[Any]:
    """A column whose indexes SQLite does not take, where another index is the better one."""
    return column.op("||", precedence=7)(literal_column("''"))


@cache
def _insert_if_absent(
    table: Table, unique: tuple[str, ...], *, columns: tuple[str, ...], dialect: str
) -> Prepared:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    absent = insert(table).on_conflict_do_nothing(index_elements=list(unique))
    return Prepared(absent, columns=columns)
