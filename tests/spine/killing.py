"""A daemon under load that dies by `kill -9` again and again, and the books that are kept of it.

The load is a sender as RFC 5321 wants it: what was not answered with 250 is sent again. The outside
world is the mail sink in a process of its own, slow before and after the dot, so that the daemon
dies in every part of a dialogue. What is asserted about the result is in `test_kill`.
"""

from __future__ import annotations

import contextlib
import json
import random
import smtplib
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.spine import papers
from tests.spine.house import House, configured
from tests.spine.post import a_mail, hand_in, read_mail
from tests.spine.waiting import until

SLOW = 0.12  # seconds that the sink takes before the data, and before its reply to the dot
BEHIND = 12  # documents: the sender waits for the daemon when it is so far behind
LONGEST = 1.5  # seconds from the start of a daemon to its death
OUTBOX = '\n[outbox]\nretry = ["1s"]\ndoubt_pause = "1s"\n'


@dataclass(slots=True)
class Books:
    """What was seen from outside: numbers that got a 250, deaths, and what stood open at each."""

    accepted: list[str] = field(default_factory=list)
    kills: int = 0
    in_sending: int = 0  # deaths with a delivery between claim and dot
    after_dot: int = 0  # deaths with a delivery whose mail had arrived and whose reply had not
    while_starting: int = 0

    def table(self, end: Ending) -> str:
        """The counts, for people."""
        rows = {
            "kill -9": self.kills,
            "... with a delivery in sending": self.in_sending,
            "... between the dot and the reply": self.after_dot,
            "... before it was ready": self.while_starting,
            "documents accepted": len(self.accepted),
            "documents stored": len(end.documents),
            "deliveries": len(end.deliveries),
            "messages that arrived": sum(end.arrived.values()),
            "... twice or more, with the same bytes": sum(n > 1 for n in end.arrived.values()),
            "attempts recorded as uncertain": end.outcomes["uncertain"],
            "attempts recorded as lost": end.outcomes["lost"],
            "accepted and missing": len(set(self.accepted) - end.numbers),
        }
        width = max(map(len, rows))
        return "\n".join(f"{name:<{width}}  {count:>6}" for name, count in rows.items())


@dataclass(frozen=True, slots=True)
class Ending:
    """What is there when all has settled: maild's records, and the mails at the other end."""

    documents: list[dict[str, Any]]
    arrived: Counter[str]  # by Message-ID
    contents: dict[str, set[bytes]]  # by Message-ID

    @property
    def numbers(self) -> set[str]:
        """The numbers of the stored documents."""
        return {str(one["number"]) for one in self.documents}

    @property
    def deliveries(self) -> list[dict[str, Any]]:
        """Every delivery of every document."""
        return [one for document in self.documents for one in document["deliveries"]]

    @property
    def outcomes(self) -> Counter[str]:
        """How all attempts ended."""
        return Counter(attempt["outcome"] for one in self.deliveries for attempt in one["attempts"])


class Load(threading.Thread):
    """Hands invoices in, one after the other, each until it is answered with 250."""

    def __init__(self, house: House, books: Books) -> None:
        super().__init__(name="load")
        self.port: int | None = None  # where the daemon listens, while one does
        self._house, self._books = house, books
        self._over = threading.Event()
        self._given_up = False
        self._settled = 0

    def run(self) -> None:
        """Until `finish`; a mail that was begun is brought to its end."""
        at = 0
        while not self._over.is_set():
            if len(self._books.accepted) - self._settled >= BEHIND:
                self._over.wait(0.02)
                continue
            at += 1
            number = f"K-{at:05}"
            self._until_accepted(number, pdf=bool(at % 3))
            self._books.accepted.append(number)

    def settled(self, documents: int) -> None:
        """So many documents have left: more may come in."""
        self._settled = documents

    def finish(self) -> None:
        """Begin no other mail, and wait for the last one's 250."""
        self._over.set()
        self.join()

    def give_up(self) -> None:
        """End at once, whatever was answered: the test has failed."""
        self._given_up = True
        self.finish()

    def _until_accepted(self, number: str, *, pdf: bool) -> None:
        files = [("f.xml", papers.invoice(number))]
        if (
            pdf
        ):  # two of three bring their own, so that composing is sometimes long, sometimes short
            files.append(("f.pdf", papers.a_pdf(number)))
        mail = a_mail(*files)
        while not self._given_up:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if self.port is not None and hand_in(self.port, mail).code == 250:
                    return
            time.sleep(0.02)


