"""The entities of Exact Online as `fields.toml` lists them: their properties and types.

No rows and no rules here: only what may be asked and posted.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

BULK: Final = "bulk/"
SYNC: Final = "sync/"
_MODELS: Final = "Exact.Web.Api.Models"


@dataclass(frozen=True, slots=True)
class Nested:
    """Lines in a header: the property, the entity of the lines, and the line's link back."""

    name: str
    entity: str
    link: str


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity. `written` and `read` map properties to Edm types; the key is in neither."""

    path: str
    type: str
    key: str
    key_type: str
    verbs: frozenset[str]
    required: tuple[str, ...]
    unique: str
    guarded: bool
    lines: Nested | None
    ids: Mapping[str, str]  # properties that hold the key of a row of another entity
    codes: Mapping[str, str]  # and those that hold its code
    written: Mapping[str, str]
    read: Mapping[str, str]

    @property
    def model(self) -> str:
        """The type in `__metadata`."""
        return f"{_MODELS}.{self.type}"

    def edm(self, name: str) -> str | None:
        """The type of a property; None for one that there is not."""
        if name == self.key:
            return self.key_type
        return self.written.get(name) or self.read.get(name)

    def properties(self) -> tuple[str, ...]:
        """Every property but nested lines, the key first."""
        return (self.key, *self.written, *self.read)


@cache
def entities() -> dict[str, Entity]:
    """Every entity by its path, such as "crm/Accounts"."""
    text = files("maild.simulators.exact").joinpath("fields.toml").read_text("utf-8")
    found = {path: _entity(path, table) for path, table in tomllib.loads(text).items()}
    return {**found, **_sync_twins(found)}


def parent_of(entity: Entity) -> Entity | None:
    """The entity whose lines these are."""
    for one in entities().values():
        if one.lines and one.lines.entity == entity.path:
            return one
    return None


def _entity(path: str, table: Mapping[str, Any]) -> Entity:
    return Entity(
        path=path,
        type=table["type"],
        key=table["key"],
        key_type=table["key_type"],
        verbs=frozenset(table["verbs"].split()),
        required=tuple(table.get("required", "").split()),
        unique=table.get("unique", ""),
        guarded=table.get("guarded", False),
        lines=Nested(**table["lines"]) if "lines" in table else None,
        ids=table.get("ids", {}),
        codes=table.get("codes", {}),
        written=_typed(table.get("write", {})),
        read=_typed(table.get("read", {})),
    )


def _typed(groups: Mapping[str, str]) -> dict[str, str]:
    return {name: edm for edm, names in groups.items() for name in names.split()}


# Which feeds there are, as far as clients use them.
_TWINS: Final = {
    "sync/CRM/Accounts": "crm/Accounts",
    "sync/Documents/Documents": "documents/Documents",
    "sync/Documents/DocumentAttachments": "documents/DocumentAttachments",
    "sync/SalesInvoice/SalesInvoices": "salesinvoice/SalesInvoices",
    "sync/Financial/GLAccounts": "financial/GLAccounts",
    "sync/Logistics/Items": "logistics/Items",
}


def twin_of(path: str) -> str:
    """The entity whose rows a path under sync/ or bulk/ lists; other paths are their own."""
    if path in _TWINS:
        return _TWINS[path]
    if path.startswith(BULK):
        folder, _, name = path.removeprefix(BULK).partition("/")
        return f"{folder.lower()}/{name}"
    return path


def _sync_twins(found: Mapping[str, Entity]) -> dict[str, Entity]:
    made = {}
    for path, twin in _TWINS.items():
        one = found[twin]
        made[path] = Entity(
            **{
                **{name: getattr(one, name) for name in Entity.__slots__},
                "path": path,
                "verbs": frozenset({"GET"}),
                "guarded": False,
                "read": {**one.read, "Timestamp": "Int64"},
            }
        )
    return made
