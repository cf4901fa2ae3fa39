"""Counting deliveries while they change: triggers that keep the table `tallies`.

Triggers and not code, since no write can forget them. SQLite's words; PostgreSQL will need its own.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, Table, event

_MORE: Final = """
    INSERT INTO tallies (team, state, n) VALUES (NEW.team, NEW.state, 1)
    ON CONFLICT (team, state) DO UPDATE SET n = n + 1;
"""
_LESS: Final = "UPDATE tallies SET n = n - 1 WHERE team = OLD.team AND state = OLD.state;"

TRIGGERS: Final = (
    f"CREATE TRIGGER tally_insert AFTER INSERT ON deliveries BEGIN {_MORE} END",
    f"CREATE TRIGGER tally_update AFTER UPDATE OF state ON deliveries BEGIN {_LESS} {_MORE} END",
    f"CREATE TRIGGER tally_delete AFTER DELETE ON deliveries BEGIN {_LESS} END",
)


def attach(deliveries: Table) -> None:
    """Let the triggers be made wherever SQLAlchemy makes the table."""
    for trigger in TRIGGERS:
        event.listen(deliveries, "after_create", DDL(trigger).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
