"""Links to packages, and packages whose bytes were dropped when the links had ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_table(
        "pickups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("token", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("expires_at", sa.String(27), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
        sa.Column("revoked_by", sa.String(254)),
        sa.PrimaryKeyConstraint("id", name="pk_pickups"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_pickups_document"),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_pickups_delivery"),
        sa.UniqueConstraint("delivery", name="uq_pickups_delivery"),
        sa.UniqueConstraint("token", name="uq_pickups_token"),
    )
    op.create_index("ix_pickups_document", "pickups", ["document"])
    op.create_index("ix_pickups_team", "pickups", ["team", "id"])
    op.create_table(
        "cleared",
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_cleared"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_cleared_document"),
        sa.ForeignKeyConstraint(["arrival"], ["arrivals.id"], name="fk_cleared_arrival"),
    )
