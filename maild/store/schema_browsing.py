"""The tables of what an office has done with a team's documents. They belong to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from maild.store.columns import Moment, metadata

# Documents that somebody of an office marked one by one.
processed = Table(
    "processed",
    metadata,
    Column("partner", ForeignKey("partners.id"), primary_key=True),
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("by", String(254), nullable=False),
    Column("at", Moment, nullable=False),
)

# Up to when everything of a team is processed: somebody marked all of it at once.
processed_until = Table(
    "processed_until",
    metadata,
    Column("partner", ForeignKey("partners.id"), primary_key=True),
    Column("team", String(64), primary_key=True),
    Column("until", Moment, nullable=False),
    Column("by", String(254), nullable=False),
)
