"""Keep how many documents came on each day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

# Copied from maild.store.tallying as it was: a step never changes.
_CAME = """
    INSERT INTO came (team, day, direction, n)
    VALUES (NEW.team, substr(NEW.accepted_at, 1, 10), coalesce(NEW.direction, ''), 1)
    ON CONFLICT (team, day, direction) DO UPDATE SET n = n + 1;
"""
_NOT_CAME = """
    UPDATE came SET n = n - 1 WHERE team = OLD.team AND day = substr(OLD.accepted_at, 1, 10)
        AND direction = coalesce(OLD.direction, '');
"""


def upgrade() -> None:
    op.create_table(
        "came",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("team", "day", "direction", name="pk_came"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO came SELECT team, substr(accepted_at, 1, 10), coalesce(direction, ''), count(*)"
        " FROM documents GROUP BY 1, 2, 3"
    )
    op.execute(f"CREATE TRIGGER came_insert AFTER INSERT ON documents BEGIN {_CAME} END")
    op.execute(
        "CREATE TRIGGER came_update AFTER UPDATE OF team, accepted_at, direction ON documents"
        f" BEGIN {_NOT_CAME} {_CAME} END"
    )
    op.execute(f"CREATE TRIGGER came_delete AFTER DELETE ON documents BEGIN {_NOT_CAME} END")
