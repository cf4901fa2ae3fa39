"""How many documents and deliveries the store takes a second, and what a long history costs.

Prints JSON lines. The peer is raw sqlite3 (same SQLite, same rows, synchronous=FULL, one commit a
document) in the same run: read the ratios, the absolute figures belong to the machine.

    python bench/store.py [--count 600] [--history 100000]
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from maild.model.delivery import Delivery, Outcome, Purpose, State, Trace
from maild.model.document import Arrival, Counterparty, Document, File, Kind, Role
from maild.model.ids import new_id
from maild.model.money import Amount
from maild.model.team import Attach
from maild.store import deliveries, documents, engines, rows, schema
from maild.store.blobs import Staged, keep
from maild.store.database import Database, Tx

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
UBL = b"<Invoice>" + b"x" * 5_000
REPEATS = 200
LITTLE = 3_000  # documents of 20 teams: a page in the middle of a team is full
Case = tuple[Arrival, Document, Staged, tuple[Delivery, ...]]


def a_case(n: int) -> Case:
    """A mail with one invoice for two destinations."""
    content = UBL + str(n).encode()
    staged = Staged(hashlib.sha256(content).hexdigest(), len(content), content)
    arrival = Arrival(
        id=new_id("a"),
        team=f"team{n % 20}",
        door="smtp",
        received_at=NOW,
        sender="shop@acme.example",
        recipient="acme@post.example",
        subject=f"Invoice {n}",
        message_id=f"<{n}@acme.example>",
        peer="127.0.0.1",
        size=len(content),
        original=staged.sha256,
    )
    document = Document(
        id=new_id("d"),
        team=arrival.team,
        kind=Kind.INVOICE,
        number=f"2026-{n:06}",
        issued_on=NOW.date(),
        counterparty=Counterparty(f"Client {n % 5000} BV", "BE0123456749"),
        total=Amount(Decimal("121.00"), "EUR"),
        files=(
            File(Role.ORIGINAL, "mail.eml", "message/rfc822", len(content), staged.sha256),
            File(Role.UBL, "invoice.xml", "application/xml", len(content), staged.sha256),
        ),
        arrival=arrival.id,
        accepted_at=NOW,
        content_sha256=staged.sha256,
    )
    return arrival, document, staged, tuple(a_delivery(document, to) for to in ("an", "books"))


def a_delivery(document: Document, to: str) -> Delivery:
    """A delivery that is due."""
    id = new_id("v")  # noqa: A001 - the word of the trade
    return Delivery(
        id=id,
        team=document.team,
        purpose=Purpose.DOCUMENT,
        document=document.id,
        recipient=to,
        address=f"{to}@kantoor.example",
        via="relay",
        profile="mailbox",
        attach=(Attach.PDF, Attach.UBL),
        state=State.QUEUED,
        not_before=NOW,
        created_at=NOW,
        message_id=f"<{id}@acme.example>",
    )


def accept(tx: Tx, *, case: Case) -> None:
    """T1 of house.md 2.8, as the desk does it."""
    arrival, document, staged, outgoing = case
    keep(tx, staged)
    documents.same_content(tx, document.team, document.content_sha256)
    documents.same_number(tx, document.team, f"k{document.number}")
    documents.add_arrival(tx, arrival)
    trace = [Trace("invoices to the accountant", hit=True, reason="kind is invoice")]
    key = f"k{document.number}"
    documents.add_document(tx, document, trace=trace, warnings=(), same_number_key=key)
    for one in outgoing:
        deliveries.add(tx, one)


async def shared_out(jobs: Iterable[Callable[[], Awaitable[object]]], *, workers: int) -> float:
    """Run the jobs by that many workers; the seconds it took."""
    waiting = iter(jobs)

    async def work() -> None:
        for job in waiting:
            await job()

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    return time.perf_counter() - started


async def one_delivery(db: Database) -> None:
    """T2 to T5 for one delivery, four commits."""
    lease = NOW + timedelta(minutes=5)
    claim = partial(deliveries.claim, now=NOW, owner="bench", lease_until=lease, limit=1)
    (claimed,) = await db.write(claim)
    await db.write(partial(deliveries.begin, delivery=claimed, message="0" * 64, now=NOW))
    await db.write(partial(deliveries.mark_uncertain, delivery=claimed))
    settled = deliveries.Settled(State.HANDED_OVER, Outcome.HANDED_OVER, NOW, reply="250 2.0.0 ok")
    await db.write(partial(deliveries.settle, delivery=claimed, settled=settled))


def raw(folder: Path, count: int) -> float:
    """The peer: the same rows by the driver alone, one commit a document."""
    path = folder / "raw.db"
    driver = engines.driver().connect(str(path), isolation_level=None)
    driver.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    engine = engines.writer_engine(path)
    with engine.connect() as tx, tx.begin():
        schema.metadata.create_all(tx)
    engine.dispose()
    cases = [[as_statement(*one) for one in rows_of(a_case(n))] for n in range(count)]
    started = time.perf_counter()
    for statements in cases:
        driver.execute("BEGIN IMMEDIATE")
        for statement, values in statements:
            driver.execute(statement, values)
        driver.execute("COMMIT")
    took = time.perf_counter() - started
    driver.close()
    return took


def rows_of(case: Case) -> list[tuple[Table, dict[str, Any]]]:
    """Every row of a case, as `accept` writes them."""
    arrival, document, staged, outgoing = case
    row = rows.of_document(document)
    row |= {"same_number_key": f"k{document.number}", "trace": "[]", "warnings": "[]"}
    found: list[tuple[Table, dict[str, Any]]] = [
        (schema.small_blobs, {"sha256": staged.sha256, "content": staged.small}),
        (schema.arrivals, rows.of_arrival(arrival)),
        (schema.documents, row),
        (schema.arrival_documents, {"arrival": arrival.id, "document": document.id}),
    ]
    files = enumerate(document.files)
    found += [(schema.files, rows.of_file(document.id, one, at=n)) for n, one in files]
    return found + [(schema.deliveries, rows.of_delivery(one)) for one in outgoing]


def as_statement(table: Table, row: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """A row as the driver takes it."""
    values = [value.isoformat() if hasattr(value, "isoformat") else value for value in row.values()]
    marks = ", ".join("?" * len(row))
    return f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({marks})", tuple(values)  # noqa: S608 - our own names


async def speed(folder: Path, count: int) -> None:
    """Documents and deliveries a second, by number of writers, against the peer."""
    peer = count / raw(folder, count)
    say(name="peer: raw sqlite3 FULL, a commit each", per_second=round(peer))
    db = await Database.open(folder / "speed.db")
    for workers in (1, 10, 100):
        cases = [a_case(workers * 1_000_000 + n) for n in range(count)]
        jobs = [partial(db.write, partial(accept, case=case)) for case in cases]
        rate = count / await shared_out(jobs, workers=workers)
        name = f"accept, {workers} writers"
        say(name=name, per_second=round(rate), ratio=round(rate / peer, 2))
    for workers in (1, 10, 100):
        jobs = [partial(one_delivery, db)] * count
        rate = count / await shared_out(jobs, workers=workers)
        name = f"claim, begin, point of no return, settle: {workers} lanes"
        say(name=name, per_second=round(rate), ratio=round(rate / peer, 2))
    await db.close()


async def growth(folder: Path, history: int) -> None:
    """What lookups and pages cost after much history, against one in which pages are just full."""
    small, large = [await lookups(folder, size) for size in (LITTLE, history)]
    for name, took in large.items():
        times = round(took / small[name], 1)
        say(name=name, documents=history, microseconds=round(took * 1e6), growth=times)


async def lookups(folder: Path, size: int) -> dict[str, float]:
    """Median seconds of each lookup with that many documents, all delivered but five."""
    db = await Database.open(folder / f"growth{size}.db")
    cases = [a_case(n) for n in range(size)]
    for start in range(0, size, 2_000):
        await db.write(partial(fill, cases=cases[start : start + 2_000]))
    middle = cases[size // 2][1]
    for case in cases[:5]:
        await db.write(
            partial(deliveries.add, delivery=replace(case[3][0], id=new_id("v"), part=1))
        )
    lease = NOW + timedelta(minutes=5)
    reads: dict[str, Callable[[Tx], object]] = {
        "by content": partial(
            documents.same_content, team=middle.team, content_sha256=middle.content_sha256
        ),
        "by same number": partial(documents.same_number, team=middle.team, key=f"k{middle.number}"),
        "first page of 50": partial(documents.find, team=middle.team, limit=50),
        "page of 50 in the middle": partial(
            documents.find, team=middle.team, after=middle.id, limit=50
        ),
        "what is queued": partial(documents.find, state="queued", limit=50),
        "part of a number": partial(documents.find, team=middle.team, number=middle.number),
        "counts": deliveries.counts,
        "next due": partial(deliveries.oldest_due, now=NOW),
        "claim that finds nothing": partial(
            deliveries.claim, now=NOW - timedelta(1), owner="x", lease_until=lease, limit=50
        ),
    }
    with engines.writer_engine(folder / f"growth{size}.db").connect() as tx:
        took = {name: median(tx, fn) for name, fn in reads.items()}
    await db.close()
    return took


def fill(tx: Tx, *, cases: list[Case]) -> None:
    """Write many cases at once, their deliveries handed over."""
    tables: dict[Table, list[dict[str, Any]]] = {}
    for case in cases:
        for table, row in rows_of(case):
            if table is schema.deliveries:
                row["state"] = State.HANDED_OVER.value
            tables.setdefault(table, []).append(row)
    for table, found in tables.items():
        tx.execute(insert(table), found)


def median(tx: Tx, fn: Callable[[Tx], object]) -> float:
    """The median seconds of a function of a transaction; slow ones are asked less often."""
    took: list[float] = []
    until = time.perf_counter() + 2
    while len(took) < REPEATS and (time.perf_counter() < until or len(took) < 3):
        started = time.perf_counter()
        fn(tx)
        took.append(time.perf_counter() - started)
    return statistics.median(took)


def say(**facts: object) -> None:
    """Print one JSON line."""
    print(json.dumps({"bench": "store"} | facts), flush=True)


def main() -> None:
    """Run all of it in a folder that goes away."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--history", type=int, default=100_000)
    asked = parser.parse_args()
    say(name="SQLite", version=engines.driver().sqlite_version)
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        asyncio.run(speed(Path(folder), asked.count))
        if asked.history:
            asyncio.run(growth(Path(folder), asked.history))


if __name__ == "__main__":
    main()
