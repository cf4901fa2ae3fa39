"""The tables of what came back, and of the addresses that complained. They belong to `schema`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from maild.store.columns import Moment, metadata

# What came back about deliveries.
returns = Table(
    "returns",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("delivery", ForeignKey("deliveries.id"), nullable=False),
    Column("at", Moment, nullable=False),
    Column("source", String(16), nullable=False),
    Column("sort", String(16), nullable=False),
    Column("action", String(16), nullable=False),
    Column("recipient", Text),
    Column("status", String(16)),
    Column("diagnostic", Text),
    Column("reason", Text, nullable=False),
    Column("original", String(64), nullable=False),
    UniqueConstraint("delivery", "original"),
)

# Addresses that complained: nothing goes there before a person releases it.
stopped = Table(
    "stopped",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("address", String(254), primary_key=True),  # in lower case
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
)
