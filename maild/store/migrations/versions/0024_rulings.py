"""Keep how many documents each rule took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

# Copied from maild.store.tallying as it was: a step never changes.
_TOOK = "SELECT value ->> 0 FROM json_each({row}trace) WHERE value ->> 1"
_RULING = f"""
    INSERT INTO rulings (team, day, kind, rule, n)
    SELECT NEW.team, substr(NEW.accepted_at, 1, 10), NEW.kind, rule, 1 FROM (
        SELECT value ->> 0 AS rule FROM json_each(NEW.trace) WHERE value ->> 1
        UNION SELECT '' WHERE NOT EXISTS ({_TOOK.format(row="NEW.")})
    ) WHERE true
    ON CONFLICT (team, day, kind, rule) DO UPDATE SET n = n + 1;
"""  # noqa: S608 - names of ours
_NO_RULING = f"""
    UPDATE rulings SET n = n - 1
    WHERE team = OLD.team AND day = substr(OLD.accepted_at, 1, 10) AND kind = OLD.kind
        AND (rule IN ({_TOOK.format(row="OLD.")}) OR rule = '' AND NOT EXISTS ({_TOOK.format(row="OLD.")}));
"""  # noqa: S608 - names of ours


def upgrade() -> None:
    op.create_table(
        "rulings",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("team", "day", "kind", "rule", name="pk_rulings"),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO rulings"
        " SELECT team, substr(accepted_at, 1, 10), kind, value ->> 0, count(DISTINCT documents.id)"
        " FROM documents, json_each(trace) WHERE value ->> 1 GROUP BY 1, 2, 3, 4"
        " UNION ALL SELECT team, substr(accepted_at, 1, 10), kind, '', count(*) FROM documents"
        " WHERE NOT EXISTS (SELECT 1 FROM json_each(trace) WHERE value ->> 1) GROUP BY 1, 2, 3"
    )
    op.execute(f"CREATE TRIGGER ruling_insert AFTER INSERT ON documents BEGIN {_RULING} END")
    op.execute(
        "CREATE TRIGGER ruling_update AFTER UPDATE OF team, accepted_at, kind, trace ON documents"
        f" BEGIN {_NO_RULING} {_RULING} END"
    )
    op.execute(f"CREATE TRIGGER ruling_delete AFTER DELETE ON documents BEGIN {_NO_RULING} END")
