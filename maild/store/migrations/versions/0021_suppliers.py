"""What pages were found to say, and what people confirmed about suppliers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "suppliers",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("currency", sa.String(3)),
        sa.Column("signs", sa.Text(), nullable=False),
        sa.Column("confirmed_at", sa.String(27), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=False),
        sa.Column("document", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("team", "supplier", name="pk_suppliers"),
    )
    op.create_index("ix_suppliers_confirmed", "suppliers", ["team", "confirmed_at"])
    op.create_table(
        "supplier_accounts",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("supplier", sa.String(64), nullable=False),
        sa.Column("account", sa.String(34), nullable=False),
        sa.Column("confirmed_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("team", "supplier", "account", name="pk_supplier_accounts"),
    )
    op.create_index("ix_supplier_accounts_account", "supplier_accounts", ["team", "account"])
    op.create_table(
        "readings",
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("said", sa.Text()),
        sa.Column("supplier", sa.String(64)),
        sa.Column("like_key", sa.Text()),
        sa.Column("facts", sa.Text()),
        sa.Column("read_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_readings"),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_readings_document"),
    )
    op.create_index("ix_readings_like", "readings", ["team", "like_key"])
