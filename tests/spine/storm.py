"""A bad day of mail: a Postfix that defers, refuses, bounces, delays and loses connections.

The daemon that sends to it dies by `kill -9` at moments of chance. What is asserted about the end
is in `test_storm`; here are the world, the rounds, and the books that are kept of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import re
import smtplib
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.servers.cutter import Chances, Cutter
from tests.servers.fixtures import StartPostfix, StartSink
from tests.servers.policy import Policy
from tests.servers.ports import free_port
from tests.servers.postfix import Postfix
from tests.servers.smtp_sink import SmtpSink
from tests.spine import papers
from tests.spine.house import OWNER, PEOPLE, QUICK, House, configured
from tests.spine.post import a_mail, hand_in
from tests.spine.waiting import until

UNKNOWN = "550 5.1.1 <inbox>: Recipient address rejected: User unknown"
GONE = "gone@unknown.test"  # taken by the relay, and then bounced
WRONG = "wrong@kantoor.example"  # refused by the relay
MOST = "10000"  # rows of a list; no run has so many
LATE = "Inbox.Example"  # the books: their server is down until the last kill
CUTS = Chances(body=0.06, reply=0.06, command=0.02, slow=0.15)
LIFE = {"maximal_queue_lifetime": "1h", "bounce_queue_lifetime": "1h"}

# Invoices to two, quotes to whom there is not, credit notes to whom the relay refuses.
_OWNER = f'"{OWNER}", profile = "mailbox" }}'
_WRONG = f'\nwrong = {{ via = "relay", address = "{WRONG}", profile = "mailbox" }}'
_CREDIT = """
[[team.acme.rules]]
name = "credit notes to whom there is not"
kinds = ["credit_note"]
to = ["wrong"]
"""
ROADS = (
    ('tls = "none" ', 'tls = "none"\nreturn_path = "verp"\n# '),
    PEOPLE,
    (_OWNER, _OWNER + _WRONG),
    (OWNER, GONE),
    ('kinds = ["invoice", "credit_note"]', 'kinds = ["invoice"]'),
)
_MAKERS = (papers.invoice, papers.invoice, papers.invoice, papers.quote, papers.credit_note)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Round:
    """One life of a daemon, seen from outside: what got a 250 in it, and what stood open after."""

    accepted: list[str] = field(default_factory=list)
    unanswered: int = 0  # handed in and no 250 seen; the sender came again
    sending: int = 0  # deliveries between claim and dot when it died
    in_window: int = 0  # deliveries whose reply to the dot was awaited when it died


class Load(threading.Thread):
    """Hands papers in, as many a round as it is told, each until it is answered with 250."""

    def __init__(self, port: int, rounds: list[Round]) -> None:
        super().__init__(name="load")
        self._port, self._rounds = port, rounds
        self._tickets = threading.Semaphore(0)
        self._over = threading.Event()
        self.done = 0

    def more(self, count: int) -> None:
        """Hand in so many more."""
        self._tickets.release(count)

    def run(self) -> None:
        """Until `finish`; a paper that was begun is brought to its end."""
        while True:
            self._tickets.acquire()
            if self._over.is_set():
                return
            number = f"ST-{self.done:05}"
            files = [("f.xml", _MAKERS[self.done % len(_MAKERS)](number))]
            # Most bring their own PDF, so that composing is sometimes long, sometimes short.
            files += [("f.pdf", papers.a_pdf(number))] if self.done % 4 else []
            self._until_accepted(a_mail(*files), number)
            self.done += 1

    def finish(self) -> None:
        """Begin no other paper, and wait for the last one's 250."""
        self._over.set()
        self._tickets.release()
        self.join()

    def _until_accepted(self, mail: Any, number: str) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError, smtplib.SMTPException):
                if hand_in(self._port, mail).code == 250:
                    self._rounds[-1].accepted.append(number)
                    return
            self._rounds[-1].unanswered += 1
            time.sleep(0.05)


