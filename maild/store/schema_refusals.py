"""The table of what was refused at a door; it belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

refusals = Table(
    "refusals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("peer", Text),
    Column("sender", Text),
    Column("recipient", Text),
    Column("subject", Text),
    Column("code", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("original", String(64), index=True),
    Column("told", Boolean, nullable=False),
    Column("problems", Text),  # JSON
    Index("ix_refusals_team_id", "team", "id"),
    Index("ix_refusals_peer", "team", "peer", "at"),
)
