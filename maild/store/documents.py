"""Arrivals, documents, their files and their events. What leaves is in `deliveries`.

A stored document has no `bill`: the figures are read from its UBL when somebody asks.
"""

# ruff: noqa: A002 - `id` is what callers name it by

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import bindparam, func, insert, select, update

from maild.errors import NotFound
from maild.model.delivery import Trace
from maild.model.document import Arrival, Document, File
from maild.model.said import from_json, to_json
from maild.store import rows, searching, series
from maild.store.database import Tx
from maild.store.prepared import Prepared
from maild.store.schema import arrival_documents, arrivals, deliveries, documents, events, files
from maild.store.schema_tallies import dated_sums
from maild.store.statements import insert_if_absent, unindexed

# Statements that run for every document are built once: building costs more than running.
_BY_ID: Final = Prepared(select(documents).where(documents.c.id == bindparam("which")))
_SAME_CONTENT: Final = Prepared(
    select(documents).where(
        documents.c.team == bindparam("which_team"),
        documents.c.content_sha256 == bindparam("content"),
    )
)
_SAME_NUMBER: Final = Prepared(
    select(documents)
    .where(
        documents.c.team == bindparam("which_team"), documents.c.same_number_key == bindparam("key")
    )
    .where(documents.c.review.is_distinct_from("rejected"))
    .order_by(documents.c.id)
)
_FILES_OF: Final = (
    select(files)
    .where(files.c.document.in_(bindparam("documents", expanding=True)))
    .order_by(files.c.document, files.c.position)
)
_FILES_OF_ONE: Final = Prepared(
    select(files).where(files.c.document == bindparam("one")).order_by(files.c.position)
)
_LAST_FILE: Final = Prepared(
    select(files.c.position)
    .where(files.c.document == bindparam("one"))
    .order_by(files.c.position.desc())
    .limit(1)
)
_ADD: Final = {
    table: Prepared(insert(table), columns=[one.key for one in table.c if one is not events.c.id])
    for table in (arrivals, documents, arrival_documents, files, events)
}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a document, by `actor` ("maild" or a person)."""

    at: datetime
    event: str
    detail: str
    delivery: str | None
    actor: str


def add_arrival(tx: Tx, arrival: Arrival) -> None:
    """Write one thing that came in."""
    _ADD[arrivals].change(tx, rows.of_arrival(arrival))


def add_document(
    tx: Tx,
    document: Document,
    *,
    trace: Sequence[Trace],
    warnings: Sequence[str],
    same_number_key: str | None,
    near_key: str | None = None,
    facts: dict[str, list[str]] | None = None,
) -> None:
    """Write a document with its files and what the rules said of it; its arrival is there already.

    By the keys and `facts` it is known again: see `maild.store.twins`.

    The same content twice in a team is an IntegrityError: ask `same_content` first.
    """
    row = rows.of_document(document)
    row |= {"same_number_key": same_number_key, "near_key": near_key}
    row["facts"] = json.dumps(facts) if facts else None
    row["trace"] = rows.of_trace(trace)
    row["warnings"] = json.dumps([to_json(one) for one in warnings])
    _ADD[documents].change(tx, row)
    series.add(tx, document, dated_on=row["dated_on"])
    _ADD[arrival_documents].change(tx, {"arrival": document.arrival, "document": document.id})
    if document.files:
        held = enumerate(document.files)
        _ADD[files].change_each(tx, [rows.of_file(document.id, one, at=n) for n, one in held])


def add_file(tx: Tx, document: str, file: File) -> bool:
    """Write one more file of a document; False when it was there, and nothing changes."""
    last = _LAST_FILE.first(tx, {"one": document})
    row = rows.of_file(document, file, at=0 if last is None else last.position + 1)
    return insert_if_absent(tx, files, row=row, unique=["document", "role", "sha256", "name"])


def same_content(tx: Tx, team: str, content_sha256: str) -> Document | None:
    """The team's document with exactly that content, if there is one."""
    asked = {"which_team": team, "content": content_sha256}
    found = _SAME_CONTENT.first(tx, asked)
    return None if found is None else with_files(tx, [found])[0]


def same_number(tx: Tx, team: str, key: str) -> tuple[Document, ...]:
    """The team's documents with that same-number key, oldest first, less the rejected ones."""
    return with_files(tx, _SAME_NUMBER.rows(tx, {"which_team": team, "key": key}))


def get(tx: Tx, id: str) -> Document:
    """The document of that id, without its bill. Raises NotFound."""
    found = _BY_ID.first(tx, {"which": id})
    if found is None:
        raise NotFound(f'there is no document "{id}"', hint="`maild documents list` shows them")
    return with_files(tx, [found])[0]


def several(tx: Tx, ids: Sequence[str]) -> tuple[Document, ...]:
    """The documents of these ids (a few hundred at most), in that order, less those not there."""
    found = tx.execute(select(documents).where(documents.c.id.in_(ids)))
    known = {one.id: one for one in with_files(tx, found)}
    return tuple(known[one] for one in ids if one in known)


def trace_of(tx: Tx, id: str) -> tuple[Trace, ...]:
    """What each rule said of the document when it came. Raises NotFound."""
    return rows.to_trace(_column(tx, id, "trace"))


def warnings_of(tx: Tx, id: str) -> tuple[str, ...]:
    """What was odd about the document when it came. Raises NotFound."""
    return tuple(from_json(one) for one in json.loads(_column(tx, id, "warnings")))


