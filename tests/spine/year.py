"""A year of many teams by a fast clock: maild as a process that is killed, and all that it talks to.

Exact Online, CodaBox and the mail server are stand-ins in this process, by the same clock; faults of
all sorts strike them. What a person would do is done: consent is given again, what is held because
maild died over it is let go. What is asserted in the end is in `test_year`.
"""

from __future__ import annotations

import contextlib
import json
import random
import signal
import smtplib
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from maild.simulators.codabox import world as codabox
from maild.simulators.codabox.server import CodaBox
from maild.simulators.exact import sample
from maild.simulators.exact.faults import Fault
from maild.simulators.exact.server import USER, ExactOnline
from maild.store import deliveries, engines, leases, marks, runs, tokens
from maild.store.database import Tx
from tests.connectors.exact.mapping import MAPPING
from tests.spine.fast import FastClock
from tests.spine.house import Daemon, House
from tests.spine.post import a_mail, hand_in
from tests.spine.sinks import Sink
from tests.spine.waiting import PATIENCE, until
from tests.spine.year_papers import Company, Paper

PACE = 20.0  # while there is something to do; what nothing waits for is leapt over
QUIET = 3  # looks in a row at which nothing was to do
STUCK = 240.0  # real seconds: then something waits for ever
READING = 3.0  # real seconds after which a feed that does not move is left for its next look
WORKS = ("export", "tidy")
CONSENT_OF = "t01"

# What strikes Exact Online, by the calls that it may strike.
EXACT_FAULTS = [
    ("POST salesentry/SalesEntries", Fault.CUT_AFTER),
    ("POST salesentry/SalesEntries", Fault.HALF_ANSWER),
    ("POST documents/Documents", Fault.CUT_AFTER),
    ("POST documents/DocumentAttachments", Fault.TRUNCATED),
    ("POST crm/Accounts", Fault.CUT_AFTER),
    ("POST *Entries", Fault.HTML_200),
    ("POST *", Fault.SERVICE_503),
    ("GET *", Fault.HTML_500),
    ("GET *", Fault.HTML_200),
    ("GET *", Fault.CUT_BEFORE),
    ("GET *", Fault.SLOW),
    ("GET *", Fault.UNAUTHORIZED),
    ("GET *", Fault.MINUTE_LIMIT),
    ("GET *", Fault.DAY_LIMIT),
    ("GET crm/Accounts", Fault.DIVISION_REFUSED),
    ("POST oauth2/token", Fault.TOO_EARLY),
    ("POST oauth2/token", Fault.OLD_TOKEN),
    ("POST oauth2/token", Fault.SERVICE_503),
]
# Struck once: who is blocked again is blocked for longer.
BLOCK = ("POST documents/Documents", Fault.KEY_BLOCKED)


class FastHouse(House):
    """A house whose commands and daemons go by a clock of its own."""

    def __init__(self, folder: Path, *, bytecode: Path, clock: FastClock) -> None:
        super().__init__(folder, bytecode=bytecode)
        self.clock = clock

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tests.spine.fast", str(self.clock.path), *arguments]


class TimedWorld(codabox.World):
    """CodaBox by the clock."""

    clock: FastClock

    @property
    def now(self) -> float:
        """Seconds."""
        return self.clock.seconds()

    @now.setter
    def now(self, _: float) -> None:
        """Nothing but the clock moves it."""


@dataclass(slots=True)
class Seen:
    """What was seen from outside on the way."""

    kills: int = 0
    consents: int = 0
    released: int = 0
    leaps: int = 0
    calls: Counter[tuple[int, str]] = field(
        default_factory=Counter
    )  # at Exact, by division and day
    minutes: Counter[tuple[int, str]] = field(default_factory=Counter)  # and by minute


