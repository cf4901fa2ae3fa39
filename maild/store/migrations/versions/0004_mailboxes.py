"""Keep what became of each message of a mailbox, and who reads it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("until", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "mailbox_messages",
        sa.Column("mailbox", sa.String(64), nullable=False),
        sa.Column("folder", sa.String(255), nullable=False),
        sa.Column("validity", sa.String(32), nullable=False),
        sa.Column("uid", sa.String(255), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("settled", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("message_id", sa.Text()),
        sa.Column("same_as", sa.String(64)),
        sa.Column("arrival", sa.String(32)),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("mailbox", "folder", "validity", "uid", name="pk_mailbox_messages"),
    )
    op.create_index("ix_mailbox_messages_same_as", "mailbox_messages", ["mailbox", "same_as"])
    op.create_index("ix_mailbox_messages_sha256", "mailbox_messages", ["mailbox", "sha256"])
    op.create_index(
        "ix_mailbox_messages_unsettled",
        "mailbox_messages",
        ["mailbox", "at"],
        sqlite_where=sa.text("settled IS 0"),
        postgresql_where=sa.text("settled IS false"),
    )
