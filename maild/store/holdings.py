"""What one database file holds, looked at beside whoever uses it: for backups and for verifying.

Works on the tables of any version that has them. Nothing here changes a row.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from maild.errors import UserError
from maild.store import engines, series_anew
from maild.store.disk import PRIVATE, flush_folder
from maild.store.schema import arrivals, cleared, deliveries, files, refusals, undecided
from maild.store.searching import wrong
from maild.store.spool import READ_AT_ONCE
from maild.store.tallying import RIGHT

# Every column whose value is the name of a blob, and the rows of it that do not count: those of
# packages that were cleared (the row's own column, the column of `cleared`).
NAMING: Final[Sequence[tuple[Any, tuple[Any, Any] | None]]] = (
    (arrivals.c.original, (arrivals.c.id, cleared.c.arrival)),
    (files.c.sha256, (files.c.document, cleared.c.document)),
    (deliveries.c.message, None),
    (refusals.c.original, None),
    (undecided.c.original, None),
)
MOST_PROBLEMS: Final = 100  # told at once; who has more needs no list
_MENDED: Final = "`maild verify --repair` counts anew while no daemon runs"
_KEY: Final = re.compile(r"[0-9a-f]{64}")


@contextmanager
def looking(path: Path) -> Iterator[Any]:
    """A connection that can only read. Raises UserError when the file is damaged or locked."""
    driver = engines.driver()
    if not path.is_file():
        raise UserError(f"there is no database at {path}", hint="`maild run` makes one")
    # Not mode=ro: a connection that may not write cannot open a WAL that nobody has open.
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    try:
        with closing(driver.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={engines.BUSY_TIMEOUT}").close()
            connection.execute("PRAGMA query_only=ON").close()
            yield connection
    except driver.Error as fault:
        raise UserError(f"{path} cannot be read: {fault}") from fault


def snapshot(path: Path, target: Path) -> None:
    """Copy a database as it is at one moment, while others write. The copy is durable.

    Raises UserError when there is none or it is damaged, OSError when the disk does not take it.
    """
    # VACUUM INTO fills an empty file that is there; made here, so that nobody else may read it.
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE))
    with looking(path) as connection:
        connection.execute("PRAGMA query_only=OFF").close()  # it would forbid the copy too
        connection.execute("VACUUM INTO ?", (str(target),)).close()
    with target.open("rb+") as copy:
        os.fsync(copy.fileno())
    flush_folder(target.parent)


def large_blobs(connection: Any) -> list[str]:
    """The sha256 of everything that a row names and that has to be a file, in order."""
    tables = _tables(connection)
    asked = [
        _naming(one, without if cleared.name in tables else None)
        for one, without in NAMING
        if one.table.name in tables
    ]
    if not asked:
        return []
    query = (
        f"SELECT key FROM ({' UNION '.join(asked)}) WHERE key IS NOT NULL"  # noqa: S608 - the same
        " AND key NOT IN (SELECT sha256 FROM small_blobs) ORDER BY key"
    )
    return [str(row[0]) for row in connection.execute(query)]


def _naming(column: Any, without: tuple[Any, Any] | None) -> str:
    query = f"SELECT {column.name} AS key FROM {column.table.name}"  # noqa: S608 - names of our own schema
    if without is None:
        return query
    own, gone = without
    return f"{query} WHERE {own.name} NOT IN (SELECT {gone.name} FROM {gone.table.name})"  # noqa: S608 - the same


def problems_of(connection: Any) -> Iterator[str]:
    """What is wrong inside the file: its pages, its references, its small blobs."""
    for (said,) in connection.execute(f"PRAGMA integrity_check({MOST_PROBLEMS})").fetchall():
        if said != "ok":
            yield f"maild.db: {said}"
    for table, row, other, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"maild.db: row {row} of {table} names a row of {other} that is not there"
    if "small_blobs" not in _tables(connection):
        yield "maild.db: it has no tables of maild"
        return
    for key, content in connection.execute("SELECT sha256, content FROM small_blobs"):
        if hashlib.sha256(content).hexdigest() != key:
            yield f"maild.db: the stored bytes of {key} are damaged"


def miscounted(connection: Any) -> Iterator[str]:
    """Which of the counts that are kept are not what counting finds."""
    tables = _tables(connection)
    for table, right in RIGHT.items():
        if table not in tables:
            continue
        kept = f"SELECT * FROM {table} WHERE n > 0"  # noqa: S608 - names of our own schema
        found = f"SELECT * FROM ({right})"  # noqa: S608 - the same
        query = (
            f"SELECT * FROM ({kept} EXCEPT {found}) UNION ALL SELECT * FROM ({found} EXCEPT {kept})"  # noqa: S608 - the same
        )
        if connection.execute(f"{query} LIMIT 1").fetchone():
            yield f"maild.db: {table} is not what is there; {_MENDED}"
    if "series" in tables and series_anew.is_wrong(connection):
        yield f"maild.db: series is not of the numbers that are there; {_MENDED}"
    if "searched" in tables and wrong(connection):
        yield f"maild.db: the search index is not of what is there; {_MENDED}"


def blob_path(key: str) -> Path:
    """Where a large blob lies in a data folder. Raises UserError for what is no sha256."""
    if not _KEY.fullmatch(key):
        raise UserError(f'a row names "{key[:80]}", which is no sha256')
    return Path("blobs") / key[:2] / key


def digest_of(path: Path) -> str | None:
    """The sha256 of a file; None when there is none. Raises OSError when it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(READ_AT_ONCE):
                digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _tables(connection: Any) -> set[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    return {str(row[0]) for row in connection.execute(query)}