class Year:
    """The world, and the walk through it."""

    def __init__(self, house: FastHouse, *, teams: Sequence[Company], seed: int) -> None:
        self.house, self.teams, self.seen = house, teams, Seen()
        self.clock = house.clock
        self.exact, self.sink = ExactOnline(), Sink()
        world = TimedWorld()
        world.clock = self.clock
        self.box = CodaBox(world)
        self._rng = random.Random(seed)
        self._faults = [*EXACT_FAULTS, BLOCK]  # what has not struck yet in this round
        self._rng.shuffle(self._faults)
        self._standing: object = None  # what was seen last, and since when it is so (monotonic)
        self._moved_at = time.monotonic()
        self._daemon: Daemon | None = None
        self._port = 0
        self._killer: threading.Timer | None = None
        self._store = engines.reader_engine(house.folder / "state" / "maild.db")

    @contextlib.contextmanager
    def open(self, *, calls_a_day: int) -> Iterator[None]:
        """Start everything but maild, and end everything."""
        with contextlib.ExitStack() as stack:
            self.sink.start()
            stack.callback(self.sink.stop)
            stack.enter_context(self.exact)
            self.box.start()
            stack.callback(self.box.stop)
            stack.callback(self._end)
            for team in self.teams:
                if team.division is None:
                    self.box.world.company(team.vat).name = team.name
                else:
                    sample.company(self.exact.world, team.division, name=team.name, vat=team.vat)
            secret = self.house.folder / "exact.secret"
            secret.write_text(self.exact.client.secret, encoding="utf-8")
            secret.chmod(0o600)
            self.house.write(self._configured(calls_a_day))
            self._start()
            self._connect()
            yield

    # The walk.

    def day(self, day: date, papers: Sequence[Paper], *, kill: bool) -> None:
        """Go to the morning of a day, hand in what comes, and let the day be worked through."""
        self.go_to(_at(day, 8))
        if kill:
            self._kill_in(self._rng.uniform(0.1, 3.0))
        for paper in papers:
            if paper.by_feed:
                files = {"xml": paper.ubl(), "pdf": paper.pdf()}
                company = self.box.world.company(paper.company.vat)
                company.entries.append(codabox.Entry("purchase_invoice", files))
            else:
                self.hand_in(paper)
        for hour in (11, 14, 17):
            self.go_to(_at(day, hour))
        if self._killer is not None:
            self._killer.join()
            self._killer = None
        self._count_calls()

    def go_to(self, moment: datetime) -> None:
        """Work until `moment`: wait while there is something to do, leap to what is due next."""
        quiet = 0
        while True:
            busy, following = self._look()
            quiet = 0 if busy else quiet + 1
            if quiet < QUIET:
                assert time.monotonic() - self._moved_at < STUCK, self._explained()
                time.sleep(0.03)
                continue
            target = moment if following is None else min(moment, following)
            if self.clock.now() >= moment:
                return
            self.clock.leap(target + timedelta(seconds=1))
            self.seen.leaps += 1
            quiet, self._moved_at = 0, time.monotonic()

    def strike(self) -> None:
        """Let one thing go wrong soon, at Exact or at CodaBox."""
        if self._rng.random() < 0.3:
            call = len(self.box.world.calls) + self._rng.randint(1, 6)
            self.box.world.faults[call] = self._rng.choice(list(codabox.Fault))
            return
        self._faults = self._faults or self._rng.sample(EXACT_FAULTS, len(EXACT_FAULTS))
        pattern, fault = self._faults.pop()
        skip = 0 if "token" in pattern else self._rng.randint(0, 6)
        self.exact.faults.plan(pattern, fault, skip=skip)

    def hand_in(self, paper: Paper) -> None:
        """Mail it to its team, until it is taken."""
        files = (("f.xml", paper.ubl()), ("f.pdf", paper.pdf()))
        mail = a_mail(*files, to=f"{paper.company.slug}@post.example")
        while True:
            self._alive()
            with contextlib.suppress(OSError, smtplib.SMTPException):
                reply = hand_in(self._port, mail)
                if reply.code == 250:
                    return
                assert reply.code < 500, reply

    def join(self, team: Company) -> None:
        """`maild connect codabox`, with the token that CodaBox mails."""
        mails = self.box.world.mails
        before = len(mails)
        with self.house.talking("connect", "codabox", team.slug) as process:
            try:
                until(lambda: len(mails) > before)
                token = mails[-1][1].split("token: ")[1].split()[0]
                _, errors = process.communicate(f"{token}\n", timeout=PATIENCE)
            finally:
                process.kill()
        assert process.returncode == 0, errors

    def end(self) -> int:
        """Stop maild as a person would; its exit code."""
        self._alive()
        assert self._daemon is not None
        return self._daemon.stop()

    # Maild, and the person who looks after it.

    def _look(self) -> tuple[bool, datetime | None]:
        """Whether there is something to do now, and when there is next."""
        self._alive()
        with self._store.connect() as tx:
            now = self.clock.now()
            counts = deliveries.counts(tx)
            waits = [leases.oldest_due(tx, now), runs.next_at(tx, WORKS)]
            consent = tokens.standings(tx).get("books")
            feeds = [self._feed(tx, team) for team in self.teams if team.division is None]
        if (counts, feeds) != self._standing:
            self._standing, self._moved_at = (counts, feeds), time.monotonic()
        if consent is not None and consent.trouble:
            self._consent()
            return True, None
        if counts["held"]:
            self._release()
            return True, None
        following = min((one for one in waits if one is not None), default=None)
        is_due = following is not None and following <= now
        reads = not all(done for *_, done in feeds) and time.monotonic() - self._moved_at < READING
        return bool(counts["sending"]) or is_due or reads, following

    def _feed(self, tx: Tx, team: Company) -> tuple[float, float, int, bool]:
        """How far maild came with the feed of a team; at last, whether it has no more to ask.

        A leap while a call is under way would look to both sides like one that took hours.
        """
        company = self.box.world.company(team.vat)
        looked = marks.get(tx, f"codabox.feed.voici.{team.slug}") or {
            "at": "1970-01-01",
            "delay": 0,
        }
        at = datetime.fromisoformat(looked["at"]).replace(tzinfo=UTC).timestamp()
        rests = at <= self.clock.seconds() < at + float(looked["delay"])
        done = rests and company.looked_at >= at and company.done == len(company.entries)
        return at, company.looked_at, company.done, done

    def _alive(self) -> None:
        if self._daemon is None or self._daemon.process.poll() is not None:
            assert self._daemon is None or self._was_killed(), self._explained()
            self._start()

    def _start(self) -> None:
        self._daemon = daemon = self.house.start()
        until(lambda: daemon.events("daemon.ready") or daemon.process.poll(), within=120)
        if daemon.process.poll() is None:
            self._port = daemon.port
        else:
            assert self._was_killed(), daemon.log()

    def _was_killed(self) -> bool:
        """Whether it is dead by our hand, and not by itself."""
        assert self._daemon is not None
        return self._daemon.process.wait(PATIENCE) == -signal.SIGKILL

    def _kill_in(self, seconds: float) -> None:
        def kill() -> None:
            assert self._daemon is not None
            self._daemon.process.kill()
            self._daemon.process.wait(PATIENCE)
            self.seen.kills += 1

        self._killer = threading.Timer(seconds, kill)
        self._killer.start()

    def _connect(self) -> None:
        self._consent()
        for team in self.teams:
            if team.division is None:
                self.join(team)

    def _consent(self) -> None:
        with self.house.talking("connect", "exact", CONSENT_OF, "--json") as process:
            try:
                assert process.stdout is not None
                question = json.loads(process.stdout.readline())
                pasted = self.exact.approve(question["address"])
                _, errors = process.communicate(pasted + "\n", timeout=PATIENCE)
            finally:
                process.kill()
        assert process.returncode == 0, errors
        self.seen.consents += 1

    def _release(self) -> None:
        for one in self.house.queue("--state", "held"):
            assert one["hold_code"] == "losses", one
            self.house.json("queue", "release", one["id"])
            self.seen.released += 1

    def _count_calls(self) -> None:
        for one in self.exact.journal:
            if one.division:
                self.seen.calls[one.division, f"{one.at:%Y-%m-%d}"] += 1
                self.seen.minutes[one.division, f"{one.at:%Y-%m-%d %H:%M}"] += 1
        self.exact.journal.clear()

    def _explained(self) -> str:
        status = {k: v for k, v in self.house.status().items() if k in {"queue", "paused"}}
        log = self._daemon.log() if self._daemon else ""
        return f"{self.clock.now()} {status}\n{log}"

    def _end(self) -> None:
        if self._killer is not None:
            self._killer.cancel()
        if self._daemon is not None and self._daemon.process.poll() is None:
            self._daemon.kill()
        self._store.dispose()

    # The configuration.

    def _configured(self, calls_a_day: int) -> str:
        account = {
            "provider": "exact",
            "team": CONSENT_OF,
            "address": USER,
            "site": self.exact.url,
            "client_id": self.exact.client.id,
            "client_secret_file": "exact.secret",
            "redirect_uri": self.exact.client.redirect_uri,
        }
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in account.items())
        text = _FRAME.format(
            relay=self.sink.port,
            account=lines,
            calls_a_day=calls_a_day,
            box=self.box.url,
            software=self.box.world.software,
        )
        return text + "".join(map(_team, self.teams))


