"""The table of what providers allowed. It belongs to `schema`."""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary, String, Table, Text

from maild.store.columns import Moment, metadata

# What providers allowed for the accounts of [account.NAME]; only `sealed` holds secrets.
tokens = Table(
    "tokens",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sealed", LargeBinary),
    Column("consented_at", Moment),
    Column("obtained_at", Moment),
    Column("expires_at", Moment),
    Column("trouble", Text),  # why a person has to be asked again
    Column("owner", String(64)),  # who has the right to refresh; empty: nobody
    Column("lease_until", Moment),
)
