"""The table of what is searched for words. It belongs to `schema`; `searching` keeps it."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table

from maild.store.columns import metadata

# The number by which the index of words knows a document. A row id of `documents` would not do:
# SQLite may give new ones when it packs the file.
searched = Table(
    "searched",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("document", String(32), nullable=False, unique=True),
)
