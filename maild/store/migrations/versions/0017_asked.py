"""Find what waits for a person, however much is held beside it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    asked = sa.text("state = 'held' AND (hold_code NOT IN ('shadow', 'review', 'restored'))")
    op.create_index(
        "ix_deliveries_asked",
        "deliveries",
        ["team", "document"],
        sqlite_where=asked,
        postgresql_where=asked,
    )
