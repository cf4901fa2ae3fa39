"""The tables of the programs that use the API. They belong to `schema`. No token stands in them."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from maild.store.columns import Moment, metadata

machines = Table(
    "machines",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token", String(64), nullable=False, unique=True),  # SHA-256
    Column("team", String(64), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("may", String(64), nullable=False),  # names with a comma between
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)

# What was handed in under a key of the sender's, so that a repeat is known as one.
requests = Table(
    "requests",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("content", String(64), nullable=False),  # SHA-256
    Column("documents", Text, nullable=False),  # a JSON list of ids
    Column("at", Moment, nullable=False, index=True),
)
