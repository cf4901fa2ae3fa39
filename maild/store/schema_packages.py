"""The tables of the packages that exports made, and of links to them; they belong to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from maild.store.columns import Moment, metadata

# Written with the document: each package, and each supplement, is made once.
packages = Table(
    "packages",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("export", String(64), primary_key=True),
    Column("period", String(32), primary_key=True),
    Column("supplement", Integer, primary_key=True, autoincrement=False),  # 0: the package itself
    Column("accepted_by", Moment, nullable=False),
    Column("document", ForeignKey("documents.id")),  # none: there was nothing to send
)

# No link stands here, only its hash: it is made from the key file whenever its mail is.
pickups = Table(
    "pickups",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("document", ForeignKey("documents.id"), nullable=False, index=True),
    Column("delivery", ForeignKey("deliveries.id"), nullable=False, unique=True),
    Column("address", String(254), nullable=False),
    Column("token", String(64), nullable=False, unique=True),  # SHA-256
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("most", Integer, nullable=False),
    Column("taken", Integer, nullable=False),
    Column("revoked_at", Moment),
    Column("revoked_by", String(254)),
    Index("ix_pickups_team", "team", "id"),
)

# Packages whose bytes were dropped after the last link to them had ended. What a file of one was
# called, its size and its sha256 stay with the document.
cleared = Table(
    "cleared",
    metadata,
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("arrival", ForeignKey("arrivals.id"), nullable=False),
    Column("at", Moment, nullable=False),
)
