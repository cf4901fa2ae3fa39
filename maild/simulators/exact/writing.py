"""POST, PUT and DELETE of the REST interface: types, required fields and references, then the rules.

What holds for one kind alone (entries, accounts, documents) is registered in `kinds.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from maild.simulators.exact import query
from maild.simulators.exact.refusal import Refusal, invalid, malformed
from maild.simulators.exact.schema import Entity, entities, parent_of
from maild.simulators.exact.switches import LENGTHS
from maild.simulators.exact.values import taken
from maild.simulators.exact.world import Book, Row, World, new_key
from maild.simulators.http_wire import Answer, Asked

_USER: Final = "7a3c2f1e-9d1b-4f0e-8a51-1f2f3a4b5c6d"


@dataclass(slots=True)
class Write:
    """A row that is about to be kept, with its lines, and what stands against it."""

    world: World
    book: Book
    entity: Entity
    row: Row
    lines: list[Row] = field(default_factory=list)
    problems: list[tuple[str, ...]] = field(default_factory=list)
    is_new: bool = True
    posted: frozenset[str] = frozenset()

    def say(self, word: str, *about: object) -> None:
        """One more problem, by its word in `refusal.py`."""
        self.problems.append((word, *(str(one) for one in about)))


@dataclass(frozen=True, slots=True)
class Kind:
    """The rules of one entity. `check` completes a row or says what is wrong; the others act."""

    check: Callable[[Write], None] | None = None
    kept: Callable[[Write], None] | None = None
    dropping: Callable[[Write], None] | None = None


class Writing:
    """The three verbs over the books."""

    def __init__(self, world: World, kinds: Mapping[str, Kind]) -> None:
        self._world, self._kinds = world, kinds
        self.refused: set[tuple[str, int, bytes]] = set()  # what a business rule refused before

    def post(self, place: query.Place, asked: Asked) -> Answer:
        """Create a row with its lines."""
        body = _object(asked.body)
        write = self._read(place.book, place.entity, body)
        self._complete(write)
        try:
            self._settle(write)
        except Refusal:
            self._watch(place, asked)
            raise
        self._keep(write)
        whole = "return=representation" in asked.headers.get("prefer", "")
        row = write.row
        if not whole and not self._world.switches.returns_posted:
            shown = {place.entity.key, *body}
            row = {name: row.get(name) if name in shown else None for name in row}
        return query.single(place, row, status=201)

    def put(self, place: query.Place, key: object, *, body: bytes) -> Answer:
        """Change a row; lines are changed at their own address."""
        entity, book = place.entity, place.book
        old = book.rows(entity.path).get(str(key))
        if old is None:
            raise Refusal(404, "Not found.")
        values = _object(body)
        if entity.lines and entity.lines.name in values:
            self._world.offend(f"PUT {entity.path} with lines")
            raise malformed(f"Property '{entity.lines.name}' cannot be updated through its parent.")
        changes = self._row(entity, values)
        changes.pop(entity.key, None)
        row = {**old, **changes, "Modified": self._world.clock.now()}
        lines = [dict(line) for line in query.lines_of(book, entity, row[entity.key])]
        write = Write(
            self._world, book, entity, row, lines, is_new=False, posted=frozenset(changes)
        )
        self._settle(write)
        self._keep(write)
        return Answer(204)

    def delete(self, place: query.Place, key: object) -> Answer:
        """Remove a row with its lines, or a line with its header if it is the last."""
        book = place.book
        row = book.rows(place.entity.path).get(str(key))
        if row is None:
            raise Refusal(403, "Forbidden.")
        kind = self._kinds.get(place.entity.path)
        if kind and kind.dropping:
            write = Write(self._world, book, place.entity, row, is_new=False)
            kind.dropping(write)
            self._raise(write)
        self._drop(book, place.entity, row)
        parent = parent_of(place.entity)
        if parent and parent.lines:
            header = book.rows(parent.path).get(row[parent.lines.link])
            if header and not query.lines_of(book, parent, header[parent.key]):
                self._drop(book, parent, header)
            elif header:
                self._again(book, parent, header)
        return Answer(204)

    def insert(self, book: Book, path: str, values: Mapping[str, Any]) -> Row:
        """Create a row from within, with the same checks; for samples and for tests."""
        write = self._read(book, entities()[path], values)
        self._complete(write)
        self._settle(write)
        self._keep(write)
        return write.row

    def _read(self, book: Book, entity: Entity, body: Mapping[str, Any]) -> Write:
        values, nested = dict(body), []
        if entity.lines and entity.lines.name in values:
            nested = values.pop(entity.lines.name)
            if not isinstance(nested, list) or not all(isinstance(one, dict) for one in nested):
                raise malformed()
        lines = []
        if entity.lines:
            lines = [self._row(entities()[entity.lines.entity], one) for one in nested]
        return Write(
            self._world, book, entity, self._row(entity, values), lines, posted=frozenset(body)
        )

    def _row(self, entity: Entity, values: Mapping[str, Any]) -> Row:
        row: Row = {}
        for name, value in values.items():
            edm = entity.edm(name)
            if edm is None:
                self._world.offend(f"unknown property {name} of {entity.path}")
                raise malformed(
                    f"The property name '{name}' specified for type '{entity.model}' is not valid."
                )
            if name in entity.read:
                if self._world.switches.read_only == "refused":
                    raise malformed(f"Property '{name}' is read-only.")
                continue
            row[name] = taken(name, edm, value)
        return row

    def _complete(self, write: Write) -> None:
        """Give keys and what every row has."""
        now, entity = self._world.clock.now(), write.entity
        keyed = (
            self._world.switches.client_keys or entity.path == "salesinvoice/PrintedSalesInvoices"
        )
        if not write.row.get(entity.key) or not keyed:
            write.row[entity.key] = new_key()
        elif write.row[entity.key] in write.book.rows(entity.path):
            write.say("exists", entity.key)
        common = {"Created": now, "Modified": now, "Creator": _USER, "Modifier": _USER}
        everything = {**common, "Division": write.book.code}
        write.row.update({k: v for k, v in everything.items() if entity.edm(k) is not None})
        if entity.lines:
            for number, line in enumerate(write.lines, 1):
                own = {"ID": new_key(), "LineNumber": number, "Division": write.book.code}
                line.update(own, **{entity.lines.link: write.row[entity.key]})

    def _settle(self, write: Write) -> None:
        """Everything that can stand against a row; Refusal 500 says it all at once."""
        self._needed(write, write.entity, write.row)
        self._referred(write, write.entity, write.row)
        if write.entity.lines:
            inner = entities()[write.entity.lines.entity]
            for line in write.lines:
                self._needed(write, inner, line)
                self._referred(write, inner, line)
                self._fitted(write, line)
        self._fitted(write, write.row)
        code = write.entity.unique and write.row.get(write.entity.unique)
        if code:
            other = write.book.coded(write.entity.path, code)
            if other and other[write.entity.key] != write.row[write.entity.key]:
                write.say("exists", f"{write.entity.unique} {str(code).strip()}")
        kind = self._kinds.get(write.entity.path)
        if kind and kind.check and not write.problems:
            kind.check(write)
        self._raise(write)

    def _needed(self, write: Write, entity: Entity, row: Row) -> None:
        for name in entity.required:
            nested = entity.lines is not None and name == entity.lines.name
            if (nested and not write.lines) or (not nested and row.get(name) in {None, ""}):
                write.say("mandatory", name)

    def _referred(self, write: Write, entity: Entity, row: Row) -> None:
        for name, path in entity.ids.items():
            if row.get(name) and row[name] not in write.book.rows(path):
                write.say("reference", name)
        for name, path in entity.codes.items():
            if row.get(name) and write.book.coded(path, row[name]) is None:
                write.say("reference", name)

    def _fitted(self, write: Write, row: Row) -> None:
        for name, length in LENGTHS.items():
            text = row.get(name)
            if not isinstance(text, str) or len(text) <= length:
                continue
            if self._world.switches.long_texts == "cut":
                row[name] = text[:length]
            else:
                write.say("invalid", f"{name} (length)")

    def _keep(self, write: Write) -> None:
        write.book.put(write.entity.path, write.row[write.entity.key], write.row)
        if write.entity.lines:
            for line in write.lines:
                write.book.put(write.entity.lines.entity, line["ID"], line)
        kind = self._kinds.get(write.entity.path)
        if kind and kind.kept:
            kind.kept(write)
        parent = parent_of(write.entity)
        if parent and parent.lines:
            header = write.book.rows(parent.path).get(write.row[parent.lines.link])
            if header:
                self._again(write.book, parent, header)

    def _again(self, book: Book, entity: Entity, header: Row) -> None:
        """Work a header out again after its lines changed."""
        lines = query.lines_of(book, entity, header[entity.key])
        write = Write(self._world, book, entity, header, lines, is_new=False)
        kind = self._kinds.get(entity.path)
        if kind and kind.check:
            kind.check(write)

    def _drop(self, book: Book, entity: Entity, row: Row) -> None:
        now = self._world.clock.now()
        for line in query.lines_of(book, entity, row[entity.key]):
            book.drop(entity.lines.entity if entity.lines else "", line["ID"], at=now)
        book.drop(entity.path, row[entity.key], at=now)

    def _raise(self, write: Write) -> None:
        if write.problems:
            raise invalid(write.problems, self._world.switches.language)

    def _watch(self, place: query.Place, asked: Asked) -> None:
        same = (place.entity.path, place.book.code, asked.body)
        if same in self.refused:
            self._world.offend(f"POST {place.entity.path} again, which was refused for good")
        self.refused.add(same)


def _object(body: bytes) -> dict[str, Any]:
    try:
        values = json.loads(body)
    except ValueError as fault:
        raise malformed() from fault
    if not isinstance(values, dict):
        raise malformed()
    return values
