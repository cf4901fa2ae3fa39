"""Counting while it is written: triggers that keep `tallies`, `fates`, `dated_sums`, `came` and `rulings`.

Triggers and not code, since no write can forget them. SQLite's words; PostgreSQL will need its own.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, Connection, Table, event, text

_MORE: Final = """
    INSERT INTO tallies (team, state, n) VALUES (NEW.team, NEW.state, 1)
    ON CONFLICT (team, state) DO UPDATE SET n = n + 1;
"""
_LESS: Final = "UPDATE tallies SET n = n - 1 WHERE team = OLD.team AND state = OLD.state;"

_FATE_OF: Final = """CASE {row}state
    WHEN 'handed_over' THEN 'delivered' WHEN 'confirmed' THEN 'delivered'
    WHEN 'failed' THEN 'failed' WHEN 'bounced' THEN 'failed'
    WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END"""

# A total is a text: sign, digits, a point. Without the point it is an integer of so many decimals,
# which is exact; twelve characters leave room for nine thousand of the largest on one day.
ODD: Final = """(
    {row}total IS NOT NULL AND ({row}total GLOB '*[^-0-9.]*' OR length({row}total) > 12
    OR (instr({row}total, '.') > 0 AND length({row}total) - instr({row}total, '.') > 3))
)"""
THOUSANDTHS: Final = f"""CASE WHEN {{row}}total IS NULL OR {ODD} THEN 0
    ELSE CAST(replace({{row}}total, '.', '') AS INTEGER) * CASE
        WHEN instr({{row}}total, '.') = 0 THEN 1000
        WHEN length({{row}}total) - instr({{row}}total, '.') = 1 THEN 100
        WHEN length({{row}}total) - instr({{row}}total, '.') = 2 THEN 10
        ELSE 1 END
    END"""
_KEY: Final = "coalesce({row}direction, ''), {row}kind, coalesce({row}currency, '')"


def _of(words: str, row: str) -> str:
    return words.format(row=f"{row}.")


_FATE: Final = f"""
    INSERT INTO fates (team, day, fate, n)
    VALUES (NEW.team, substr(NEW.created_at, 1, 10), {_of(_FATE_OF, "NEW")}, 1)
    ON CONFLICT (team, day, fate) DO UPDATE SET n = n + 1;
"""  # noqa: S608 - names of ours
_NO_FATE: Final = f"""
    UPDATE fates SET n = n - 1
    WHERE team = OLD.team AND day = substr(OLD.created_at, 1, 10) AND fate = {_of(_FATE_OF, "OLD")};
"""  # noqa: S608 - the same
_DOCUMENT: Final = f"""
    INSERT INTO dated_sums (team, dated_on, direction, kind, currency, n, thousandths, odd)
    VALUES (NEW.team, NEW.dated_on, {_of(_KEY, "NEW")}, 1,
        {_of(THOUSANDTHS, "NEW")}, {_of(ODD, "NEW")})
    ON CONFLICT (team, dated_on, direction, kind, currency) DO UPDATE SET n = n + 1,
        thousandths = thousandths + excluded.thousandths, odd = odd + excluded.odd;
"""  # noqa: S608 - names of ours
_NO_DOCUMENT: Final = f"""
    UPDATE dated_sums SET n = n - 1, thousandths = thousandths - {_of(THOUSANDTHS, "OLD")},
        odd = odd - {_of(ODD, "OLD")}
    WHERE team = OLD.team AND dated_on = OLD.dated_on
        AND (direction, kind, currency) = ({_of(_KEY, "OLD")});
"""  # noqa: S608 - names of ours
_CAME: Final = """
    INSERT INTO came (team, day, direction, n)
    VALUES (NEW.team, substr(NEW.accepted_at, 1, 10), coalesce(NEW.direction, ''), 1)
    ON CONFLICT (team, day, direction) DO UPDATE SET n = n + 1;
"""
_NOT_CAME: Final = """
    UPDATE came SET n = n - 1 WHERE team = OLD.team AND day = substr(OLD.accepted_at, 1, 10)
        AND direction = coalesce(OLD.direction, '');
"""
# A trace is a JSON list that begins with rule and hit (`rows.of_trace`); what no rule took is counted under no name.
_TOOK: Final = "SELECT value ->> 0 FROM json_each({row}trace) WHERE value ->> 1"
_RULING: Final = f"""
    INSERT INTO rulings (team, day, kind, rule, n)
    SELECT NEW.team, substr(NEW.accepted_at, 1, 10), NEW.kind, rule, 1 FROM (
        SELECT value ->> 0 AS rule FROM json_each(NEW.trace) WHERE value ->> 1
        UNION SELECT '' WHERE NOT EXISTS ({_of(_TOOK, "NEW")})
    ) WHERE true
    ON CONFLICT (team, day, kind, rule) DO UPDATE SET n = n + 1;
