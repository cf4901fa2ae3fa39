"""A store in a folder of its own, and a bare transaction for what needs no event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from maild.store import engines, schema
from maild.store.database import Database, Tx


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty store."""
    database = await Database.open(tmp_path / "maild.db")
    yield database
    await database.close()


@pytest.fixture
def tx() -> Iterator[Tx]:
    """A transaction on an empty database in memory, foreign keys checked."""
    module = engines.driver()

    def connect() -> object:
        connection = module.connect(":memory:", isolation_level=None)
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    engine = sqlalchemy.create_engine("sqlite://", module=module, creator=connect)
    with engine.connect() as connection, connection.begin():
        schema.metadata.create_all(connection)
        yield connection
    engine.dispose()
