from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from maild.store import connectors
from maild.store.database import Database
from maild.store.ledger import StoredLedger
from tests.store.builders import NOW


def one_more(kept: dict[str, Any] | None) -> tuple[dict[str, Any], int]:
    calls = (kept or {"calls": 0})["calls"] + 1
    return {"calls": calls}, calls


async def test_counts_are_shared_by_all_who_have_the_store_and_outlive_them(tmp_path: Path) -> None:
    ours, theirs = [await Database.open(tmp_path / "maild.db") for _ in range(2)]
    ledgers = [StoredLedger(db, now=lambda: NOW) for db in (ours, theirs)]
    said = await asyncio.gather(*(ledgers[n % 2].change("exact.1", one_more) for n in range(40)))
    assert sorted(said) == list(range(1, 41))
    assert await ledgers[0].change("exact.2", one_more) == 1
    await ours.close()
    await theirs.close()
    again = await Database.open(tmp_path / "maild.db")
    assert await StoredLedger(again, now=lambda: NOW).change("exact.1", one_more) == 41
    await again.close()


async def test_a_road_that_rests_is_shown_until_then(tmp_path: Path) -> None:
    db = await Database.open(tmp_path / "maild.db")
    until = NOW + timedelta(hours=1)
    await StoredLedger(db, now=lambda: NOW).rest("exact, division 1", until=until, reason="full")
    rests = await db.read(lambda tx: connectors.paused(tx, NOW))
    assert rests == {"exact, division 1": (until, "full")}
    assert await db.read(lambda tx: connectors.paused(tx, until)) == {}
    await db.close()
