"""How many mails a second the SMTP door takes durably, and what large ones cost.

Prints JSON lines. Each mail holds an invoice that was not there before. "kept": the mail is on the
disk when the 250 comes, and nothing more (`smtpd.answer = "kept"`). "decided": it is also read,
judged by the rules, and stored with its deliveries (held: the team is in shadow mode, so nothing
else runs). The peer is a real Postfix that stores the same mails in its hold queue, taken by the
same client in the same run (mail.md section 2.2). smtp-source is not the client because it sends
the same bytes every time, which are one document to maild.

    python -m bench.intake [--count 600]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from bench._common import Mails, Started, a_daemon, post_all, say
from maild.simulators.mailsink import LOOPBACK
from tests.servers.instance import SEARCH_PATH, make_folder
from tests.servers.postfix import Postfix
from tests.servers.tls import make_certificates

ROUNDS = 3
SHADOW = ('language = "nl"', 'language = "nl"\nmode = "shadow"')
KEPT = ("[smtpd]", '[smtpd]\nanswer = "kept"')
HOLD = {"smtpd_client_restrictions": "check_client_access static:HOLD"}
# Size on the wire, and how much of the count is sent of it.
SIZES = {"5kB": (0, 1.0), "300kB": (295_000, 0.25)}

LARGE = 25_000_000
MOST_GROWTH = 40.0  # MB that the daemon may grow by while it takes large mails
LONGEST_WAIT = 50.0  # ms that another client may wait meanwhile


@contextlib.contextmanager
def a_postfix() -> Iterator[int | None]:
    """The port of a Postfix that stores and holds; None where there is none, or no root to run it."""
    if os.geteuid() != 0 or shutil.which("postconf", path=SEARCH_PATH) is None:
        yield None
        return
    folder = make_folder("ca")
    server = Postfix(make_certificates(folder), settings=HOLD)
    try:
        server.start()
        yield server.port
    finally:
        server.remove()
        shutil.rmtree(folder)


def rate(port: int, mails: Mails, *, count: int, at_once: int) -> float:
    """Mails a second, new ones each time."""
    return count / post_all(port, mails.more(count), at_once=at_once)


def settle(house: Path) -> None:
    """Wait until everything that is kept is decided, so that it takes nothing from the next run."""
    while True:
        with contextlib.closing(sqlite3.connect(house / "state" / "maild.db")) as db:
            if db.execute("SELECT count(*) FROM undecided").fetchone() == (0,):
                return
        time.sleep(0.2)


def rates(place: Path, postfix: int | None, *, count: int) -> None:
    """All servers by turns: whatever else the machine does is shared out between them."""
    kept, decided = place / "kept", place / "decided"
    with a_daemon(kept, 9, SHADOW, KEPT) as first, a_daemon(decided, 9, SHADOW) as second:
        for size, (pdf_size, share) in SIZES.items():
            mails, some = Mails(pdf_size=pdf_size), int(count * share)
            for port in (first.port, second.port):
                post_all(port, mails.more(10), at_once=2)
            for at_once in (1, 10, 50):
                ours: dict[str, list[float]] = {"kept": [], "decided": []}
                theirs = []
                for _ in range(ROUNDS):
                    settle(kept)
                    ours["kept"].append(rate(first.port, mails, count=some, at_once=at_once))
                    settle(kept)
                    ours["decided"].append(rate(second.port, mails, count=some, at_once=at_once))
                    if postfix is not None:
                        theirs.append(rate(postfix, mails, count=some, at_once=at_once))
                for answer, found in ours.items():
                    say(
                        f"intake.{answer}.{size}.x{at_once}",
                        statistics.median(found),
                        unit="mails/s",
                        peer="postfix hold queue",
                        peer_value=statistics.median(theirs) if theirs else None,
                    )


class Onlooker(threading.Thread):
    """Another client: says NOOP again and again, and notes how long it waits and what memory it sees."""

    def __init__(self, daemon: Started) -> None:
        super().__init__(name="onlooker")
        self.waits: list[float] = []  # seconds
        self.memory: list[float] = []  # MB
        self._daemon = daemon
        self._over = threading.Event()

    def run(self) -> None:
        """Until `finish`."""
        with (
            socket.create_connection((LOOPBACK, self._daemon.port), timeout=60) as sock,
            sock.makefile("rb") as replies,
        ):
            replies.readline()
            while not self._over.wait(0.005):
                began = time.perf_counter()
                sock.sendall(b"NOOP\r\n")
                replies.readline()
                self.waits.append(time.perf_counter() - began)
                self.memory.append(memory(self._daemon.process.pid))

    def finish(self) -> None:
        """End it."""
        self._over.set()
        self.join()


def memory(pid: int) -> float:
    """What a process has in memory, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    [found] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(found) / 1000


def large_mails(place: Path) -> None:
    """Six mails of 25 MB, three at once, while another client looks on."""
    with a_daemon(place / "large", 9, SHADOW) as daemon:
        post_all(daemon.port, Mails(pdf_size=2_000_000).more(4), at_once=2)  # its children are warm
        mails, onlooker, before = (
            Mails(pdf_size=LARGE).more(6),
            Onlooker(daemon),
            memory(daemon.process.pid),
        )
        onlooker.start()
        took = post_all(daemon.port, mails, at_once=3)
        onlooker.finish()
    growth = max(onlooker.memory) - before
    say("intake.25MB.memory", growth, unit="MB", peer="limit", peer_value=MOST_GROWTH)
    waits = sorted(1000 * one for one in onlooker.waits)
    say(
        "intake.25MB.others_wait",
        waits[-1],
        unit="ms",
        peer="limit",
        peer_value=LONGEST_WAIT,
        median=round(statistics.median(waits), 2),
        mails_a_second=round(len(mails) / took, 2),
    )


def main() -> None:
    """Small and middling mails against Postfix, large ones against their limits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=600)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="bench-intake-") as folder, a_postfix() as postfix:
        rates(Path(folder), postfix, count=count)
        large_mails(Path(folder))


if __name__ == "__main__":
    main()
