"""Let a run of the clock be due, running or failed, and not only done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    with op.batch_alter_table("runs") as table:
        table.add_column(sa.Column("state", sa.String(16)))
        table.add_column(sa.Column("work", sa.String(32)))
        table.add_column(sa.Column("due_at", sa.String(27)))
        table.add_column(sa.Column("not_before", sa.String(27)))
        table.add_column(sa.Column("tries", sa.Integer()))
        table.add_column(sa.Column("started_at", sa.String(27)))
        table.add_column(sa.Column("ended_at", sa.String(27)))
        table.add_column(sa.Column("owner", sa.String(64)))
        table.add_column(sa.Column("lease_until", sa.String(27)))
        table.add_column(sa.Column("result", sa.Text()))
    op.execute(
        "UPDATE runs SET state = 'done', due_at = at, not_before = at, tries = 1,"
        " started_at = at, ended_at = at, result = ''"
    )
    with op.batch_alter_table("runs") as table:
        for name, kind in (
            ("state", sa.String(16)),
            ("due_at", sa.String(27)),
            ("not_before", sa.String(27)),
            ("tries", sa.Integer()),
            ("result", sa.Text()),
        ):
            table.alter_column(name, existing_type=kind, nullable=False)
        table.create_index("ix_runs_state", ["state", "not_before"])
