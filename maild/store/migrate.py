"""Bringing a database file up to the tables of this version. The steps are in `migrations/`.

Runs at each opening and costs one look when nothing is to be done. Before a file with content is
changed, a copy is laid beside it.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from maild.errors import UserError
from maild.store import engines
from maild.store.disk import PRIVATE
from maild.store.holdings import snapshot
from maild.store.schema import REVISION

_STEPS: Final = Path(__file__).parent / "migrations"
KEPT_COPIES: Final = 3  # of the file as it was before an update
_COPY: Final = re.compile(r".+\.[0-9a-z]+-[0-9]{8}T[0-9]{6}Z")


def bring_up_to_date(path: Path, *, allowed: bool) -> None:
    """Migrate the file when its revision is not ours.

    Raises UserError when the file comes from a newer maild, or is older and `allowed` is False.
    """
    engine = engines.writer_engine(path)
    try:
        # The first look takes its turn too: opening turns a new file to WAL, and SQLite does not
        # wait for another process that does the same; it says "locked" at once.
        with _alone(path):
            if _revision(engine) == REVISION:
                return
            if not allowed:
                hint = "`maild run` brings it up to date"
                raise UserError(f"{path} is of an older maild", hint=hint)
            _migrate(engine, path)
    finally:
        engine.dispose()


def _migrate(engine: Engine, path: Path) -> None:
    old = _revision(engine)
    config = _config()
    if old is not None:
        _refuse_the_unknown(config, old, path=path)
        _snapshot(path, revision=old)
    with engine.connect() as tx:
        # Batch mode copies tables (SQLite has no ALTER COLUMN), which foreign keys would forbid.
        _driver(tx).execute("PRAGMA foreign_keys=OFF")
        with tx.begin():
            _upgrade(config, tx)
            broken = tx.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise UserError(f"{path}: rows point at nothing after the update: {broken[:5]}")
        _driver(tx).execute("PRAGMA foreign_keys=ON")


def _revision(engine: Engine) -> str | None:
    # Asked without a transaction, so that a look never waits for somebody who writes.
    with engine.connect() as tx:
        look = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
        if _one(tx, look) is None:
            return None
        found = _one(tx, "SELECT version_num FROM alembic_version")
        return None if found is None else str(found)


def _config() -> Any:
    # Alembic is imported where it is needed: it takes 150 ms, and nearly every start does without.
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(_STEPS).replace("%", "%%"))
    return config


def _upgrade(config: Any, tx: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - see `_config`

    config.attributes["connection"] = tx
    command.upgrade(config, "head")


def _refuse_the_unknown(config: Any, revision: str, *, path: Path) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see `_config`

    known = {one.revision for one in ScriptDirectory.from_config(config).walk_revisions()}
    if revision not in known:
        raise UserError(
            f"{path} was written by a newer maild (revision {revision}; this one knows {REVISION})",
            hint="install the newer maild again, or put back the copy made before its update",
        )


def _snapshot(path: Path, *, revision: str) -> None:
    """Lay a copy beside the file, and drop copies that are older than the last few."""
    snapshot(path, path.with_name(f"{path.name}.{revision}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"))
    copies = [one for one in path.parent.iterdir() if _COPY.fullmatch(one.name)]
    copies = [one for one in copies if one.name.startswith(f"{path.name}.")]
    for old in sorted(copies, key=lambda one: one.name[-len("20260101T000000Z") :])[:-KEPT_COPIES]:
        old.unlink()


def _one(tx: Connection, statement: str) -> Any:
    row = _driver(tx).execute(statement).fetchone()
    return None if row is None else row[0]


def _driver(tx: Connection) -> Any:
    return tx.connection.driver_connection


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the update's own lock; two processes that start together take turns."""
    name = path.with_name(f"{path.name}.update")
    lock = os.open(name, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
