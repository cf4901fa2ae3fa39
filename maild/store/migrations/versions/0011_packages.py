"""Know which packages and supplements the exports of teams made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "packages",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("export", sa.String(64), nullable=False),
        sa.Column("period", sa.String(32), nullable=False),
        sa.Column("supplement", sa.Integer(), nullable=False),
        sa.Column("accepted_by", sa.String(27), nullable=False),
        sa.Column("document", sa.String(32)),
        sa.PrimaryKeyConstraint("team", "export", "period", "supplement", name="pk_packages"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_packages_document"),
    )
