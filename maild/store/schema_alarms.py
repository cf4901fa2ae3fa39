"""The table of alarms. It belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

# What a person must see to; `closed_at` is when the trouble was gone.
alarms = Table(
    "alarms",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("key", String(160), nullable=False),
    Column("reason", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("told_at", Moment),
    Column("told_by", String(16)),
    Column("closed_at", Moment),
)
# One trouble is one alarm for as long as it stands.
Index(
    "ix_alarms_open",
    alarms.c.key,
    unique=True,
    sqlite_where=alarms.c.closed_at.is_(None),
    postgresql_where=alarms.c.closed_at.is_(None),
)
