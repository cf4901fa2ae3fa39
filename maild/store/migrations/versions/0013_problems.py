"""Keep the problems of what was refused one by one, so that they can be told in any language."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("refusals", sa.Column("problems", sa.Text()))
