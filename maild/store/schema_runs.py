"""The table of the clock's runs. It belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

# One row for each schedule and period, which makes it happen once, whoever else looks at the clock.
runs = Table(
    "runs",
    metadata,
    Column("schedule", String(128), primary_key=True),
    Column("period", String(32), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("state", String(16), nullable=False),
    Column("work", String(32)),
    Column("due_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("owner", String(64)),
    Column("lease_until", Moment),
    Column("result", Text, nullable=False),
    Column("told", Text),  # the JSON of a result with its code and facts, so that pages can say it
    Index("ix_runs_state", "state", "not_before"),
)
