"""Finding documents by a part of a number or a name: an index of all that three letters in a row are in.

`trigrams` is a table of SQLite's FTS5 that holds no text; triggers keep it, as those of `tallying` do
their counts. It says which documents can be meant: whoever asks looks into them once more.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Select, literal_column, select, text

from maild.store.schema_searching import searched
from maild.store.statements import contains

# Of a part that more documents have, the list is full soon, and is read in the order of its dates.
MOST: Final = 2_000
_LETTERS: Final = 3

_WORDS: Final = "coalesce({row}number_folded, '') || char(10) || coalesce({row}party_folded, '')"
_NEW, _OLD = _WORDS.format(row="NEW."), _WORDS.format(row="OLD.")
_ADDED: Final = f"""
    INSERT INTO trigrams (rowid, words) SELECT n, {_NEW} FROM searched WHERE document = NEW.id;
"""  # noqa: S608 - names of ours
# An index without text has to be told what it is to forget.
_FORGOTTEN: Final = f"""
    INSERT INTO trigrams (trigrams, rowid, words)
    SELECT 'delete', n, {_OLD} FROM searched WHERE document = OLD.id;
"""  # noqa: S608 - the same
_INSERTED: Final = f"INSERT INTO searched (document) VALUES (NEW.id); {_ADDED}"  # noqa: S608 - the same
_DELETED: Final = f"{_FORGOTTEN} DELETE FROM searched WHERE document = OLD.id;"  # noqa: S608 - the same
_COUNT: Final = "SELECT count(*) FROM ({hits} LIMIT {most})"

OF_DOCUMENTS: Final = (
    (
        "CREATE VIRTUAL TABLE trigrams USING fts5(words, content='', columnsize=0, detail=none,"
        " tokenize='trigram case_sensitive 1')"
    ),
    f"CREATE TRIGGER searched_insert AFTER INSERT ON documents BEGIN {_INSERTED} END",
    (
        "CREATE TRIGGER searched_update AFTER UPDATE OF number_folded, party_folded ON documents"
        f" WHEN {_NEW} <> {_OLD} BEGIN {_FORGOTTEN} {_ADDED} END"
    ),
    f"CREATE TRIGGER searched_delete AFTER DELETE ON documents BEGIN {_DELETED} END",
)
ANEW: Final = (
    "DELETE FROM searched",
    "INSERT INTO trigrams (trigrams) VALUES ('delete-all')",
    "INSERT INTO searched (document) SELECT id FROM documents ORDER BY id",
    (
        f"INSERT INTO trigrams (rowid, words) SELECT n, {_WORDS.format(row='')}"  # noqa: S608 - the same
        " FROM searched JOIN documents ON id = document ORDER BY n"
    ),
)
# A row: a document that the index lacks, or one that it has and that is gone.
_WRONG: Final = """
    SELECT * FROM (SELECT document FROM searched EXCEPT SELECT id FROM documents)
    UNION ALL SELECT * FROM (SELECT id FROM documents EXCEPT SELECT document FROM searched) LIMIT 1
"""
_HITS: Final = "SELECT rowid FROM trigrams WHERE trigrams MATCH :of_words"


def few(tx: Connection, part: str) -> Select[str] | None:
    """The ids of all documents that can have this part, where they are few and the part is long enough.

    None where it is not worth asking: then whoever asks reads on until a page is full.
    """
    wanted = _match(part)
    if wanted is None or tx.dialect.name != "sqlite":
        return None
    count = text(_COUNT.format(hits=_HITS, most=MOST + 1))
    if tx.execute(count, {"of_words": wanted}).scalar_one() > MOST:
        return None
    hits = text(_HITS).bindparams(of_words=wanted).columns(literal_column("rowid"))
    return select(searched.c.document).where(searched.c.n.in_(hits))


def having(
    tx: Connection, column: Column[Any], part: str, *, team: str | None
) -> ColumnElement[bool]:
    """A condition: this folded column of the documents has the part in it."""
    # By ids from an index alone: looking into the documents themselves is ten times slower.
    each = column.table.c
    found = select(each.id).where(contains(column, part))
    ids = few(tx, part)
    if ids is not None:
        return each.id.in_(found.where(each.id.in_(ids)))
    return each.id.in_(found if team is None else found.where(each.team == team))


def fill(tx: Connection) -> None:
    """Make the index anew of what is there; for a store that nobody else has open."""
    for words in ANEW:
        tx.execute(text(words))


def wrong(connection: Any) -> bool:
    """Whether the index lacks a document, or has one that is gone."""
    return connection.execute(_WRONG).fetchone() is not None


def _match(part: str) -> str | None:
    """What FTS5 is asked: every three letters in a row; None for less than three."""
    folded = part.casefold()
    if "\0" in folded:  # where a question to FTS5 ends
        return None
    each = {folded[at : at + _LETTERS] for at in range(len(folded) - _LETTERS + 1)}
    return " AND ".join('"' + one.replace('"', '""') + '"' for one in sorted(each)) or None
