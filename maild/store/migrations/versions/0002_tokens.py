"""Keep the tokens of accounts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("consented_at", sa.String(27)),
        sa.Column("obtained_at", sa.String(27)),
        sa.Column("expires_at", sa.String(27)),
        sa.Column("trouble", sa.Text()),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.String(27)),
        sa.PrimaryKeyConstraint("name", name="pk_tokens"),
    )
