"""Look through documents by date, and know what an office has processed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("documents", sa.Column("dated_on", sa.Date()))
    op.execute("UPDATE documents SET dated_on = coalesce(issued_on, substr(accepted_at, 1, 10))")
    with op.batch_alter_table("documents") as table:
        table.alter_column("dated_on", existing_type=sa.Date(), nullable=False)
    op.create_index("ix_documents_dated", "documents", ["team", "dated_on", "id"])
    op.create_index("ix_documents_accepted", "documents", ["team", "accepted_at", "direction"])
    op.create_table(
        "processed",
        sa.Column("partner", sa.String(32), nullable=False),
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("by", sa.String(254), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("partner", "document", name="pk_processed"),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_processed_partner"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_processed_document"),
    )
    op.create_table(
        "processed_until",
        sa.Column("partner", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("until", sa.String(27), nullable=False),
        sa.Column("by", sa.String(254), nullable=False),
        sa.PrimaryKeyConstraint("partner", "team", name="pk_processed_until"),
        sa.ForeignKeyConstraint(["partner"], ["partners.id"], name="fk_processed_until_partner"),
    )
