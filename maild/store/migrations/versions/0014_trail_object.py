"""Find what was done to, or by, one object."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_index("ix_trail_object", "trail", ["object", "at"])