@contextlib.contextmanager
def slow_sink(folder: Path) -> Iterator[int]:
    """The mail sink as a process that keeps each mail as a file; gives its port."""
    command = [sys.executable, "-m", "maild.simulators.mailsink", "--folder", str(folder)]
    delays = ["--delay", f"DATA={SLOW}", "--delay", f"DOT={SLOW}"]
    with subprocess.Popen([*command, *delays], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(json.loads(process.stdout.readline())["listen"].rpartition(":")[2])
        finally:
            process.terminate()


class Killing:
    """One house with a daemon that is killed, a sender, and a sink's folder."""

    def __init__(self, house: House, *, folder: Path, seed: int) -> None:
        self.house, self._folder = house, folder
        self.books = Books()
        self._chance = random.Random(seed)
        self._load = Load(house, self.books)

    def begin(self, relay: int) -> None:
        """Write the configuration and start the load; nobody listens yet."""
        self.house.write(configured(relay, more=OUTBOX))
        self._load.start()

    def close(self) -> None:
        """End the sender, if it still runs."""
        self._load.give_up()

    def kill_once(self) -> None:
        """Start a daemon, let it work for a while of chance, kill it, and see what stood open."""
        dies_at = time.monotonic() + self._chance.uniform(0.1, LONGEST)
        daemon = self.house.start()
        try:
            if self._chance.random() < 0.1:
                dies_at = time.monotonic() + self._chance.uniform(0, 0.5)
                self.books.while_starting += 1
            else:
                daemon.wait_for("daemon.ready")
                self._load.port = daemon.port
                dies_at = time.monotonic() + self._chance.uniform(0.05, LONGEST)
            time.sleep(max(0.0, dies_at - time.monotonic()))
        finally:
            daemon.kill()
            self._load.port = None
        self._look_at_the_dead()

    def _look_at_the_dead(self) -> None:
        self.books.kills += 1
        queue = self.house.queue("--limit", "10000")
        arrived = {mail_id for mail_id, _ in self._arrivals()}
        under_way = [one for one in queue if one["state"] in {"sending", "uncertain"}]
        open_ = [one for one in under_way if one["attempts"] and _is_open(one)]
        self.books.in_sending += any(one["state"] == "sending" for one in under_way)
        self.books.after_dot += any(
            one["state"] == "uncertain" and one["message_id"] in arrived for one in open_
        )
        self._load.settled(sum(one["state"] == "handed_over" for one in queue) // 2)

    def end(self, *, within: float) -> Ending:
        """Let a last daemon finish everything; what is there then."""
        with self.house.running() as daemon:
            self._load.port = daemon.port
            self._load.finish()
            until(self._nothing_moves, within=within, explain=self.house.status)
            assert daemon.stop() == 0
        arrivals = self._arrivals()
        contents: dict[str, set[bytes]] = {}
        for mail_id, content in arrivals:
            contents.setdefault(mail_id, set()).add(content)
        documents = self.house.documents("--limit", "10000")
        return Ending(documents, Counter(mail_id for mail_id, _ in arrivals), contents)

    def _nothing_moves(self) -> bool:
        queue = self.house.status()["queue"]
        time.sleep(0.2)  # each look costs the daemon a little
        return not any(queue[name] for name in ("queued", "sending", "uncertain"))

    def _arrivals(self) -> list[tuple[str, bytes]]:
        found = []
        for path in sorted(self._folder.glob("*.eml")):
            content = path.read_bytes()
            found.append((str(read_mail(content)["Message-ID"]), content))
        return found


def _is_open(delivery: dict[str, Any]) -> bool:
    return str(delivery["attempts"][-1]["outcome"]) == "open"
