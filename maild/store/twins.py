"""Documents that may be one: by a file in them, by what is booked of them, or nearly.

Lookups only; what makes two documents one is said in `maild.intake.sameness`.
"""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Final

from sqlalchemy import bindparam, select

from maild.model.document import Document, Kind, Role
from maild.store import documents
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import documents as table
from maild.store.schema import files

_NEAR: Final = Prepared(
    select(table.c.id)
    .where(table.c.team == bindparam("which"), table.c.near_key == bindparam("key"))
    .where(table.c.issued_on.between(bindparam("first"), bindparam("last")))
    .order_by(table.c.id)
    .limit(3)
)


def facts(tx: Tx, id: str) -> dict[str, list[str]]:
    """What is booked of a document; empty where it was stored before that was kept."""
    found = tx.execute(select(table.c.facts).where(table.c.id == id)).scalar()
    return {} if found is None else dict(json.loads(found))


def near(tx: Tx, team: str, key: str, *, around: date, within: timedelta) -> tuple[Document, ...]:
    """A few of the team's documents with that near key and a date close by, oldest first."""
    asked = {"which": team, "key": key, "first": around - within, "last": around + within}
    return tuple(documents.get(tx, found.id) for found in _NEAR.rows(tx, asked))


def with_pdf(tx: Tx, team: str, sha256: str, *, kind: Kind) -> Document | None:
    """The team's oldest document of that kind whose PDF has these bytes."""
    query = (
        select(table.c.id)
        .join(files, files.c.document == table.c.id)
        .where(files.c.sha256 == sha256, files.c.role == Role.PDF.value)
        .where(table.c.team == team, table.c.kind == kind.value)
        .order_by(table.c.id)
        .limit(1)
    )
    found = tx.execute(query).scalar()
    return None if found is None else documents.get(tx, found)
