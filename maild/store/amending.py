"""What changes of a stored document when its figures become sure, or its supplier's own UBL comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import update

from maild.model.delivery import Trace
from maild.model.document import Document, File, Role
from maild.store import rows
from maild.store.database import Tx
from maild.store.schema import documents, files

_KEPT: Final = ("id", "team", "arrival", "accepted_at", "content_sha256", "tags", "sender")


def set_figures(
    tx: Tx,
    document: Document,
    *,
    trace: Sequence[Trace],
    same_number_key: str | None,
    near_key: str | None,
    facts: Mapping[str, list[str]],
) -> None:
    """Write what a document says now; its files and where it came from stay."""
    row = {name: value for name, value in rows.of_document(document).items() if name not in _KEPT}
    row |= {"same_number_key": same_number_key, "near_key": near_key}
    row |= {"facts": json.dumps(facts) if facts else None}
    row["trace"] = rows.of_trace(trace)
    tx.execute(update(documents).where(documents.c.id == document.id).values(row))


def set_aside(tx: Tx, document: str, file: File) -> None:
    """Keep a UBL that maild made as a copy: the supplier's own takes its place."""
    mine = (files.c.document == document) & (files.c.sha256 == file.sha256)
    mine &= (files.c.role == Role.UBL.value) & (files.c.name == file.name)
    tx.execute(update(files).where(mine).values(role=Role.COPY.value))
