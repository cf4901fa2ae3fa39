"""A connector with a consent, on a clock that stands still."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maild.simulators.exact.server import ExactOnline
from maild.store.database import Database
from tests.connectors.exact.bench import START, ExactBench


@pytest.fixture(scope="session")
def fresh_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its tables and nothing in them, to copy: making them takes most of a second."""
    path = tmp_path_factory.mktemp("fresh") / "maild.db"

    async def make() -> None:
        await (await Database.open(path)).close()

    asyncio.run(make())
    return path


@pytest.fixture
async def bench(
    exact_online: ExactOnline, tmp_path: Path, fresh_store: Path
) -> AsyncIterator[ExactBench]:
    """The stand-in, a store, and their clock; at the end nothing was done that Exact would punish."""
    exact_online.clock.stop_at(START)
    shutil.copy(fresh_store, tmp_path / "maild.db")
    db = await Database.open(tmp_path / "maild.db")
    one = ExactBench(exact_online, db, tmp_path)
    await one.consent()
    yield one
    await one.close()
    await db.close()
    assert exact_online.offences == []
