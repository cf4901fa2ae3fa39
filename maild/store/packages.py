"""Which packages and supplements an export has made, and until which moment each of them reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from maild.model.document import Document, Kind
from maild.store.database import Tx
from maild.store.documents import with_files
from maild.store.schema import documents, packages


@dataclass(frozen=True, slots=True)
class Package:
    """A package (`supplement` 0) or supplement of a period; without `document` it was empty."""

    team: str
    export: str
    period: str
    supplement: int
    accepted_by: datetime
    document: str | None


def add(tx: Tx, package: Package) -> None:
    """Note a package that is filed in this transaction. IntegrityError when it was made before."""
    row = {name: getattr(package, name) for name in Package.__dataclass_fields__}
    tx.execute(insert(packages).values(row))


def filed(tx: Tx, team: str, *, limit: int) -> tuple[Document, ...]:
    """The packages of a team as documents, the newest first.

    They have no direction: that stands in the index by which they are found among a million others.
    """
    column = documents.c
    mine = (column.team == team) & column.direction.is_(None)
    query = select(documents).where(mine, column.kind == Kind.EXPORT.value)
    return with_files(tx, tx.execute(query.order_by(column.accepted_at.desc()).limit(limit)))


def made(tx: Tx, team: str, export: str) -> tuple[Package, ...]:
    """Every package and supplement of an export, by period."""
    query = (
        select(packages)
        .where(packages.c.team == team, packages.c.export == export)
        .order_by(packages.c.period, packages.c.supplement)
    )
    return tuple(Package(**row) for row in tx.execute(query).mappings())
