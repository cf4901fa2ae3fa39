"""A store with as many documents as wanted, written past the door: for benchmarks of what reads it.

The rows are those that the desk and the dispatcher write: an arrival, a document with two files, its
deliveries with their attempts. Every UBL is the same blob, which costs no page anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from maild.model.document import Kind
from maild.model.ids import first_id
from maild.store import engines
from maild.store.searching import ANEW
from maild.store.tallying import RIGHT
from maild.ubl.document import write
from tests.builders_bill import a_bill

SPREAD: Final = timedelta(days=730)  # over which the documents of a team came
WAITING: Final = 60  # documents of a team that wait for a verdict
STRANGERS: Final = 20  # and that a stranger sent
FAILED: Final = 20
_SKIPPED: Final = 997  # each so many, a number of the series is missing
_AT_ONCE: Final = 20_000
_KINDS: Final = (
    *(Kind.INVOICE,) * 12,
    *(Kind.PURCHASE_INVOICE,) * 6,
    Kind.CREDIT_NOTE,
    Kind.QUOTE,
)
_UBL: Final = write(a_bill())
_SHA256: Final = hashlib.sha256(_UBL).hexdigest()


@dataclass(frozen=True)
class _One:
    """The nth document of a team, counted from 0, of `count`; the team ends in two digits of its own."""

    team: str
    n: int
    count: int
    at: datetime

    @cached_property
    def keys(self) -> tuple[str, str]:
        """The moment as ids tell it, and behind it what makes it the only one; for each of its roads."""
        moment, tail = first_id("", self.at)[1:10], f"{self.team[-2:]}{self.n:08}"
        return f"{moment}0{tail}", f"{moment}1{tail}"

    @property
    def kind(self) -> Kind:
        return _KINDS[self.n % len(_KINDS)]

    @property
    def rank(self) -> int:
        """How many of its kind came before it."""
        of_kind = [n for n, one in enumerate(_KINDS) if one is self.kind]
        return self.n // len(_KINDS) * len(of_kind) + of_kind.index(self.n % len(_KINDS))

    @property
    def age(self) -> int:
        """How many came after it."""
        return self.count - self.n

    @property
    def is_asked(self) -> bool:
        return self.kind is Kind.PURCHASE_INVOICE and self.age < WAITING * 20 / 6

    @cached_property
    def moment(self) -> str:
        return self.at.isoformat(timespec="microseconds").replace("+00:00", "Z")


def fill(path: Path, counts: Mapping[str, int], *, now: datetime) -> None:
    """Write so many documents of each team, the last of them of `now`, into a store that is made.

    Of each team a multiple of 20, and the last two signs of its name are digits of its own.
    """
    with closing(engines.driver().connect(str(path), isolation_level=None)) as store:
        # What is lost at a power cut is made again.
        for pragma in ("journal_mode=MEMORY", "synchronous=OFF", "cache_size=-600000"):
            store.execute(f"PRAGMA {pragma}").close()
        store.execute("BEGIN")
        content = {"sha256": _SHA256, "content": _UBL}
        _insert(store, "small_blobs", [content])
        # Indexes, and counts that triggers keep, are quicker made of all rows at once.
        made = _taken_off(store)
        for team, count in counts.items():
            _fill_team(store, team, count, now=now)
        for table, right in RIGHT.items():
            store.execute(f"INSERT INTO {table} {right}")
        for words in made:
            store.execute(words)
        for words in ANEW:
            store.execute(words)
        store.execute("COMMIT")
        store.execute("PRAGMA journal_mode=WAL").close()


def _taken_off(store: Any) -> list[str]:
    """The words of every index and trigger of the tables that are filled, which are gone now."""
    found = store.execute(
        "SELECT type, name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql <> ''"
        " AND tbl_name IN ('arrivals', 'documents', 'files', 'deliveries', 'attempts',"
        " 'arrival_documents')"
    ).fetchall()
    for kind, name, _ in found:
        store.execute(f"DROP {kind} {name}")
    return [words for _, _, words in found]


def _fill_team(store: Any, team: str, count: int, *, now: datetime) -> None:
    step = SPREAD / count
    for start in range(0, count, _AT_ONCE):
        some = [
            _One(team, n, count, now - step * (count - n))
            for n in range(start, min(start + _AT_ONCE, count))
        ]
        _insert(store, "arrivals", map(_arrival, some))
        _insert(store, "documents", map(_document, some))
        _insert(store, "series", (row for one in some for row in _series(one)))
        _insert(store, "arrival_documents", map(_brought, some))
        _insert(store, "files", (file for one in some for file in _files(one)))
        _insert(store, "deliveries", (row for one in some for row in _deliveries(one)))
        _insert(store, "attempts", (row for one in some for row in _attempts(one)))


def _insert(store: Any, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
    each: Iterator[Mapping[str, Any]] = iter(rows)
    first = next(each, None)
    if first is None:
        return
    places = ", ".join("?" * len(first))
    words = f"INSERT INTO {table} ({', '.join(first)}) VALUES ({places})"  # noqa: S608 - names of ours
    store.execute(words, tuple(first.values()))
    store.executemany(words, (tuple(one.values()) for one in each))


def _arrival(one: _One) -> dict[str, Any]:
    return {
        "id": f"a-{one.keys[0]}",
        "team": one.team,
        "door": "smtp",
        "received_at": one.moment,
        "sender": "shop@acme.example",
        "recipient": f"{one.team}@post.example",
        "subject": f"Factuur {one.n}",
        "message_id": f"<{one.n}.{one.team}@acme.example>",
        "peer": "127.0.0.1",
        "size": len(_UBL),
        "original": _SHA256,
    }


def _document(one: _One) -> dict[str, Any]:
    sold = one.kind.direction == "sales"
    # A shop counts what it sells; a supplier's numbers are anything.
    number = _before(one) + f"{_at(one.rank):07}" if sold else f"{one.n * 7919 % 1_000_003}"
    party = f"Klant {one.n % 5_000} BV"
    return {
        "id": f"d-{one.keys[0]}",
        "team": one.team,
        "kind": one.kind.value,
        "direction": one.kind.direction,
        "number": number,
        "issued_on": one.moment[:10],
        "party_name": party,
        "party_vat": "BE0123456749",
        "total": f"{one.n % 9_000}.{one.n % 100:02}",
        "currency": "EUR",
        "arrival": f"a-{one.keys[0]}",
        "accepted_at": one.moment,
        "dated_on": one.moment[:10],
        "content_sha256": hashlib.sha256(f"{one.team} {one.n}".encode()).hexdigest(),
        "language": "nl",
        "tags": "[]",
        "review": "waiting" if one.is_asked else None,
        "same_number_key": f"{one.team} {number}",
        "near_key": f"{one.team} {one.n}",
        "number_folded": number.casefold(),
        "party_folded": f"{party}\nBE0123456749".casefold(),
        "trace": _trace(one),
        "warnings": "[]",
    }


def _trace(one: _One) -> str:
    """What the rules of the asked site say: one takes everything, the other what is sold."""
    sold = one.kind is Kind.INVOICE
    second = ["what is sold, into the books", sold, f"kind is {one.kind}"]
    return json.dumps([["everything to the accountant", True, ""], second])


def _before(one: _One) -> str:
    return f"{one.kind.value[0].upper()}-"


def _at(rank: int) -> int:
    return rank + rank // _SKIPPED


def _series(one: _One) -> Iterator[dict[str, Any]]:
    """The unbroken row that starts with it."""
    if one.kind.direction != "sales" or one.rank % _SKIPPED:
        return
    of_kind = one.count // len(_KINDS) * _KINDS.count(one.kind)
    yield {
        "team": one.team,
        "kind": one.kind.value,
        "before": _before(one),
        "behind": "",
        "first": _at(one.rank),
        "last": _at(one.rank) + min(_SKIPPED, of_kind - one.rank) - 1,
        "digits": 7,
        "first_on": one.moment[:10],
    }


def _brought(one: _One) -> dict[str, Any]:
    return {"document": f"d-{one.keys[0]}", "arrival": f"a-{one.keys[0]}"}


def _files(one: _One) -> Iterator[dict[str, Any]]:
    named = (("original", "mail.eml", "message/rfc822"), ("ubl", "invoice.xml", "application/xml"))
    for position, (role, name, media_type) in enumerate(named):
        yield {
            "document": f"d-{one.keys[0]}",
            "role": role,
            "sha256": _SHA256,
            "name": name,
            "position": position,
            "media_type": media_type,
            "size": len(_UBL),
            "made": False,
        }


def _roads(one: _One) -> tuple[str, ...]:
    return ("an@kantoor.example", "books@inbox.example")[: 2 if one.kind is Kind.INVOICE else 1]


def _fate(one: _One) -> tuple[str, str | None]:
    """The state of its deliveries, and why they are held."""
    if one.is_asked:
        return "held", "review"
    if one.kind is Kind.INVOICE and one.age < STRANGERS * 20 / 12:
        return "held", "unknown_sender"
    if one.kind is Kind.INVOICE and one.age < (STRANGERS + FAILED) * 20 / 12:
        return "failed", None
    return "handed_over", None


def _deliveries(one: _One) -> Iterator[dict[str, Any]]:
    state, code = _fate(one)
    for at, address in enumerate(_roads(one)):
        yield {
            "id": f"v-{one.keys[at]}",
            "team": one.team,
            "purpose": "document",
            "document": f"d-{one.keys[0]}",
            "recipient": ("accountant", "books")[at],
            "address": address,
            "via": "relay",
            "profile": "mailbox",
            "attach": "pdf,ubl",
            "state": state,
            "not_before": one.moment,
            "created_at": one.moment,
            "message_id": f"<{one.keys[at]}@acme.example>",
            "part": 0,
            "generation": 0,
            "priority": 0,
            "claim_no": 1,
            "tries": 1,
            "losses": 0,
            "reason": "nobody let shop@acme.example in yet" if code else None,
            "hold_code": code,
            "named": False,
        }


def _attempts(one: _One) -> Iterator[dict[str, Any]]:
    state, code = _fate(one)
    if code:
        return
    for delivery in _deliveries(one):
        taken = state == "handed_over"
        yield {
            "delivery": delivery["id"],
            "n": 1,
            "started_at": one.moment,
            "outcome": state if taken else "refused",
            "reply": "250 2.0.0 ok" if taken else "550 5.1.1 no such user",
            "ended_at": one.moment,
        }