def _team(team: Company) -> str:
    mapping = MAPPING.replace("\n[", f"\n[team.{team.slug}.exact.")
    if team.division is None:
        books = f'{{ via = "voici", address = "{team.vat}" }}'
        return _TEAM.format(team=team, mapping="", books=books, bought='"accountant"')
    books = f'{{ via = "exact", address = "{team.division}" }}'
    mapping = f"[team.{team.slug}.exact]\n{mapping}"
    return _TEAM.format(team=team, mapping=mapping, books=books, bought='"books", "accountant"')


def _at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


_FRAME = """
[maild]
data_dir = "state"
hostname = "post.example"
[smtpd]
listen = "127.0.0.1:0"
[connector.smtp.relay]
host = "127.0.0.1"
port = {relay}
tls = "none"
[account.books]
{account}
[connector.exact.exact]
account = "books"
calls_a_day = {calls_a_day}
[connector.codabox.voici]
url = "{box}"
software_company = "{software}"
[connector.codabox.voici.send]
path = "invoices/sales/"
error = "/detail"
id = "/id"
parts = [{{ name = "file", content = "ubl" }}, {{ name = "pdf", content = "pdf" }}]
duplicate = [{{ status = 409, at = "/code", contains = "duplicate" }}]
"""

_TEAM = """
[team.{team.slug}]
name = "{team.name}"
vat = "{team.vat}"
addresses = ["{team.slug}@post.example"]
people = ["chef@{team.slug}.example"]
digest = "off"
{mapping}
[team.{team.slug}.recipients]
accountant = {{ via = "relay", address = "an@{team.slug}.kantoor.example" }}
books = {books}
[[team.{team.slug}.rules]]
name = "what we sell"
kinds = ["invoice", "credit_note"]
to = ["books", "accountant"]
[[team.{team.slug}.rules]]
name = "what we buy"
kinds = ["purchase_invoice", "purchase_credit_note"]
to = [{bought}]
[[team.{team.slug}.rules]]
name = "what we offer"
kinds = ["quote"]
to = ["accountant"]
[[team.{team.slug}.exports]]
name = "monthly"
to = ["accountant"]
when = "month + 5 days 07:00"
[[team.{team.slug}.exports]]
name = "quarterly"
to = ["accountant"]
when = "quarter + 10 days 07:00"
"""
