"""How many deliveries a second the way out carries into a sink.

Prints JSON lines. The peer is `smtplib`, one connection kept and used again, into the same sink in
the same run; it writes nothing down, while the outbox commits four times for each delivery
(claim, begin, point of no return, settle), with synchronous=FULL. Read the ratios, the absolute
figures belong to the machine.

    python bench/outbox.py [--count 1000] [--size 5000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.log import setup
from maild.model.delivery import Delivery, Parcel, Purpose, State
from maild.model.ids import new_id
from maild.outbox.compose import Composed
from maild.outbox.dispatch import Outbox, OutboxOptions
from maild.rules.book import RuleBook
from maild.simulators.mailsink import LOOPBACK
from maild.store import deliveries
from maild.store.blobs import BlobStore
from maild.store.database import Database, Tx

SENDER, ADDRESS = "facturen@acme.example", "an@kantoor.example"
ROUNDS = 3  # of each; the best counts, since other programs only ever slow it down


def now() -> datetime:
    """The time."""
    return datetime.now(tz=UTC)


def a_message(delivery: str, size: int) -> bytes:
    """A mail of about that many bytes, no two alike."""
    head = f"Message-ID: <{delivery}@acme.example>\r\nSubject: invoice\r\n\r\n".encode()
    return head + (b"0123456789" * 7 + b"\r\n") * (size // 72)


@contextmanager
def a_sink() -> Iterator[int]:
    """The mail sink in a process of its own; gives its port."""
    command = [sys.executable, "-m", "maild.simulators.mailsink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        listen = json.loads(process.stdout.readline())["listen"]
        try:
            yield int(listen.rpartition(":")[2])
        finally:
            process.terminate()


def by_smtplib(port: int, *, count: int, size: int) -> float:
    """Mails a second, one after the other over one connection."""
    with smtplib.SMTP(LOOPBACK, port) as client:
        began = time.perf_counter()
        for n in range(count):
            client.sendmail(SENDER, [ADDRESS], a_message(f"v-{n}", size))
        return count / (time.perf_counter() - began)


async def by_connector(port: int, *, count: int, size: int, at_once: int) -> float:
    """Mails a second through the connector alone: nothing is written down."""

    async def nothing() -> None:
        return

    async def carry(share: int) -> None:
        for n in range(share):
            parcel = Parcel(f"v-{n}", SENDER, ADDRESS, a_message(f"v-{n}", size))
            await connector.deliver(parcel, point_of_no_return=nothing)

    connector = SmtpConnector(SmtpOptions("relay", LOOPBACK, port, "none"))
    began = time.perf_counter()
    await asyncio.gather(*(carry(count // at_once) for _ in range(at_once)))
    took = time.perf_counter() - began
    await connector.close()
    return count / took


async def by_outbox(port: int, folder: Path, *, count: int, size: int, at_once: int) -> float:
    """Deliveries a second from claimed to settled, every step durable."""
    db = await Database.open(folder / "maild.db")
    blobs = BlobStore(folder / "blobs", db)
    connector = SmtpConnector(SmtpOptions("relay", LOOPBACK, port, "none"))

    async def compose(delivery: Delivery) -> Composed:
        message = a_message(delivery.id, size)
        parcel = Parcel(delivery.id, SENDER, ADDRESS, message)
        return Composed(parcel, await blobs.stage(message))

    outbox = Outbox(
        db=db,
        compose=compose,
        connectors={"relay": connector},
        options=OutboxOptions(connections={"relay": at_once}),
        book=lambda: RuleBook([]),
        tell=lambda *_, **__: None,
        now=now,
    )
    await db.write(partial(fill, count=count))
    stop = asyncio.Event()
    began = time.perf_counter()
    task = asyncio.create_task(outbox.run(stop))
    # A look at each commit would slow what is measured, so it looks now and then.
    while (await db.read(deliveries.counts))[State.HANDED_OVER] < count:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    stop.set()
    await task
    await connector.close()
    await db.close()
    return count / took


def fill(tx: Tx, *, count: int) -> None:
    """Put deliveries into the store that are due."""
    due = now() - timedelta(seconds=1)
    for _ in range(count):
        id_ = new_id("v")
        one = Delivery(
            id=id_,
            team="acme",
            purpose=Purpose.NOTICE,
            document=None,
            recipient="accountant",
            address=ADDRESS,
            via="relay",
            profile="mailbox",
            attach=(),
            state=State.QUEUED,
            not_before=due,
            created_at=due,
            message_id=f"<{id_}@acme.example>",
        )
        deliveries.add(tx, one)


def say(name: str, value: float, *, peer: str, ratio: float, **facts: float) -> None:
    """One line of the result."""
    line = {"bench": f"outbox.{name}", "value": round(value, 1), "unit": "mails/s"}
    print(json.dumps(line | {"peer": peer, "ratio": round(ratio, 2)} | facts), flush=True)


def main() -> None:
    """Run all of it against one sink."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--size", type=int, default=5000)
    asked = parser.parse_args()
    setup.configure(level="error")
    count, size = asked.count, asked.size
    with a_sink() as port:
        peer = max(by_smtplib(port, count=count, size=size) for _ in range(ROUNDS))
        say("smtplib", peer, peer="smtplib", ratio=1, size=size)
        for at_once in (1, 4, 10):
            load = {"count": count - count % at_once, "size": size, "at_once": at_once}
            alone = max(asyncio.run(by_connector(port, **load)) for _ in range(ROUNDS))
            say("connector", alone, peer="smtplib", ratio=alone / peer, **load)
            rates = []
            for _ in range(ROUNDS):
                with tempfile.TemporaryDirectory(prefix="bench-outbox-") as folder:
                    rates.append(asyncio.run(by_outbox(port, Path(folder), **load)))
            say("durable", max(rates), peer="smtplib", ratio=max(rates) / peer, **load)


if __name__ == "__main__":
    main()
