"""Keep mails that were promised to be kept and are not read yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "undecided",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("sender", sa.Text()),
        sa.Column("recipient", sa.Text()),
        sa.Column("tag", sa.String(16)),
        sa.Column("peer", sa.Text()),
        sa.Column("original", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_undecided"),
    )
    op.create_index("ix_undecided_original", "undecided", ["original"])
    op.create_index("ix_undecided_not_before", "undecided", ["not_before"])
