"""The REST interface: which address leads where, and who may go there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from maild.simulators.exact import query
from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.schema import Entity, entities, twin_of
from maild.simulators.exact.values import taken
from maild.simulators.exact.world import Book, Row, World
from maild.simulators.exact.writing import Writing
from maild.simulators.http_wire import Answer, Asked

ROOT: Final = "/api/v1/"
_AFTER: Final = r"(?:\((?P<key>[^)]*)\))?(?:/(?P<then>\$?\w+))?"  # what may follow an entity
_DIVISIONS: Final = ("hrm/Divisions", "system/Divisions")
_KEY: Final = re.compile(r"guid'([0-9a-fA-F-]{36})'|'([^']*)'|(\d+)")


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. `division` is None under "current"."""

    division: int | None
    entity: Entity
    key: str | None
    then: str  # "$count", or the lines of a header


def target(path: str) -> Target:
    """Where a path leads. Raises Refusal 404."""
    rest = _unbulked(path.removeprefix(ROOT))
    for name in sorted(entities(), key=len, reverse=True):
        where = "" if name.startswith("current/") else r"(?P<division>\d+)/"
        match = re.fullmatch(where + re.escape(name) + _AFTER, rest, re.IGNORECASE)
        if match:
            return _target(entities()[name], match.groupdict())
    raise Refusal(404, "Resource not found for the segment.")


def _unbulked(rest: str) -> str:
    division, _, path = rest.partition("/")
    return f"{division}/{twin_of(path)}" if path.startswith("bulk/") else rest


def _target(entity: Entity, found: dict[str, str | None]) -> Target:
    division = int(found.get("division") or 0) or None
    key, then = found["key"], found["then"] or ""
    if key is None:
        return Target(division, entity, None, then)
    match = _KEY.fullmatch(key)
    if match is None:
        raise Refusal(400, "Error in query syntax.")
    return Target(division, entity, (match[1] or match[2] or match[3] or "").lower(), then)


class Rest:
    """Answers calls of a user who is known."""

    def __init__(self, world: World, writing: Writing) -> None:
        self._world, self._writing = world, writing

    def answer(self, asked: Asked, to: Target, user: str) -> Answer:
        """Carry out a call. Raises Refusal."""
        if self._world.refused_user:
            raise Refusal(403, "Forbidden.", reason=self._world.refused_user)
        address = self._world.url + asked.path.partition("(")[0].removesuffix("/$count")
        if to.entity.path == "current/Me":
            first = next(iter(self._world.books.values()))
            place = query.Place(self._world, first, to.entity, address)
            return query.listed(place, [self._me(user)], asked.query)
        book = self._book(to.division)
        place = query.Place(self._world, book, to.entity, address)
        if asked.method not in to.entity.verbs:
            raise Refusal(405, "Method not allowed.")
        if asked.method == "GET":
            return self._get(place, to, asked=asked)
        if asked.method == "POST":
            return self._post(place, to, asked=asked)
        if to.key is None:
            raise Refusal(400, "Error in query syntax.")
        if asked.method == "PUT":
            return self._writing.put(place, self._key(to), body=asked.body)
        return self._writing.delete(place, self._key(to))

    def _post(self, place: query.Place, to: Target, *, asked: Asked) -> Answer:
        if to.key is not None:
            raise Refusal(405, "Method not allowed.")
        if asked.headers.get("content-type", "").partition(";")[0] != "application/json":
            self._world.offend("a POST that is no JSON")
            raise Refusal(415, "Unsupported media type.")
        return self._writing.post(place, asked)

    def _get(self, place: query.Place, to: Target, *, asked: Asked) -> Answer:
        book = place.book
        if to.then == "$count":
            return query.counted(place, self._rows(to.entity, book), asked.query)
        self._json_wanted(asked)
        if to.key is None:
            return query.listed(place, self._rows(to.entity, book), asked.query)
        row = book.rows(twin_of(to.entity.path)).get(str(self._key(to)))
        if row is None:
            raise Refusal(404, "Not found.")
        if not to.then:
            return query.single(place, row, asked.query)
        if to.entity.lines is None or to.then != to.entity.lines.name:
            raise Refusal(404, "Resource not found for the segment.")
        inner = entities()[to.entity.lines.entity]
        root = place.address.removesuffix(to.entity.path)
        lines = query.Place(self._world, book, inner, root + inner.path)
        return query.listed(lines, query.lines_of(book, to.entity, row[to.entity.key]), asked.query)

    def _json_wanted(self, asked: Asked) -> None:
        if "application/json" not in asked.headers.get("accept", ""):
            self._world.offend("a GET that does not ask for JSON")
            raise Refusal(415, "This client reads Atom; the stand-in gives JSON only.")

    def _rows(self, entity: Entity, book: Book) -> list[Row]:
        if entity.path in _DIVISIONS:
            return [_division(one, current=one is book) for one in self._world.books.values()]
        rows = list(book.rows(twin_of(entity.path)).values())
        if entity.path.startswith("sync/") and entity.path != "sync/Deleted":
            stamps = [{**row, "Timestamp": book.stamps[row[entity.key]]} for row in rows]
            return sorted(stamps, key=lambda row: int(row["Timestamp"]))
        return rows

    def _key(self, to: Target) -> Any:
        if to.entity.key_type == "Guid":
            return taken(to.entity.key, "Guid", to.key)
        return to.key

    def _book(self, division: int | None) -> Book:
        book = self._world.books.get(division or 0)
        if book is None:
            raise Refusal(403, "Forbidden.", reason="NoDivisionAccess")
        if book.blocked:
            raise Refusal(403, "Forbidden.", reason="DivisionBlocked")
        return book

    def _me(self, user: str) -> Row:
        first = next(iter(self._world.books.values()))
        now = self._world.clock.now()
        return {
            "UserID": str(uuid5(NAMESPACE_DNS, user)),
            "CurrentDivision": first.code,
            "FullName": user.partition("@")[0].title(),
            "UserName": user,
            "Email": user,
            "LanguageCode": self._world.switches.language,
            "DivisionCustomerVatNumber": first.vat,
            "ServerTime": f"{now:%Y-%m-%d %H:%M:%S}",
            "ServerUtcOffset": 0,
        }


def _division(book: Book, *, current: bool) -> Row:
    return {
        "Code": book.code,
        "Description": book.name,
        "Country": book.country,
        "Currency": "EUR",
        "VATNumber": book.vat,
        "Status": 1,
        "BlockingStatus": 1 if book.blocked else 0,
        "Hid": book.code % 1000,
        "Current": current,
    }
