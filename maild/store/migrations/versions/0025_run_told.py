"""Keep what came of a run with its code and facts, so that pages say it in the reader's language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("told", sa.Text()))
