"""The tables of people who send mail: who is known, and who was answered. They belong to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from maild.store.columns import Moment, metadata

# Senders that a person let in; `sender` is an address in lower case, or "*@" and a domain.
senders = Table(
    "senders",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("sender", String(254), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("document", String(32)),  # the one that was confirmed
)

# What a sender was told, once about each mail.
answers = Table(
    "answers",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("address", String(254), primary_key=True),
    Column("about", Text, primary_key=True),  # the Message-ID of his mail, or the sha256 of it
    Column("at", Moment, nullable=False),
    Index("ix_answers_at", "at"),
)
