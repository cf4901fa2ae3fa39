"""The table of the packages that exports made; it belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

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
