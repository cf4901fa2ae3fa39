"""Between one client and its door: what each may ask of the other, and what a client may take.

Types only; the dialogue is in `smtp_session`, who may come in is in `smtp_admission`, what becomes
of a mail is in `smtp_taking`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from aiosmtpd.smtp import Envelope

from maild.intake.smtp_body import Body


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may take; times in seconds."""

    max_size: int = 35_000_000
    max_recipients: int = 100
    idle: float = 120.0  # RFC 5321 section 4.5.3.2 asks for 300 at most places; programs need less
    piece: float = 60.0  # for each 64 kB of a body, which is a minimum rate of 1 kB/s
    body: float = 1_800.0  # for one body
    store: float = 600.0  # for the reply after the dot
    errors: int = 50
    mails: int = 1_000  # of one connection; the next one starts a new connection
    wrong_password: float = 0.2  # the first pause after one; it grows with each


@dataclass(frozen=True, slots=True)
class Addressed:
    """One recipient that was said yes to: whose it is, and what stood after its "+"."""

    address: str
    team: str
    tag: str | None


class Envelop(Envelope):
    """The envelope of one mail, with what its recipients mean here."""

    def __init__(self) -> None:
        super().__init__()
        self.addressed: list[Addressed] = []


class Caller(Protocol):
    """A client as its door sees it."""

    limits: Limits
    wrong_passwords: int
    door: str  # "smtp" or "lmtp"
    answers_each: bool  # one reply a recipient after the dot, instead of one for all

    @property
    def peer(self) -> str | None:
        """Its address."""
        ...

    @property
    def local(self) -> bool:
        """Whether it came through a socket of the file system, which says itself who may."""
        ...

    @property
    def mail(self) -> Envelop:
        """The envelope so far."""
        ...

    @property
    def logged_in(self) -> bool:
        """Whether it gave a name and password that fit."""
        ...

    async def push(self, status: str | bytes) -> None:
        """Write one reply."""
        ...

    async def challenge_auth(self, challenge: str) -> object:
        """Ask for one step of a login and return the bytes of the answer."""
        ...

    def hang_up(self, line: str | None = None) -> None:
        """Say a last line, if any, and close."""
        ...


class Gate(Protocol):
    """What a session asks of its door."""

    def full(self, client: Caller) -> str | None:
        """Why this client cannot be served now, or None."""
        ...

    def new_body(self) -> Body:
        """Where the bytes of the next mail go."""
        ...

    async def take(self, client: Caller, body: Body) -> list[str]:
        """The replies after the dot: one, or one a recipient. It must not raise."""
        ...

    def closed(self, client: Caller) -> None:
        """The client is gone."""
        ...
