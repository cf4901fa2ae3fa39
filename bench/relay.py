"""The way out beside others: one connection a mail by aiosmtplib, and a Postfix that empties its queue.

Prints JSON lines. All carry the same prepared mails into Postfix's smtp-sink in the same run, by
turns. Postfix holds them first and is timed from the release until the last one is in the sink;
the outbox is timed from its start until everything is settled. Needs root and Postfix; prints
nothing where there is none. What a composed document costs is in `pipeline.py`.

    python -m bench.relay [--count 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import aiosmtplib

from bench._common import say
from bench.outbox import ADDRESS, SENDER, a_message, by_outbox
from maild.log import setup
from maild.simulators.mailsink import LOOPBACK
from tests.servers.instance import SEARCH_PATH, make_folder
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import SmtpSink
from tests.servers.tls import Certificates, make_certificates

ROUNDS = 3  # of each; the median counts
AT_ONCE = 10
# Size of a mail, and how much of the count is sent of it.
SIZES = {"5kB": (5_000, 1.0), "300kB": (300_000, 0.25)}
# It holds what comes, passes it on over as many connections as we have, and notes each in a log.
SETTINGS = {
    "smtpd_client_restrictions": "check_client_access static:HOLD",
    "default_destination_concurrency_limit": str(AT_ONCE),
    "initial_destination_concurrency": str(AT_ONCE),
}
PATIENCE = 120.0


async def by_aiosmtplib(port: int, *, count: int, size: int) -> float:
    """Mails a second with a new connection for each, so many at once; nothing is written down."""

    async def carry(share: int) -> None:
        for n in range(share):
            async with aiosmtplib.SMTP(
                hostname=LOOPBACK, port=port, use_tls=False, start_tls=False
            ) as client:
                await client.sendmail(SENDER, [ADDRESS], a_message(f"v-{n}", size))

    began = time.perf_counter()
    await asyncio.gather(*(carry(count // AT_ONCE) for _ in range(AT_ONCE)))
    return count / (time.perf_counter() - began)


async def hand_to_postfix(port: int, *, count: int, size: int) -> None:
    """Fill its hold queue."""

    async def carry(share: int) -> None:
        async with aiosmtplib.SMTP(
            hostname=LOOPBACK, port=port, use_tls=False, start_tls=False
        ) as client:
            for n in range(share):
                await client.sendmail(SENDER, [ADDRESS], a_message(f"v-{n}", size))

    await asyncio.gather(*(carry(count // AT_ONCE) for _ in range(AT_ONCE)))


def by_postfix(certificates: Certificates, *, count: int, size: int) -> float:
    """Mails a second from the release of what it holds until all of it is in its sink."""
    sink = SmtpSink()
    server = Postfix(
        certificates,
        settings=SETTINGS | {"default_transport": f"smtp:[{LOOPBACK}]:{sink.port}"},
    )
    try:
        sink.start()
        server.start()
        asyncio.run(hand_to_postfix(server.port, count=count, size=size))
        began = time.perf_counter()
        server.release()
        while _waits(server.folder / "queue"):
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit(f"Postfix did not empty its queue\n{server.log()[-2000:]}")
            time.sleep(0.02)
        return count / (time.perf_counter() - began)
    finally:
        server.remove()
        sink.remove()


def _waits(queue: Path) -> bool:
    """Whether a mail is in one of its queues; each is removed once the sink has it."""
    queues = ("hold", "incoming", "active", "deferred")
    return any(files for name in queues for _, _, files in os.walk(queue / name))


def ours(*, count: int, size: int) -> float:
    """Deliveries a second through the outbox, claimed to settled."""
    sink = SmtpSink()
    with tempfile.TemporaryDirectory(prefix="bench-relay-") as folder:
        try:
            sink.start()
            run = by_outbox(sink.port, Path(folder), count=count, size=size, at_once=AT_ONCE)
            return asyncio.run(run)
        finally:
            sink.remove()


def by_one_each(*, count: int, size: int) -> float:
    """The peer that opens a connection for each mail."""
    sink = SmtpSink()
    try:
        sink.start()
        return asyncio.run(by_aiosmtplib(sink.port, count=count, size=size))
    finally:
        sink.remove()


def main() -> None:
    """Small and middling mails; all three by turns, so that other programs slow each alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    whole = parser.parse_args().count
    if os.geteuid() != 0 or shutil.which("postconf", path=SEARCH_PATH) is None:
        return
    setup.configure(level="error")
    folder = make_folder("ca")
    try:
        certificates = make_certificates(folder)
        for name, (size, share) in SIZES.items():
            count = int(whole * share) // AT_ONCE * AT_ONCE
            outbox, one_each, postfix = [], [], []
            for _ in range(ROUNDS):
                outbox.append(ours(count=count, size=size))
                one_each.append(by_one_each(count=count, size=size))
                postfix.append(by_postfix(certificates, count=count, size=size))
            value = statistics.median(outbox)
            for peer, found in (
                ("aiosmtplib, one connection a mail", one_each),
                ("postfix", postfix),
            ):
                say(
                    f"relay.{name}.x{AT_ONCE}",
                    value,
                    unit="mails/s",
                    peer=peer,
                    peer_value=statistics.median(found),
                    count=count,
                )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
