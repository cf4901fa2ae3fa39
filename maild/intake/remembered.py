"""What is remembered of suppliers, for a person who asks."""

from __future__ import annotations

from functools import partial
from typing import Any

from maild.store import suppliers
from maild.store.database import Database


async def remembered(db: Database, *, team: str | None = None) -> list[dict[str, Any]]:
    """The suppliers of which a person confirmed how their pages look, the latest first."""
    found = await db.read(partial(suppliers.known, team=team))
    return [
        {
            "team": one.team,
            "supplier": one.key,
            "name": one.name,
            "accounts": sorted(one.accounts),
            "remembered": sorted({sign.field for sign in one.signs}),
            "at": one.confirmed_at.isoformat().replace("+00:00", "Z"),
            "by": one.confirmed_by,
            "document": one.document,
        }
        for one in found
    ]
