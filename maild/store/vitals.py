"""How the database file is, for `maild doctor`: nothing of the business is read here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from maild.store.database import Tx
from maild.store.schema import arrivals, events


@dataclass(frozen=True, slots=True)
class Vitals:
    """The journal's mode, and the latest moment that was written down (None: nothing was)."""

    journal: str
    latest: datetime | None


def vitals(tx: Tx) -> Vitals:
    """Look; costs two looks at an index, however large the file is."""
    journal = tx.exec_driver_sql("PRAGMA journal_mode").scalar()
    newest = [
        tx.execute(select(table.c[column]).order_by(table.c.id.desc()).limit(1)).scalar()
        for table, column in ((events, "at"), (arrivals, "received_at"))
    ]
    return Vitals(str(journal), max((one for one in newest if one is not None), default=None))
