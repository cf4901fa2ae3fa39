"""The query options of a list, and the three shapes in which rows are given out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote

from maild.simulators.exact import odata
from maild.simulators.exact.refusal import JSON, Refusal
from maild.simulators.exact.schema import BULK, SYNC, Entity, entities
from maild.simulators.exact.values import given, padded
from maild.simulators.exact.world import Book, Row, World
from maild.simulators.http_wire import Answer

PAGE: Final = 60
LARGE_PAGE: Final = 1_000  # of sync/ and bulk/
_OPTIONS: Final = frozenset(
    {"$filter", "$select", "$orderby", "$top", "$skip", "$expand", "$inlinecount", "$skiptoken"}
)
_GUARD: Final = "Please add a $select or a $top=1 statement to the query string."


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are asked: their address, their entity, their book."""

    world: World
    book: Book
    entity: Entity
    address: str  # without query

    def uri(self, entity: Entity, key: object) -> str:
        """The address of one row."""
        root = self.address.removesuffix(self.entity.path)
        return f"{root}{entity.path}({literal(entity, key)})"


def literal(entity: Entity, key: object) -> str:
    """A key as it stands in an address."""
    return f"guid'{key}'" if entity.key_type == "Guid" else str(key)


def listed(place: Place, rows: list[Row], query: str) -> Answer:
    """A list of rows as its query wants it."""
    asked = _options(query)
    _guard(place, asked)
    rows = _chosen(place, rows, asked)
    count = len(rows)
    limit = _natural(asked, "$top")
    rows = rows[_start(place, rows, asked) :][: limit if limit is not None else None]
    size = LARGE_PAGE if place.entity.path.startswith((SYNC, BULK)) else PAGE
    page, more = rows[:size], len(rows) > size
    results = [shown(place, row, asked) for row in page]
    bare = "$top" in asked and "$inlinecount" not in asked and place.world.switches.bare_arrays
    if bare and not more:
        return _json({"d": results})
    said: dict[str, Any] = {"results": results}
    if asked.get("$inlinecount") == "allpages":
        said["__count"] = str(count)
    if more:
        kept = {name: value for name, value in asked.items() if name not in {"$skiptoken", "$top"}}
        if limit is not None:
            kept["$top"] = str(limit - size)
        kept["$skiptoken"] = literal(place.entity, page[-1][place.entity.key])
        said["__next"] = f"{place.address}?" + "&".join(
            f"{name}={quote(value, safe='$,')}" for name, value in kept.items()
        )
    return _json({"d": said})


def counted(place: Place, rows: list[Row], query: str) -> Answer:
    """`/$count`: a bare number."""
    rows = _chosen(place, rows, _options(query))
    return Answer(200, str(len(rows)).encode(), {"Content-Type": "text/plain"})


def single(place: Place, row: Row, query: str = "", *, status: int = 200) -> Answer:
    """One row."""
    return _json({"d": shown(place, row, _options(query))}, status=status)


def shown(place: Place, row: Row, asked: Mapping[str, str]) -> dict[str, Any]:
    """A row as it is given out: with its address, and its lines behind an address of their own."""
    entity = place.entity
    chosen = [name.strip() for name in asked.get("$select", "").split(",") if name.strip()]
    for name in chosen:
        if entity.edm(name) is None and not (entity.lines and entity.lines.name == name):
            raise Refusal(400, "Error in query syntax.")
    wide = padded(entity.path, row)
    uri = place.uri(entity, row[entity.key])
    said: dict[str, Any] = {"__metadata": {"uri": uri, "type": entity.model}}
    for name in chosen or entity.properties():
        if edm := entity.edm(name):
            said[name] = given(edm, wide.get(name))
    if entity.lines and (not chosen or entity.lines.name in chosen or "$expand" in asked):
        said[entity.lines.name] = _nested(place, row, asked)
    return said


def _nested(place: Place, row: Row, asked: Mapping[str, str]) -> dict[str, Any]:
    lines = place.entity.lines
    if lines is None:
        return {}
    wanted = [name.strip() for name in asked.get("$expand", "").split(",") if name.strip()]
    if any(name != lines.name for name in wanted):
        raise Refusal(400, "Error in query syntax.")
    if not wanted:
        uri = place.uri(place.entity, row[place.entity.key])
        return {"__deferred": {"uri": f"{uri}/{lines.name}"}}
    entity = entities()[lines.entity]
    inner = Place(
        place.world, place.book, entity, place.address.replace(place.entity.path, entity.path)
    )
    rows = lines_of(place.book, place.entity, row[place.entity.key])
    return {"results": [shown(inner, one, {}) for one in rows]}


def lines_of(book: Book, entity: Entity, key: object) -> list[Row]:
    """The lines of a header, in their order."""
    if entity.lines is None:
        return []
    link = entity.lines.link
    found = [row for row in book.rows(entity.lines.entity).values() if row.get(link) == key]
    return sorted(found, key=lambda row: int(row.get("LineNumber") or 0))


def _options(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    asked = dict(pairs)
    if len(asked) != len(pairs) or any(
        name.startswith("$") and name not in _OPTIONS for name in asked
    ):
        raise Refusal(400, "Error in query syntax.")
    return asked


def _guard(place: Place, asked: Mapping[str, str]) -> None:
    free = asked.get("$select") or asked.get("$filter") or asked.get("$top") == "1"
    if place.entity.guarded and place.world.switches.guarded_lists and not free:
        raise Refusal(400, _GUARD)


def _chosen(place: Place, rows: list[Row], asked: Mapping[str, str]) -> list[Row]:
    if text := asked.get("$filter"):
        parsed = odata.parse(text, place.entity)
        for code in parsed.unpadded:
            place.world.offend(f"an account's code without its blanks in a filter: {code!r}")
        rows = [row for row in rows if parsed.holds(row)]
    for one in reversed(
        [part.split() for part in asked.get("$orderby", "").split(",") if part.strip()]
    ):
        name, descending = one[0], one[1:] == ["desc"]
        if place.entity.edm(name) is None or one[1:] not in ([], ["asc"], ["desc"]):
            raise Refusal(400, "Error in query syntax.")
        rows = sorted(
            rows, key=lambda row: (row.get(name) is not None, row.get(name)), reverse=descending
        )
    return rows


def _start(place: Place, rows: list[Row], asked: Mapping[str, str]) -> int:
    token = asked.get("$skiptoken")
    if token is None:
        return _natural(asked, "$skip") or 0
    keys = [literal(place.entity, row[place.entity.key]) for row in rows]
    if token not in keys:
        raise Refusal(400, "Error in query syntax.")
    return keys.index(token) + 1


def _natural(asked: Mapping[str, str], name: str) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit():
        raise Refusal(400, "Error in query syntax.")
    return int(text)


def _json(said: Mapping[str, Any], *, status: int = 200) -> Answer:
    return Answer(status, json.dumps(said).encode(), {"Content-Type": JSON})