"""  # noqa: S608 - the same
_NO_RULING: Final = f"""
    UPDATE rulings SET n = n - 1
    WHERE team = OLD.team AND day = substr(OLD.accepted_at, 1, 10) AND kind = OLD.kind
        AND (rule IN ({_of(_TOOK, "OLD")}) OR rule = '' AND NOT EXISTS ({_of(_TOOK, "OLD")}));
"""  # noqa: S608 - the same
_COUNTED: Final = "team, dated_on, direction, kind, currency, total"

OF_DELIVERIES: Final = (
    f"CREATE TRIGGER tally_insert AFTER INSERT ON deliveries BEGIN {_MORE} END",
    f"CREATE TRIGGER tally_update AFTER UPDATE OF state ON deliveries BEGIN {_LESS} {_MORE} END",
    f"CREATE TRIGGER tally_delete AFTER DELETE ON deliveries BEGIN {_LESS} END",
    (
        "CREATE TRIGGER fate_insert AFTER INSERT ON deliveries WHEN NEW.document IS NOT NULL"
        f" BEGIN {_FATE} END"
    ),
    (
        "CREATE TRIGGER fate_update AFTER UPDATE OF state ON deliveries WHEN NEW.document IS NOT NULL"
        f" AND {_of(_FATE_OF, 'NEW')} <> {_of(_FATE_OF, 'OLD')}"
        f" BEGIN {_NO_FATE} {_FATE} END"
    ),
    (
        "CREATE TRIGGER fate_delete AFTER DELETE ON deliveries WHEN OLD.document IS NOT NULL"
        f" BEGIN {_NO_FATE} END"
    ),
)
OF_DOCUMENTS: Final = (
    f"CREATE TRIGGER document_insert AFTER INSERT ON documents BEGIN {_DOCUMENT} END",
    (
        f"CREATE TRIGGER document_update AFTER UPDATE OF {_COUNTED} ON documents"
        f" BEGIN {_NO_DOCUMENT} {_DOCUMENT} END"
    ),
    f"CREATE TRIGGER document_delete AFTER DELETE ON documents BEGIN {_NO_DOCUMENT} END",
    f"CREATE TRIGGER came_insert AFTER INSERT ON documents BEGIN {_CAME} END",
    (
        "CREATE TRIGGER came_update AFTER UPDATE OF team, accepted_at, direction ON documents"
        f" BEGIN {_NOT_CAME} {_CAME} END"
    ),
    f"CREATE TRIGGER came_delete AFTER DELETE ON documents BEGIN {_NOT_CAME} END",
    f"CREATE TRIGGER ruling_insert AFTER INSERT ON documents BEGIN {_RULING} END",
    (
        "CREATE TRIGGER ruling_update AFTER UPDATE OF team, accepted_at, kind, trace ON documents"
        f" BEGIN {_NO_RULING} {_RULING} END"
    ),
    f"CREATE TRIGGER ruling_delete AFTER DELETE ON documents BEGIN {_NO_RULING} END",
)
# What the tables hold when they are right, by the columns of their keys: a check compares.
RIGHT: Final = {
    "tallies": "SELECT team, state, count(*) FROM deliveries GROUP BY 1, 2",
    "fates": (
        f"SELECT team, substr(created_at, 1, 10), {_FATE_OF}, count(*) FROM deliveries"  # noqa: S608 - the same
        " WHERE document IS NOT NULL GROUP BY 1, 2, 3"
    ).format(row=""),
    "dated_sums": (
        f"SELECT team, dated_on, {_KEY}, count(*), sum({THOUSANDTHS}), sum({ODD})"  # noqa: S608 - the same
        " FROM documents GROUP BY 1, 2, 3, 4, 5"
    ).format(row=""),
    "came": (
        "SELECT team, substr(accepted_at, 1, 10), coalesce(direction, ''), count(*)"
        " FROM documents GROUP BY 1, 2, 3"
    ),
    "rulings": (
        "SELECT team, substr(accepted_at, 1, 10), kind, value ->> 0, count(DISTINCT documents.id)"
        " FROM documents, json_each(trace) WHERE value ->> 1 GROUP BY 1, 2, 3, 4"
        " UNION ALL SELECT team, substr(accepted_at, 1, 10), kind, '', count(*) FROM documents"
        " WHERE NOT EXISTS (SELECT 1 FROM json_each(trace) WHERE value ->> 1) GROUP BY 1, 2, 3"
    ),
}


def attach(table: Table, triggers: tuple[str, ...]) -> None:
    """Let the triggers be made wherever SQLAlchemy makes the table."""
    for trigger in triggers:
        event.listen(table, "after_create", DDL(trigger).execute_if(dialect="sqlite"))  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types


def count_anew(tx: Connection) -> None:
    """Fill the tables with what counting finds; for a store that nobody else has open."""
    for table, right in RIGHT.items():
        tx.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - names of ours
        tx.execute(text(f"INSERT INTO {table} {right}"))