@dataclass
class Storm:
    """A house, the world that its mail goes into, and the rounds so far."""

    house: House
    postfix: Postfix
    policy: Policy
    cutter: Cutter
    sinks: dict[str, SmtpSink]
    late: SmtpSink
    load: Load
    rounds: list[Round]
    chance: random.Random
    freed: int = 0

    def kill_once(self, *, papers_more: int, longest: float) -> None:
        """A daemon that works for a while of chance and is killed; what stood open then."""
        self.rounds.append(Round())
        self.load.more(papers_more)
        daemon = self.house.start()
        try:
            if self.chance.random() < 0.9:
                daemon.wait_for("daemon.ready")
            time.sleep(self.chance.uniform(0.05, longest))
        finally:
            daemon.kill()
        self.rounds[-1].sending = len(self._standing("sending"))
        self.rounds[-1].in_window = sum(
            one["attempts"][-1]["outcome"] == "open" for one in self._standing("uncertain")
        )

    def end(self, count: int, *, within: float) -> End:
        """Let a last daemon finish everything, the late server come up; what is there then."""
        self.rounds.append(Round())
        self._let_go()
        with self.house.running() as daemon:
            until(lambda: self.load.done == count, within=within, explain=daemon.log)
            self.load.finish()
            until(self._told_late, within=within, explain=self.house.status)
            self.late.start()
            self.postfix.flush()
            until(self._calm, within=within, explain=self._explained)
            assert daemon.stop() == 0
        everything = self.house.queue("--limit", MOST)
        return End(everything, self.house.documents("--limit", MOST), *self._arrivals())

    def _standing(self, state: str) -> list[dict[str, Any]]:
        return self.house.queue("--state", state, "--limit", MOST)

    def _let_go(self) -> None:
        # Kills that come faster than a message is composed look like a document that kills maild:
        # a person lets it go, as its reason tells him.
        for one in self._standing("held"):
            assert one["hold_code"] == "losses", one
            assert self.house.json("queue", "release", one["id"])[0]["state"] == "queued"
            self.freed += 1

    def _told_late(self) -> bool:
        time.sleep(0.2)
        return any(
            one["action"] == "delayed"
            for each in self._standing("handed_over")
            for one in each["returns"]
        )

    def _calm(self) -> bool:
        # Twice: reports come of what the relay took, notices of reports, and they leave by it too.
        return all(self._rests() and not self.postfix.queue() for _ in range(2))

    def _rests(self) -> bool:
        queue = self.house.status()["queue"]
        time.sleep(0.2)  # each look costs the daemon a little
        return not any(queue[name] for name in ("queued", "sending", "uncertain"))

    def _explained(self) -> str:
        return f"{self.house.status()}\n{self.postfix.queue()[:3]}\n{self.postfix.log()[-2000:]}"

    def _arrivals(self) -> tuple[Counter[str], dict[str, set[str]]]:
        arrived: Counter[str] = Counter()
        bodies: dict[str, set[str]] = defaultdict(set)
        for sink in (*self.sinks.values(), self.late):
            for raw in sink.mails():
                found = _MESSAGE_ID.search(raw)
                assert found is not None, raw[:500]
                name = found[1].decode()
                arrived[name] += 1
                # Only the trace lines of the relay differ from one copy to the next.
                body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
                bodies[name].add(hashlib.sha256(body).hexdigest())
        return arrived, dict(bodies)


@dataclass(frozen=True, slots=True)
class End:
    """What is there when all has settled."""

    deliveries: list[dict[str, Any]]  # notices too
    documents: list[dict[str, Any]]
    arrived: Counter[str]  # at the servers behind the relay, by Message-ID
    bodies: dict[str, set[str]]

    def to(self, address: str) -> list[dict[str, Any]]:
        """The deliveries to one address."""
        return [one for one in self.deliveries if one["address"] == address]

    def lost(self, one: dict[str, Any]) -> bool:
        """Handed over, not bounced, and not there."""
        return one["state"] not in {"failed", "bounced"} and not self.arrived[one["message_id"]]

    def twice(self, one: dict[str, Any]) -> bool:
        """More than one copy is there."""
        return self.arrived[one["message_id"]] > 1


def doubts(delivery: dict[str, Any]) -> int:
    """How many of its attempts ended without a reply to the dot."""
    return sum(attempt["outcome"] == "uncertain" for attempt in delivery["attempts"])


@contextlib.contextmanager
def storm(
    house: House, start_postfix: StartPostfix, start_sink: StartSink, *, seed: int
) -> Iterator[Storm]:
    """The world, and a load that hands in what it is told; the daemon is started by the rounds."""
    door, late = free_port(), SmtpSink()
    policy = Policy(defers=0.08, delays=0.03, seed=seed)
    with contextlib.ExitStack() as stack:
        stack.callback(late.remove)
        policy.start()
        stack.callback(policy.stop)
        sinks = {"kantoor.example": start_sink(), "acme.example": start_sink()}
        unknown = start_sink("-f", "RCPT", "-B", UNKNOWN)
        hops = sinks | {"unknown.test": unknown, LATE.lower(): late}
        transports = {name: f"smtp:[127.0.0.1]:{hop.port}" for name, hop in hops.items()}
        transports["post.example"] = f"smtp:[127.0.0.1]:{door}"
        postfix = start_postfix(transports=transports, settings=policy.settings | LIFE)
        cutter = Cutter(postfix.port, chances=CUTS, seed=seed)
        cutter.start()
        stack.callback(cutter.stop)
        house.write(configured(cutter.port, *ROADS, more=_CREDIT + QUICK, listen=door))
        rounds: list[Round] = [Round()]
        load = Load(door, rounds)
        load.start()
        stack.callback(load.finish)
        yield Storm(
            house, postfix, policy, cutter, sinks, late, load, rounds, random.Random(seed)
        )  # fmt: skip
