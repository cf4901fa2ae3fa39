"""What the stand-in holds: companies with their books, the journal of requests, and the offences.

A book is plain rows by entity and key; what may be written into it is the business of `rest.py`
and of the rules of each kind.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from maild.simulators.exact.clock import Clock
from maild.simulators.exact.faults import Plan
from maild.simulators.exact.switches import Switches

Row = dict[str, Any]

# EntityType of sync/Deleted.
_DELETED: Final = {
    "crm/Accounts": 2,
    "crm/Contacts": 5,
    "documents/Documents": 6,
    "financial/GLAccounts": 7,
    "logistics/Items": 9,
    "salesinvoice/SalesInvoices": 13,
}


@dataclass(slots=True)
class Book:
    """One company ("division") and its rows. `years` holds the closed periods of each known year."""

    code: int
    name: str
    country: str
    vat: str
    blocked: bool = False
    years: dict[int, set[int]] = field(default_factory=dict)
    tables: dict[str, dict[str, Row]] = field(default_factory=dict)
    stamp: int = 1_000  # the version of the last change, for the feeds
    stamps: dict[str, int] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)  # the last number of each series

    def rows(self, path: str) -> dict[str, Row]:
        """The rows of an entity by key."""
        return self.tables.setdefault(path, {})

    def find(self, path: str, name: str, value: object) -> Row | None:
        """The first row with that value."""
        return next((row for row in self.rows(path).values() if row.get(name) == value), None)

    def coded(self, path: str, code: str) -> Row | None:
        """The row with that code; blanks around codes do not count."""
        wanted = code.strip()
        rows = self.rows(path).values()
        return next((row for row in rows if str(row.get("Code", "")).strip() == wanted), None)

    def put(self, path: str, key: str, row: Row) -> Row:
        """Keep a row, new or changed."""
        self.stamp += 1
        self.stamps[key] = self.stamp
        self.rows(path)[key] = row
        return row

    def drop(self, path: str, key: str, *, at: datetime) -> None:
        """Remove a row; the feed of deleted rows tells."""
        del self.rows(path)[key]
        self.stamp += 1
        if kind := _DELETED.get(path):
            known = {"EntityType": kind, "EntityKey": key, "DeletedDate": at}
            gone = new_key()
            row = {"ID": gone, "Timestamp": self.stamp, "Division": self.code, **known}
            self.rows("sync/Deleted")[gone] = row


@dataclass(frozen=True, slots=True)
class Seen:
    """A line of the journal: what was asked and what became of it. `status` 0: the line was cut."""

    call: str  # such as "POST salesentry/SalesEntries"
    path: str
    query: str
    body: bytes
    status: int
    at: datetime
    division: int | None
    headers: dict[str, str]


@dataclass(slots=True)
class World:
    """Everything there is; the parts of the stand-in share it."""

    clock: Clock = field(default_factory=Clock)
    switches: Switches = field(default_factory=Switches)
    faults: Plan = field(default_factory=Plan)
    books: dict[int, Book] = field(default_factory=dict)
    journal: list[Seen] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)
    refused_user: str = ""  # the `Reason` for which the user gets nothing, such as "BlockedUser"
    url: str = ""

    def offend(self, what: str) -> None:
        """Note what the real service would punish."""
        self.offences.append(what)


def new_key() -> str:
    """A guid."""
    return str(uuid4())
