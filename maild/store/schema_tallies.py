"""The tables of what is counted while it is written, so that no page counts. They belong to `schema`.

Triggers in `tallying` keep them, and `series` its own.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, Text

from maild.store.columns import metadata

# How many deliveries a team has in each state.
tallies = Table(
    "tallies",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("state", String(16), primary_key=True),
    Column("n", Integer, nullable=False),
)

# The same of the deliveries that carry a document, by the day (UTC) on which they were made; `fate`
# is "waiting", "delivered", "failed" or "cancelled". Tables without row ids cost half to keep.
fates = Table(
    "fates",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("fate", String(16), primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# What the documents of a date add up to, in thousandths of the currency: SQLite counts exactly in
# integers only. `odd` are those whose total is no plain number of three decimals; they are not in it.
dated_sums = Table(
    "dated_sums",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("dated_on", Date, primary_key=True),
    Column("direction", String(16), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("currency", String(3), primary_key=True),  # empty: they have no total
    Column("n", Integer, nullable=False),
    Column("thousandths", BigInteger, nullable=False),
    Column("odd", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# How many documents came on a day (UTC); an empty direction is none.
came = Table(
    "came",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("direction", String(16), primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# How many documents of a day (UTC) of a kind each rule took; those that none took under no name.
rulings = Table(
    "rulings",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("rule", Text, primary_key=True),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# The numbers of a team's own documents as unbroken rows: `first` to `last` are all there. Where one
# starts, numbers are missing before it, or nothing was counted before.
series = Table(
    "series",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("before", Text, primary_key=True),
    Column("behind", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("digits", Integer, nullable=False),  # how wide `last` is written
    Column("first_on", Date, nullable=False),  # the date of the document that has `first`
    Index("ix_series_first_on", "team", "first_on"),
    sqlite_with_rowid=False,
)
