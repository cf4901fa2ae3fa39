"""The tables of second factors: passkeys, apps that show codes, and questions that wait for an answer.

Beside them the browsers in which somebody was signed in before, which are no factor. They belong to
`schema`. Public keys stand in the open; the secrets of the apps are sealed.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from maild.store.columns import Moment, metadata

passkeys = Table(
    "passkeys",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person", ForeignKey("people.id"), nullable=False, index=True),
    Column("mark", String(64), nullable=False, unique=True),  # SHA-256 of `credential`
    Column("credential", LargeBinary, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("uses", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
)

code_apps = Table(
    "code_apps",
    metadata,
    Column("person", ForeignKey("people.id"), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("confirmed_at", Moment),
    Column("last_step", BigInteger, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("wrong_at", Moment),
)

# What a browser was asked to sign; one each, answered once.
challenges = Table(
    "challenges",
    metadata,
    Column("holder", String(128), primary_key=True),
    Column("challenge", LargeBinary, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

# `mark` is the SHA-256 of what the browser keeps.
devices = Table(
    "devices",
    metadata,
    Column("person", ForeignKey("people.id"), primary_key=True),
    Column("mark", String(64), primary_key=True),
    Column("seen_at", Moment, nullable=False, index=True),
)