def find(
    tx: Tx,
    *,
    team: str | None = None,
    kind: str | None = None,
    number: str | None = None,
    party: str | None = None,
    state: str | None = None,
    since: datetime | None = None,
    review: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Document, ...]:
    """Documents that fit every filter given, newest first; `after` is the last id of the page before.

    `number` and `party` (name or VAT number) are parts of words, in any case; `state` asks for a
    delivery in that state; `since` compares the moment of acceptance.
    """
    column = documents.c
    filters: list[tuple[Any, Callable[[Any], Any]]] = [
        (team, column.team.__eq__),
        (kind, column.kind.__eq__),
        (number, partial(searching.having, tx, column.number_folded, team=team)),
        (party, partial(searching.having, tx, column.party_folded, team=team)),
        (state, _has_delivery),
        (since, column.accepted_at.__ge__),
        (review, column.review.__eq__),
        (after, column.id.__lt__),
    ]
    asked = [condition(value) for value, condition in filters if value is not None]
    query = select(documents).where(*asked).order_by(column.id.desc()).limit(limit)
    return with_files(tx, tx.execute(query))


def count(tx: Tx, *, team: str | None = None, review: str | None = None) -> int:
    """How many documents there are, of a team or with that review; for a status, not for lists."""
    if review is None:
        kept = select(func.coalesce(func.sum(dated_sums.c.n), 0))
        kept = kept if team is None else kept.where(dated_sums.c.team == team)
        return int(tx.execute(kept).scalar_one())
    query = select(func.count()).where(documents.c.review == review)
    if team is not None:
        query = query.where(unindexed(documents.c.team) == team)
    return int(tx.execute(query).scalar_one())


def get_arrival(tx: Tx, id: str) -> Arrival:
    """The arrival of that id. Raises NotFound."""
    found = tx.execute(select(arrivals).where(arrivals.c.id == id)).first()
    if found is None:
        raise NotFound(f'there is no arrival "{id}"')
    return rows.to_arrival(found)


def arrivals_of(tx: Tx, document: str) -> tuple[Arrival, ...]:
    """Every arrival that brought the document, the first one first."""
    query = (
        select(arrivals)
        .join(arrival_documents, arrival_documents.c.arrival == arrivals.c.id)
        .where(arrival_documents.c.document == document)
        .order_by(arrivals.c.received_at, arrivals.c.id)
    )
    return tuple(rows.to_arrival(row) for row in tx.execute(query))


def repeat_arrival(
    tx: Tx, document: str, arrival: Arrival, *, detail: str = "the same content came in again"
) -> None:
    """Note that a known document came in again."""
    # One mail may repeat several documents: its arrival is written once.
    insert_if_absent(tx, arrivals, row=rows.of_arrival(arrival), unique=["id"])
    link = {"arrival": arrival.id, "document": document}
    insert_if_absent(tx, arrival_documents, row=link, unique=["document", "arrival"])
    add_event(
        tx,
        at=arrival.received_at,
        event="arrival.repeated",
        team=arrival.team,
        document=document,
        detail=f"{detail} by {arrival.door} ({arrival.id})",
    )


def set_review(tx: Tx, document: str, review: str) -> None:
    """Set what became of the question "same number, other content". Raises NotFound."""
    chosen = update(documents).where(documents.c.id == document)
    if tx.execute(chosen.values(review=review)).rowcount != 1:
        raise NotFound(f'there is no document "{document}"')


def add_event(
    tx: Tx,
    *,
    at: datetime,
    event: str,
    team: str | None,
    document: str | None = None,
    delivery: str | None = None,
    detail: str = "",
    actor: str = "maild",
) -> None:
    """Write one line of the history."""
    row = {"at": at, "event": event, "team": team, "document": document}
    _ADD[events].change(tx, row | {"delivery": delivery, "detail": detail, "actor": actor})


def events_of(tx: Tx, document: str) -> tuple[Event, ...]:
    """What happened to the document, oldest first."""
    query = select(events).where(events.c.document == document).order_by(events.c.at, events.c.id)
    return tuple(
        Event(row.at, row.event, row.detail, row.delivery, row.actor) for row in tx.execute(query)
    )


def _has_delivery(state: str) -> Any:
    found = select(deliveries.c.document).where(deliveries.c.state == state)
    return documents.c.id.in_(found.where(deliveries.c.document.is_not(None)))


def _column(tx: Tx, id: str, name: str) -> str:
    found = tx.execute(select(documents.c[name]).where(documents.c.id == id)).scalar()
    if found is None:
        raise NotFound(f'there is no document "{id}"')
    return str(found)


def with_files(tx: Tx, found: Any) -> tuple[Document, ...]:
    """The documents of rows of their table, with their files."""
    chosen = list(found)
    held: dict[str, list[File]] = {row.id: [] for row in chosen}
    for row in _files_of(tx, list(held)):
        held[row.document].append(rows.to_file(row))
    return tuple(rows.to_document(row, files=tuple(held[row.id])) for row in chosen)


def _files_of(tx: Tx, ids: list[str]) -> Iterable[Any]:
    if len(ids) == 1:
        return _FILES_OF_ONE.rows(tx, {"one": ids[0]})
    return tx.execute(_FILES_OF, {"documents": ids}) if ids else ()
