"""Keep why a delivery is held with its code and facts, so that pages say it in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("told", sa.Text()))
