"""Keep what accountants' offices want sent by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "automatic",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("partner", sa.String(32), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("often", sa.String(16), nullable=False),
        sa.Column("since", sa.Date()),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("created_by", sa.String(254), nullable=False),
        sa.Column("ended_at", sa.String(27)),
        sa.Column("ended_by", sa.String(254)),
        sa.PrimaryKeyConstraint("id", name="pk_automatic"),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_automatic_partner"),
    )
    op.create_index("ix_automatic_team", "automatic", ["team", "partner"])
