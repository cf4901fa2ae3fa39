"""The keys that every schedule of a team has: `when` its work is due, and what is made up for."""

from __future__ import annotations

from maild.model.run import CatchUp
from maild.rules import due
from maild.rules.table import Table


def read_when(table: Table, *, default: str) -> str:
    """A `when` whose periods are over when they are due, such as "month + 5 days 07:00"."""
    value = table.text("when", default)
    try:
        if not due.parse(value).is_after:
            raise ValueError(
                f'"{value}" is due before its day is over; write "day 07:30" for the day before'
            )
    except ValueError as problem:
        table.problem("when", str(problem))
        return default
    return value


def read_catch_up(table: Table) -> CatchUp:
    """What is made up for after days without maild; every period unless said otherwise."""
    return CatchUp(table.choice("catch_up", [*CatchUp], default=CatchUp.ALL))
