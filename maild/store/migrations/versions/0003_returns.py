"""Keep what comes back about deliveries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "returns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("sort", sa.String(16), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("recipient", sa.Text()),
        sa.Column("status", sa.String(16)),
        sa.Column("diagnostic", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("original", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_returns_delivery"),
        sa.UniqueConstraint("delivery", "original", name="uq_returns_delivery_original"),
    )
    op.create_table(
        "stopped",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("team", "address", name="pk_stopped"),
    )
    # Adding a column needs no copy of the table in SQLite.
    op.add_column("attempts", sa.Column("sent_as", sa.Text()))
    op.create_index("ix_attempts_sent_as", "attempts", ["sent_as"])
