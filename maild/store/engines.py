"""SQLite connections with our manners: one that writes, a few that can only read.

House rules: WAL, synchronous=FULL (a 250 is a promise), foreign keys, a busy timeout, BEGIN
IMMEDIATE for the writer. Nothing here knows a table.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool, StaticPool

from maild.errors import UserError

BUSY_TIMEOUT: Final = 10_000  # ms; functions given to `write` take about 5 ms, so this is a fault
READERS: Final = 4
OLDEST: Final = (3, 38, 0)  # of which triggers take `->>`; FTS5 has trigrams since 3.34
_CACHE_KIB: Final = 16_384


def driver() -> Any:
    """The sqlite3 module to use: pysqlite3 where it has a wheel, else Python's own.

    SQLite 3.7.0 to 3.51.2 can damage a WAL database when two connections write at the same
    instant (sqlite.org/wal.html#walresetbug), and the CLI writes beside the daemon. Debian 12
    links 3.40.1; pysqlite3 brings 3.53. Raises UserError for one that is older than `OLDEST`.
    """
    try:
        found = importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        found = importlib.import_module("sqlite3")
    if found.sqlite_version_info < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        raise UserError(
            f"Python here has SQLite {found.sqlite_version}; the store of maild needs {wanted}",
            hint="`pip install pysqlite3` brings a newer one, where it has a wheel",
        )
    return found


def writer_engine(path: Path) -> Engine:
    """The engine of the one connection that writes."""
    engine = _engine(path, "rw", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        _set(connection, f"busy_timeout={BUSY_TIMEOUT}", "journal_mode=WAL", "synchronous=FULL")
        # Checkpoints are ours: when idle or when the WAL is large, never inside somebody's commit.
        _set(connection, "foreign_keys=ON", "wal_autocheckpoint=0", f"cache_size=-{_CACHE_KIB}")

    return _beginning(engine, "BEGIN IMMEDIATE")


def reader_engine(path: Path) -> Engine:
    """The engine of the connections that can only read; each read sees one moment."""
    engine = _engine(path, "ro", poolclass=QueuePool, pool_size=READERS, max_overflow=0)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        _set(connection, f"busy_timeout={BUSY_TIMEOUT}", "query_only=ON")

    return _beginning(engine, "BEGIN")


def _engine(path: Path, mode: str, **pool: Any) -> Engine:
    module = driver()
    address = f"file:{quote(str(path.absolute()))}?mode={mode}"

    def connect() -> Any:
        # isolation_level=None: the driver begins nothing by itself; `_beginning` does.
        return module.connect(address, uri=True, isolation_level=None, check_same_thread=False)

    return sqlalchemy.create_engine("sqlite://", module=module, creator=connect, **pool)


def _beginning(engine: Engine, statement: str) -> Engine:
    """The engine, whose transactions begin with that statement."""

    def begin(connection: Any) -> None:
        connection.cursor().execute(statement)

    # Not by a "begin" event: once an engine listens to one event of its connections, SQLAlchemy asks
    # for the others around every statement, which takes a tenth of what a small statement takes.
    engine.dialect.do_begin = begin  # type: ignore[assignment]  # the dialect is this engine's own
    return engine


def _set(connection: Any, *pragmas: str) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()
