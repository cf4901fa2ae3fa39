"""Between one client and its door: what each may ask of the other, and what a client may take.

Types only; the dialogue is in `smtp_session`, the answers are in `smtpd`.
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


class Envelop(Envelope):
    """The envelope of one mail, with the team that its first recipient belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.team: str | None = None
        self.tag: str | None = None
        self.recipient: str | None = None


class Caller(Protocol):
    """A client as its door sees it."""

    limits: Limits
    wrong_passwords: int

    @property
    def peer(self) -> str | None:
        """Its address."""
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
    """What a session asks of its door. Each answer is a reply line."""

    def full(self, client: Caller) -> str | None:
        """Why this client cannot be served now, or None."""
        ...

    async def mail(self, client: Caller, address: str) -> str:
        """May it hand in, with this sender?"""
        ...

    async def recipient(self, client: Caller, address: str) -> str:
        """Is this an address of ours, and of the same team as the others?"""
        ...

    async def take(self, client: Caller, body: Body) -> str:
        """The reply after the dot; it must not raise."""
        ...

    async def login(self, client: Caller, name: str, password: bytes) -> bool:
        """Do name and password belong together?"""
        ...

    def closed(self, client: Caller) -> None:
        """The client is gone."""
        ...
