"""Keep what the pages count: days, sums of dates, unbroken rows of numbers."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

# Copied from maild.store.tallying and maild.model.series as they were: a step never changes.
_FATE_OF = """CASE {row}state
    WHEN 'handed_over' THEN 'delivered' WHEN 'confirmed' THEN 'delivered'
    WHEN 'failed' THEN 'failed' WHEN 'bounced' THEN 'failed'
    WHEN 'cancelled' THEN 'cancelled' ELSE 'waiting' END"""

# A total is a text: sign, digits, a point. Without the point it is an integer of so many decimals,
# which is exact; twelve characters leave room for nine thousand of the largest on one day.
_ODD = """(
    {row}total IS NOT NULL AND ({row}total GLOB '*[^-0-9.]*' OR length({row}total) > 12
    OR (instr({row}total, '.') > 0 AND length({row}total) - instr({row}total, '.') > 3))
)"""
_THOUSANDTHS = f"""CASE WHEN {{row}}total IS NULL OR {_ODD} THEN 0
    ELSE CAST(replace({{row}}total, '.', '') AS INTEGER) * CASE
        WHEN instr({{row}}total, '.') = 0 THEN 1000
        WHEN length({{row}}total) - instr({{row}}total, '.') = 1 THEN 100
        WHEN length({{row}}total) - instr({{row}}total, '.') = 2 THEN 10
        ELSE 1 END
    END"""
_KEY = "coalesce({row}direction, ''), {row}kind, coalesce({row}currency, '')"


def _of(words: str, row: str) -> str:
    return words.format(row=f"{row}.")


_FATE = f"""
    INSERT INTO fates (team, day, fate, n)
    VALUES (NEW.team, substr(NEW.created_at, 1, 10), {_of(_FATE_OF, "NEW")}, 1)
    ON CONFLICT (team, day, fate) DO UPDATE SET n = n + 1;
"""  # noqa: S608 - names of ours
_NO_FATE = f"""
    UPDATE fates SET n = n - 1
    WHERE team = OLD.team AND day = substr(OLD.created_at, 1, 10) AND fate = {_of(_FATE_OF, "OLD")};
"""  # noqa: S608 - the same
_DOCUMENT = f"""
    INSERT INTO dated_sums (team, dated_on, direction, kind, currency, n, thousandths, odd)
    VALUES (NEW.team, NEW.dated_on, {_of(_KEY, "NEW")}, 1,
        {_of(_THOUSANDTHS, "NEW")}, {_of(_ODD, "NEW")})
    ON CONFLICT (team, dated_on, direction, kind, currency) DO UPDATE SET n = n + 1,
        thousandths = thousandths + excluded.thousandths, odd = odd + excluded.odd;
"""  # noqa: S608 - names of ours
_NO_DOCUMENT = f"""
    UPDATE dated_sums SET n = n - 1, thousandths = thousandths - {_of(_THOUSANDTHS, "OLD")},
        odd = odd - {_of(_ODD, "OLD")}
    WHERE team = OLD.team AND dated_on = OLD.dated_on
        AND (direction, kind, currency) = ({_of(_KEY, "OLD")});
"""  # noqa: S608 - names of ours
_COUNTED = "team, dated_on, direction, kind, currency, total"

_OF_DELIVERIES = (
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
_OF_DOCUMENTS = (
    f"CREATE TRIGGER document_insert AFTER INSERT ON documents BEGIN {_DOCUMENT} END",
    (
        f"CREATE TRIGGER document_update AFTER UPDATE OF {_COUNTED} ON documents"
        f" BEGIN {_NO_DOCUMENT} {_DOCUMENT} END"
    ),
    f"CREATE TRIGGER document_delete AFTER DELETE ON documents BEGIN {_NO_DOCUMENT} END",
)
_RIGHT = {
    "fates": (
        f"SELECT team, substr(created_at, 1, 10), {_FATE_OF}, count(*) FROM deliveries"  # noqa: S608 - the same
        " WHERE document IS NOT NULL GROUP BY 1, 2, 3"
    ).format(row=""),
    "dated_sums": (
        f"SELECT team, dated_on, {_KEY}, count(*), sum({_THOUSANDTHS}), sum({_ODD})"  # noqa: S608 - the same
        " FROM documents GROUP BY 1, 2, 3, 4, 5"
    ).format(row=""),
}
_NUMBER = re.compile(r"(.{0,40}?)(\d{1,15})(\D{0,40})", re.DOTALL)


def upgrade() -> None:
    _tables()
    _series_table()
    op.drop_index("ix_documents_accepted", "documents")
    op.create_index(
        "ix_documents_accepted", "documents", ["team", "accepted_at", "direction", "id"]
    )
    unruled = sa.text("""review IS NULL AND trace NOT LIKE '%", true, "%'""")
    packed = sa.text("kind = 'export'")
    for name, columns, few in (
        ("unruled", ["review", "accepted_at", "team"], unruled),
        ("packed", ["kind", "team", "accepted_at"], packed),
    ):
        op.create_index(
            f"ix_documents_{name}", "documents", columns, sqlite_where=few, postgresql_where=few
        )
    for table, right in _RIGHT.items():
        op.execute(f"INSERT INTO {table} {right}")
    for trigger in (*_OF_DELIVERIES, *_OF_DOCUMENTS):
        op.execute(trigger)
    _fill_series()


def _tables() -> None:
    op.create_table(
        "fates",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("fate", sa.String(16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("team", "day", "fate", name="pk_fates"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dated_sums",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("thousandths", sa.BigInteger(), nullable=False),
        sa.Column("odd", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "team", "dated_on", "direction", "kind", "currency", name="pk_dated_sums"
        ),
        sqlite_with_rowid=False,
    )


def _series_table() -> None:
    op.create_table(
        "series",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("behind", sa.Text(), nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("team", "kind", "before", "behind", "first", name="pk_series"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_series_first_on", "series", ["team", "first_on"])


def _fill_series() -> None:
    """A team at a time: its numbers have room in memory."""
    tx = op.get_bind()
    teams = tx.execute(sa.text("SELECT DISTINCT team FROM documents")).scalars().all()
    for team in teams:
        if found := _rows(tx, team):
            tx.execute(
                sa.text("INSERT INTO series VALUES (:team, :a, :b, :c, :d, :e, :f, :g)"), found
            )


def _rows(tx: Any, team: str) -> list[dict[str, Any]]:
    asked = sa.text(
        "SELECT kind, number, dated_on FROM documents WHERE team = :team AND direction = 'sales'"
        " AND number IS NOT NULL ORDER BY id"
    )
    known: dict[tuple[str, str, str], dict[int, tuple[int, str]]] = {}
    for kind, number, dated_on in tx.execute(asked, {"team": team}):
        if match := _NUMBER.fullmatch(number):
            before, digits, behind = match.groups()
            numbers = known.setdefault((kind, before, behind), {})
            numbers.setdefault(int(digits), (len(digits), dated_on))
    found: list[dict[str, Any]] = []
    for (kind, before, behind), numbers in known.items():
        for at in sorted(numbers):
            if at - 1 in numbers:
                found[-1] |= {"e": at, "f": numbers[at][0]}
            else:
                row = {"team": team, "a": kind, "b": before, "c": behind, "d": at, "e": at}
                found.append(row | {"f": numbers[at][0], "g": numbers[at][1]})
    return found
