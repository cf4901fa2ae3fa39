"""Find documents by a part of a number or a name without reading them all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

# Copied from maild.store.searching as it was: a step never changes.
_WORDS = "coalesce({row}number_folded, '') || char(10) || coalesce({row}party_folded, '')"
_NEW, _OLD = _WORDS.format(row="NEW."), _WORDS.format(row="OLD.")
_ADDED = f"""
    INSERT INTO trigrams (rowid, words) SELECT n, {_NEW} FROM searched WHERE document = NEW.id;
"""  # noqa: S608 - names of ours
_FORGOTTEN = f"""
    INSERT INTO trigrams (trigrams, rowid, words)
    SELECT 'delete', n, {_OLD} FROM searched WHERE document = OLD.id;
"""  # noqa: S608 - the same
_INSERTED = f"INSERT INTO searched (document) VALUES (NEW.id); {_ADDED}"  # noqa: S608 - the same
_DELETED = f"{_FORGOTTEN} DELETE FROM searched WHERE document = OLD.id;"  # noqa: S608 - the same
_TRIGGERS = (
    f"CREATE TRIGGER searched_insert AFTER INSERT ON documents BEGIN {_INSERTED} END",
    (
        "CREATE TRIGGER searched_update AFTER UPDATE OF number_folded, party_folded ON documents"
        f" WHEN {_NEW} <> {_OLD} BEGIN {_FORGOTTEN} {_ADDED} END"
    ),
    f"CREATE TRIGGER searched_delete AFTER DELETE ON documents BEGIN {_DELETED} END",
)


def upgrade() -> None:
    op.create_table(
        "searched",
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_searched"),
        sa.UniqueConstraint("document", name="uq_searched_document"),
    )
    op.execute(
        "CREATE VIRTUAL TABLE trigrams USING fts5(words, content='', columnsize=0, detail=none,"
        " tokenize='trigram case_sensitive 1')"
    )
    op.execute("INSERT INTO searched (document) SELECT id FROM documents ORDER BY id")
    op.execute(
        f"INSERT INTO trigrams (rowid, words) SELECT n, {_WORDS.format(row='')}"  # noqa: S608 - the same
        " FROM searched JOIN documents ON id = document ORDER BY n"
    )
    for trigger in _TRIGGERS:
        op.execute(trigger)
