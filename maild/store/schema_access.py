"""The tables of who may see what: people, offices, links, sign-ins, sessions, the trail.

They belong to `schema`. No secret stands in them: tokens are kept as SHA-256, mailed links are
made from the key file when they are needed.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from maild.store.columns import Moment, metadata

people = Table(
    "people",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),  # lower case
    Column("language", String(2), nullable=False),
    Column("partner", ForeignKey("partners.id"), index=True),
    Column("created_at", Moment, nullable=False),
)

partners = Table(
    "partners",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_at", Moment, nullable=False),
)

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("partner", ForeignKey("partners.id")),
    Column("email", String(254), nullable=False),
    Column("rights", String(64), nullable=False),  # names with a comma between
    Column("state", String(16), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("created_by", String(254), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("ended_at", Moment),
    Column("ended_by", String(254)),
    Index("ix_links_team", "team", "id"),
    Index("ix_links_partner", "partner", "state"),
    Index("ix_links_email", "email", "state"),
)

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("email", String(254), nullable=False),
    Column("browser", String(64)),  # SHA-256 of the nonce of the browser that asked; none: console
    Column("token", String(64)),  # SHA-256, for a console link; a mailed one is made from the key
    Column("place", String(64), nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("expires_at", Moment, nullable=False),
    Column("wrong_codes", Integer, nullable=False),
    Column("used_at", Moment),
    Column("delivery", String(32), index=True),
    Index("ix_sign_ins_email", "email", "created_at"),
    Index("ix_sign_ins_place", "place", "created_at"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("token", String(64), nullable=False, unique=True),  # SHA-256
    Column("person", ForeignKey("people.id"), nullable=False, index=True),
    Column("factor", String(16), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
    Column("agent", String(200), nullable=False),
    Column("place", String(64), nullable=False),
)

# Append-only: each row's hash covers the one before it (portal_security.md section 4).
trail = Table(
    "trail",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("actor", String(254), nullable=False),
    Column("team", String(64)),
    Column("action", String(64), nullable=False),
    Column("object", String(128), nullable=False),
    Column("place", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_trail_team", "team", "n"),
    Index("ix_trail_object", "object", "at"),
)
