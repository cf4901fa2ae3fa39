"""Which packages and supplements an export has made, and until which moment each of them reaches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select

from maild.model.delivery import State
from maild.model.document import Document
from maild.model.team import Attach
from maild.store.database import Tx
from maild.store.documents import add_event, with_files
from maild.store.schema import cleared, deliveries, documents, packages, packed, pickups

_AT_ONCE: Final = 1_000  # packages that one run clears; the next goes on
_OPEN: Final = [one.value for one in (State.QUEUED, State.SENDING, State.UNCERTAIN, State.HELD)]


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
    """The packages of a team as documents, the newest first."""
    column = documents.c
    query = select(documents).where(packed, column.team == team)
    return with_files(tx, tx.execute(query.order_by(column.accepted_at.desc()).limit(limit)))


def made(tx: Tx, team: str, export: str) -> tuple[Package, ...]:
    """Every package and supplement of an export, by period."""
    query = (
        select(packages)
        .where(packages.c.team == team, packages.c.export == export)
        .order_by(packages.c.period, packages.c.supplement)
    )
    return tuple(Package(**row) for row in tx.execute(query).mappings())


def of_periods(tx: Tx, teams: Collection[str], periods: Collection[str]) -> tuple[Package, ...]:
    """Every package and supplement of these periods that the exports of these teams made."""
    column = packages.c
    query = (
        select(packages)
        .where(column.team.in_(list(teams)), column.period.in_(list(periods)))
        .order_by(column.team, column.export, column.period, column.supplement)
    )
    return tuple(Package(**row) for row in tx.execute(query).mappings())


def to_clear(tx: Tx, *, now: datetime) -> tuple[Document, ...]:
    """The packages that went by link alone, all of whose links have ended, and which go nowhere more."""
    column, other = pickups.c, deliveries.c
    good = column.revoked_at.is_(None) & (column.expires_at > now)
    linked = select(column.document)
    open_or_mailed = select(other.document).where(
        other.document.in_(linked) & (other.state.in_(_OPEN) | (other.attach != Attach.LINK.value))
    )
    query = select(documents).where(
        documents.c.id.in_(linked)
        & documents.c.id.not_in(select(column.document).where(good))
        & documents.c.id.not_in(open_or_mailed)
        & documents.c.id.not_in(select(cleared.c.document))
    )
    return with_files(tx, tx.execute(query.order_by(documents.c.id).limit(_AT_ONCE)))


def clear(tx: Tx, package: Document, *, now: datetime) -> None:
    """Let go of the bytes of a package; they are dropped with others that nothing names any more."""
    row = {"document": package.id, "arrival": package.arrival, "at": now}
    tx.execute(insert(cleared).values(row))
    detail = "the links to it have ended; its bytes are not kept any more"
    add_event(
        tx, at=now, event="package.cleared", team=package.team, document=package.id, detail=detail
    )


def is_cleared(tx: Tx, document: str) -> bool:
    """Whether the bytes of a package were dropped."""
    mine = select(cleared.c.document).where(cleared.c.document == document)
    return tx.execute(mine).first() is not None
