"""The tables of what is read from pages, and of what people confirmed about suppliers; of `schema`."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from maild.store.columns import Moment, metadata

# What a person confirmed of a supplier, by team.
suppliers = Table(
    "suppliers",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("supplier", String(64), primary_key=True),
    Column("name", Text),
    Column("currency", String(3)),
    Column("signs", Text, nullable=False),  # JSON: how fields looked on the page
    Column("confirmed_at", Moment, nullable=False),
    Column("confirmed_by", Text, nullable=False),
    Column("document", String(32), nullable=False),
    Index("ix_suppliers_confirmed", "team", "confirmed_at"),
)

# Accounts are no key of their own: a factor's is that of many suppliers.
supplier_accounts = Table(
    "supplier_accounts",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("supplier", String(64), primary_key=True),
    Column("account", String(34), primary_key=True),
    Column("confirmed_at", Moment, nullable=False),
    Index("ix_supplier_accounts_account", "team", "account"),
)

# What the pages of a document were found to say. `like_key` and `facts` are what the document would
# be known by if that were right, while nobody has said so.
readings = Table(
    "readings",
    metadata,
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("figures", Text, nullable=False),  # JSON, as `maild inspect` shows them
    Column("said", Text),  # JSON: what a person confirmed
    Column("supplier", String(64)),
    Column("like_key", Text),
    Column("facts", Text),  # JSON
    Column("read_at", Moment, nullable=False),
    Index("ix_readings_like", "team", "like_key"),
)
