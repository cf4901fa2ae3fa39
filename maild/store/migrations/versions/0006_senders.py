"""Know copies in other bytes, senders that a person let in, and who was answered."""

from __future__ import annotations

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("documents", sa.Column("near_key", sa.Text()))
    op.add_column("documents", sa.Column("facts", sa.Text()))
    op.create_index("ix_documents_near", "documents", ["team", "near_key", "issued_on"])
    op.create_table(
        "senders",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(254), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("document", sa.String(32)),
        sa.PrimaryKeyConstraint("team", "sender", name="pk_senders"),
    )
    op.create_table(
        "answers",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("team", "address", "about", name="pk_answers"),
    )
    op.create_index("ix_answers_at", "answers", ["at"])
    _rewrite_keys()


def _rewrite_keys() -> None:
    """Numbers are compared without leading zeros from here on, those that are there too."""
    tx = op.get_bind()
    rows = tx.execute(
        sa.text(
            "SELECT id, number, same_number_key FROM documents WHERE same_number_key IS NOT NULL"
        )
    ).all()
    for row in rows:
        head, _, year = row.same_number_key.rpartition("|")
        kind_and_issuer = head.rpartition("|")[0]
        key = f"{kind_and_issuer}|{_plain(row.number or '')}|{year}"
        if key != row.same_number_key:
            tx.execute(
                sa.text("UPDATE documents SET same_number_key = :key WHERE id = :id"),
                {"key": key, "id": row.id},
            )


def _plain(number: str) -> str:
    parts = re.findall(r"\d+|[^\W\d_]+", unicodedata.normalize("NFKC", number))
    return "".join(part.lstrip("0") if part.isdigit() else part for part in parts).casefold()
