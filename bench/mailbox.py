"""How fast mail comes in from a mailbox: fetched and durable, and read and decided.

Prints JSON lines. The mails lie in a real Dovecot, 1,000 of 50 kB with an invoice each that is not
known. The peer is plain imapclient that fetches the same mails from the same account and keeps
nothing (mail.md section 2.4). "durable" is maild's own connection, spool and group commit with a
desk that only keeps the original; "decided" is the whole daemon in shadow mode.

    python -m bench.mailbox [--count 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import smtplib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench._common import SENDER, Mails, a_daemon, say
from maild.connectors.imap import ImapMailbox
from maild.connectors.imap_wire import ImapOptions
from maild.intake.mailbox_fetching import Fetching, Plan, close
from maild.intake.mailbox_rules import TAKE_ALL, Route, read_head
from maild.model.document import Arrival
from maild.model.ids import new_id
from maild.store import blobs, documents
from maild.store.blobs import BlobStore, Staged
from maild.store.database import Database, Tx
from tests.servers.dovecot import PASSWORD, Dovecot
from tests.servers.instance import make_folder
from tests.servers.tls import make_certificates
from tests.spine.mailboxes import section

ROUNDS = 3
SIZE = 37_000  # of a PDF: 50 kB as a mail
SHADOW = ('language = "nl"', 'language = "nl"\nmode = "shadow"')


@contextmanager
def a_dovecot() -> Iterator[Dovecot]:
    """A Dovecot of our own."""
    folder = make_folder("ca")
    server = Dovecot(make_certificates(folder))
    try:
        server.start()
        yield server
    finally:
        server.remove()
        shutil.rmtree(folder)


def filled(dovecot: Dovecot, address: str, mails: Sequence[bytes]) -> str:
    """The account once these mails lie in it."""
    with smtplib.LMTP("127.0.0.1", dovecot.lmtp_port) as client:
        for mail in mails:
            client.sendmail(SENDER, [address], mail)
    return address


def plain(dovecot: Dovecot, address: str) -> float:
    """Seconds that imapclient takes to fetch all, 25 a command."""
    began = time.perf_counter()
    with dovecot.login(address) as client:
        client.select_folder("INBOX")
        uids = client.search("ALL")
        size = 0
        for start in range(0, len(uids), 25):
            found = client.fetch(uids[start : start + 25], ["BODY.PEEK[]"])
            size += sum(len(one[b"BODY[]"]) for one in found.values())
    return time.perf_counter() - began


async def durable(dovecot: Dovecot, address: str, folder: Path) -> float:
    """Seconds until all are fetched and their originals durable, with a row each."""
    (folder / "secret").write_text(PASSWORD)
    db = await Database.open(folder / "maild.db")
    store = BlobStore(folder / "blobs", db)
    mailbox = ImapMailbox(
        ImapOptions(
            name="bench",
            host="127.0.0.1",
            port=dovecot.imap_port,
            tls="none",
            username=address,
            password_file=folder / "secret",
        )
    )
    began = time.perf_counter()
    await mailbox.connect()
    look = await mailbox.look("INBOX")
    fetching = Fetching(mailbox, store.spool, 35_000_000)
    for start in range(0, len(look.uids), 200):
        heads = await mailbox.heads("INBOX", look.uids[start : start + 200])
        plans = [Plan(one, read_head(one), TAKE_ALL, (Route("acme"),)) for one in heads]
        async for group in fetching.groups(plans, asyncio.Event()):
            staged = await asyncio.gather(*(store.stage(raw) for _, raw in group))
            await asyncio.gather(*(db.write(partial(_keep, one)) for one in staged))
            close(group)
    took = time.perf_counter() - began
    await mailbox.close()
    await db.close()
    return took


def _keep(staged: Staged, tx: Tx) -> None:
    blobs.keep(tx, staged)
    documents.add_arrival(
        tx,
        Arrival(
            id=new_id("a"),
            team="acme",
            door="mailbox",
            received_at=datetime.now(UTC),
            sender=None,
            recipient=None,
            subject=None,
            message_id=None,
            peer="bench",
            size=staged.size,
            original=staged.sha256,
        ),
    )


def decided(dovecot: Dovecot, address: str, place: Path, *, count: int) -> float:
    """Seconds that a daemon takes until all are read, decided, stored and moved away."""
    place.mkdir()
    (place / "secret").write_text(PASSWORD)
    more = section("bench", dovecot, address).replace('"secret"', f'"{place / "secret"}"')
    with a_daemon(place / "house", 9, SHADOW, more=more):
        began = time.perf_counter()
        database = place / "house" / "state" / "maild.db"
        while _stored(database) < count:
            time.sleep(0.1)
        return time.perf_counter() - began


def _stored(database: Path) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as db:
        found = db.execute("SELECT count(*) FROM mailbox_messages WHERE settled").fetchone()
    db.close()
    return int(found[0])


def main() -> None:
    """By turns, over the same account."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="bench-mailbox-") as name, a_dovecot() as dovecot:
        place = Path(name)
        box = filled(dovecot, "bench@inbox.test", Mails(pdf_size=SIZE).more(count))
        ours, theirs = [], []
        plain(dovecot, box)  # Dovecot's index is warm from here on
        for n in range(ROUNDS):
            theirs.append(count / plain(dovecot, box))
            (place / f"durable{n}").mkdir()
            ours.append(count / asyncio.run(durable(dovecot, box, place / f"durable{n}")))
        fetched = statistics.median(theirs)
        peer = "imapclient FETCH"
        say(
            "mailbox.50kB.durable",
            statistics.median(ours),
            unit="mails/s",
            peer=peer,
            peer_value=fetched,
        )
        rate = count / decided(dovecot, box, place / "decided", count=count)
        say("mailbox.50kB.decided", rate, unit="mails/s", peer="100 mails/s", peer_value=100.0)


if __name__ == "__main__":
    main()
