"""The whole stand-in: a server on loopback, with the handle that tests and the demo hold.

with ExactOnline() as exact:
    landing = exact.approve(url_of_the_consent_page)
    exact.faults.plan("POST salesentry/SalesEntries", "cut_after")
    ...
    assert exact.offences == []
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Any, Self
from urllib.parse import urlsplit

from maild.simulators.exact import faulty, sample
from maild.simulators.exact.auth import Client, SignIn
from maild.simulators.exact.clock import Clock
from maild.simulators.exact.faults import Fault, Plan, Planned
from maild.simulators.exact.files import FILE, file_of
from maild.simulators.exact.kinds import kinds
from maild.simulators.exact.limits import Limits
from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.rest import ROOT, Rest, target
from maild.simulators.exact.switches import Switches
from maild.simulators.exact.world import Book, Row, Seen, World
from maild.simulators.exact.writing import Writing
from maild.simulators.exact.xml_road import DIVISIONS, DOWNLOAD, UPLOAD, division_of, xml_answer
from maild.simulators.http_wire import Answer, Asked, Ending, Listener

AUTH = "/api/oauth2/auth"
TOKEN = "/api/oauth2/token"  # noqa: S105 - an address
XML_ROADS = frozenset({UPLOAD, DOWNLOAD, DIVISIONS})
USER = "an@kantoor.example"


@dataclass(frozen=True, slots=True)
class _Call:
    """A call by its name, such as "GET current/Me", the company it is about, and its fault."""

    name: str
    division: int | None
    planned: Planned | None

    @property
    def place(self) -> str:
        """The name without its verb: errors are counted by it."""
        return self.name.partition(" ")[2]


class ExactOnline:
    """Exact Online as one client meets it. Attributes may be changed while it runs."""

    def __init__(
        self, *, client: Client | None = None, clock: Clock | None = None, port: int = 0
    ) -> None:
        self.world = World(clock=clock or Clock())
        sample.fill(self.world)
        self.client, self.user = client or Client(), USER
        self.sign_in = SignIn(self.world, self.client)
        self.limits = Limits(self.world)
        self.writing = Writing(self.world, kinds())
        self._rest = Rest(self.world, self.writing)
        self._lock = threading.RLock()
        self._listener = Listener(self.answer, port=port)

    # The server.

    def start(self) -> Self:
        """Listen; after `stop` on the same port again."""
        self._listener.start()
        self.world.url = self._listener.url
        return self

    def stop(self) -> None:
        """Refuse connections; what is in the books stays."""
        self._listener.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What a test holds.

    @property
    def url(self) -> str:
        """The site, such as "http://127.0.0.1:40001"."""
        return self._listener.url

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return self.world.clock

    @property
    def faults(self) -> Plan:
        """Its plan of faults."""
        return self.world.faults

    @property
    def switches(self) -> Switches:
        """What nobody knows for sure."""
        return self.world.switches

    @property
    def journal(self) -> list[Seen]:
        """Every request, in order."""
        return self.world.journal

    @property
    def counters(self) -> Counter[str]:
        """How often each call was made, such as "POST salesentry/SalesEntries"."""
        return self.world.counters

    @property
    def offences(self) -> list[str]:
        """What the real service would punish."""
        return self.world.offences

    @property
    def division(self) -> int:
        """The code of the first company."""
        return next(iter(self.world.books))

    def book(self, division: int | None = None) -> Book:
        """The books of a company."""
        return self.world.books[division or self.division]

    def rows(self, path: str, division: int | None = None) -> list[Row]:
        """The rows of an entity, such as "salesentry/SalesEntries"."""
        with self._lock:
            return list(self.book(division).rows(path).values())

    def add(self, path: str, *, division: int | None = None, **values: Any) -> Row:
        """Create a row as a person in Exact Online would, with all checks."""
        with self._lock:
            return self.writing.insert(self.book(division), path, values)

    def approve(self, url: str, *, user: str | None = None) -> str:
        """Say yes at the consent page that maild named; the address where the browser ends."""
        with self._lock:
            answer = self.sign_in.consent(urlsplit(url).query, user or self.user)
        if answer.status != 302:
            raise ValueError(answer.body.decode())
        return answer.headers["Location"]

    def revoke(self, user: str | None = None) -> None:
        """The person takes the consent back."""
        with self._lock:
            self.sign_in.revoke(user or self.user)

    # What is asked.

    def answer(self, asked: Asked) -> Answer:
        """Answer one request, and keep it in the journal."""
        with self._lock:
            call, division = self._call(asked)
            self.counters[call] += 1
            planned = self.world.faults.strike(call)
            at = self.clock.now()
            answer = self._answered(asked, _Call(call, division, planned))
            if planned:
                answer = faulty.bent(answer, planned)
            answer.headers["Date"] = format_datetime(at, usegmt=True)
            status = 0 if answer.ending is Ending.RESET else answer.status
            seen = Seen(
                call, asked.path, asked.query, asked.body, status, at, division, asked.headers
            )
            self.journal.append(seen)
            return answer

    def _answered(self, asked: Asked, call: _Call) -> Answer:
        planned = call.planned
        if planned and not planned.done and (instead := faulty.instead(planned)):
            return instead
        if asked.path == AUTH:
            return self.sign_in.consent(asked.query, self.user)
        if asked.path == TOKEN:
            return self.sign_in.token(asked, planned.fault if planned else None)
        if limited := self._limited(call):
            return limited
        if refused := self.limits.admit(call.division, call.place):
            return refused
        user = self.sign_in.user_of(asked.headers)
        answer = self._inside(asked, user) if user else _unknown()
        self.limits.note(call.division, call.place, answer.status)
        answer.headers.update(self.limits.headers(call.division, answer.status))
        return answer

    def _inside(self, asked: Asked, user: str) -> Answer:
        try:
            if asked.path.startswith(ROOT):
                return self._rest.answer(asked, target(asked.path), user)
            if asked.path == FILE:
                return file_of(self.world, asked)
            if asked.path in XML_ROADS:
                return xml_answer(self.world, self.writing, asked)
            raise Refusal(404, "Not found.")
        except Refusal as refusal:
            return refusal.answer()

    def _limited(self, call: _Call) -> Answer | None:
        limits, division = self.limits, call.division
        fault = call.planned.fault if call.planned else None
        if fault is Fault.MINUTE_LIMIT:
            return limits.refuse(division, call.place, filler=lambda: limits.fill_minute(division))
        if fault is Fault.DAY_LIMIT:
            return limits.refuse(division, call.place, filler=lambda: limits.fill_day(division))
        if fault is Fault.KEY_BLOCKED:
            return limits.closed(division, call.place)
        return None

    def _call(self, asked: Asked) -> tuple[str, int | None]:
        """The name of a call, and the company that it is about."""
        try:
            to = target(asked.path)
        except Refusal:
            name = asked.path.removeprefix("/api/").removeprefix("/")
            return f"{asked.method} {name}", division_of(asked)
        return f"{asked.method} {to.entity.path}", to.division


def _unknown() -> Answer:
    answer = Refusal(401, "Unauthorized").answer()
    answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
