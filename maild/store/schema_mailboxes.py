"""The tables of mailboxes that maild reads. They belong to those of `schema`."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

# What became of each message of a mailbox; `settled`: nothing is left to do there.
mailbox_messages = Table(
    "mailbox_messages",
    metadata,
    Column("mailbox", String(64), primary_key=True),
    Column("folder", String(255), primary_key=True),
    Column("validity", String(32), primary_key=True),
    Column("uid", String(255), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("sha256", String(64)),
    Column("message_id", Text),
    Column("same_as", String(64)),  # the provider's id for all copies of a message
    Column("arrival", String(32)),
    Column("reason", Text),
    Index("ix_mailbox_messages_sha256", "mailbox", "sha256"),
    Index("ix_mailbox_messages_same_as", "mailbox", "same_as"),
)
Index(
    "ix_mailbox_messages_unsettled",
    mailbox_messages.c.mailbox,
    mailbox_messages.c.at,
    sqlite_where=mailbox_messages.c.settled.is_(False),
    postgresql_where=mailbox_messages.c.settled.is_(False),
)

# Who does what only one process may do; `token` rises with each change of the owner.
leases = Table(
    "leases",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("token", Integer, nullable=False),
    Column("until", Moment, nullable=False),
)
