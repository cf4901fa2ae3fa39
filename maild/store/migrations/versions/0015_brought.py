"""Find what an arrival brought."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index("ix_arrival_documents_arrival", "arrival_documents", ["arrival"])
