"""Statements of the hot paths: compiled once for each database, and run by its driver.

SQLAlchemy takes 60 to 90 us around each statement, three times what SQLite takes for a small one.
Here it writes the SQL and knows the types, and the driver does the rest. Not for lists of any
length (`IN`), nor for what runs once an hour.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Dialect, Insert, Select, Update, exc

Statement = Select[Any] | Insert | Update
Convert = Callable[[Any], Any] | None  # None: the driver takes and gives the value as it is


@dataclass(frozen=True, slots=True)
class _Compiled:
    """The words for one database; `binds` in the order of its placeholders."""

    sql: str
    constants: Mapping[str, Any]
    binds: tuple[tuple[str, Convert], ...]
    by_name: bool  # the driver takes a mapping, and not a row of values
    row: Callable[..., Any]  # makes a named row of the columns
    reads: tuple[tuple[int, Callable[[Any], Any]], ...]

    def values(self, given: Mapping[str, Any]) -> Any:
        """What the driver wants for these values."""
        known = {**self.constants, **given} if self.constants else given
        binds = self.binds
        if self.by_name:
            return {name: known[name] if to is None else to(known[name]) for name, to in binds}
        return tuple([known[name] if to is None else to(known[name]) for name, to in binds])


class Prepared:
    """A statement whose values come by name, as in `Connection.execute`.

    The transaction has begun already: one of `Database.write` or `Database.read`. `columns` are
    those that an INSERT without values fills.
    """

    def __init__(self, statement: Statement, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def change(self, tx: Connection, values: Mapping[str, Any]) -> int:
        """Run it; how many rows it changed."""
        return int(self._run(tx, values)[1].rowcount)

    def change_each(self, tx: Connection, values: Sequence[Mapping[str, Any]]) -> None:
        """Run it for each of these."""
        compiled = self._for(tx)
        many = [compiled.values(one) for one in values]
        try:
            tx.connection.cursor().executemany(compiled.sql, many)
        except Exception as fault:
            raise _as_sqlalchemy(fault, tx, compiled.sql) from fault

    def rows(self, tx: Connection, values: Mapping[str, Any]) -> list[Any]:
        """The rows that it gives, whose columns have their names."""
        compiled, cursor = self._run(tx, values)
        if not compiled.reads:
            return [compiled.row(*one) for one in cursor.fetchall()]
        found = []
        for one in cursor.fetchall():
            row = list(one)
            for at, read in compiled.reads:
                row[at] = read(row[at])
            found.append(compiled.row(*row))
        return found

    def first(self, tx: Connection, values: Mapping[str, Any]) -> Any | None:
        """The first of the rows; None where there is none."""
        found = self.rows(tx, values)
        return found[0] if found else None

    def words(self, tx: Connection) -> str:
        """The SQL as this database gets it."""
        return self._for(tx).sql

    def _run(self, tx: Connection, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        compiled, cursor = self._for(tx), tx.connection.cursor()
        found = compiled.values(values)
        try:
            cursor.execute(compiled.sql, found)
        except Exception as fault:
            raise _as_sqlalchemy(fault, tx, compiled.sql) from fault
        return compiled, cursor

    def _for(self, tx: Connection) -> _Compiled:
        # Two threads that compile it at the same moment make the same.
        found = self._compiled.get(tx.dialect.name)
        if found is None:
            found = _compile(self._statement, tx.dialect, columns=self._columns)
            self._compiled[tx.dialect.name] = found
        return found


def _as_sqlalchemy(fault: Exception, tx: Connection, sql: str) -> BaseException:
    """The driver's fault as `Connection.execute` raises it; without the values, which are secrets."""
    base = tx.dialect.loaded_dbapi.Error
    return exc.DBAPIError.instance(sql, None, fault, base, dialect=tx.dialect)


def _compile(statement: Statement, dialect: Dialect, *, columns: Sequence[str] | None) -> _Compiled:
    named = None if columns is None else list(columns)
    compiled = statement.compile(dialect=dialect, column_keys=named)
    if compiled.post_compile_params:
        raise ValueError(f"its length depends on its values: {compiled}")
    known = {name: bind for bind, name in compiled.bind_names.items()}
    names = list(compiled.positiontup or ()) if compiled.positional else list(known)
    constants = {name: bind.effective_value for name, bind in known.items() if not bind.required}
    binds = tuple((name, _writer(known[name].type, dialect)) for name in names)
    chosen = list(statement.exported_columns)
    reads = [(at, _reader(column.type, dialect)) for at, column in enumerate(chosen)]
    return _Compiled(
        sql=str(compiled),
        constants=constants,
        binds=binds,
        by_name=not compiled.positional,
        row=namedtuple("Row", [str(column.key) for column in chosen]),  # noqa: PYI024 - its columns are known now only
        reads=tuple((at, read) for at, read in reads if read is not None),
    )


def _writer(kind: Any, dialect: Dialect) -> Convert:
    return cast("Convert", kind.dialect_impl(dialect).bind_processor(dialect))


def _reader(kind: Any, dialect: Dialect) -> Convert:
    return cast("Convert", kind.dialect_impl(dialect).result_processor(dialect, None))
