"""The table of mails that a door has promised to keep and that nobody has read yet."""

from __future__ import annotations

from sqlalchemy import Column, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

# A row goes in the transaction that stores what became of its mail.
undecided = Table(
    "undecided",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("door", String(16), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("sender", Text),
    Column("recipient", Text),
    Column("tag", String(16)),
    Column("peer", Text),
    Column("original", String(64), nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("not_before", Moment, nullable=False, index=True),
)
