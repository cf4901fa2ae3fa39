"""The table of what offices want sent by itself. It belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, String, Table, Text

from maild.store.columns import Moment, metadata

automatic = Table(
    "automatic",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("partner", ForeignKey("partners.id"), nullable=False),
    Column("name", String(64), nullable=False),
    Column("address", String(254), nullable=False),
    Column("language", String(2), nullable=False),
    Column("kinds", Text, nullable=False),  # names with a comma between
    Column("often", String(16), nullable=False),
    Column("since", Date),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", String(254)),
    Index("ix_automatic_team", "team", "partner"),
)
