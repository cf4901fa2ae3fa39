"""A mail server's connection after the login: bytes out in pieces, replies in, in their order.

aiosmtplib opens the connection (greeting, EHLO, STARTTLS, AUTH) and `Wire` takes its transport
over, for three things that it does not do (mail.md 3.2): several commands in one packet
(RFC 2920), a body that is sent without two regular expressions over it (5 ms for 300 kB), and a
reply that comes while the body is still going out. It knows replies, not mails.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque

from maild.connectors.smtp_replies import Reply, read_reply

PIECE = 64 * 1024  # octets a write; between two of them the loop serves others
LONGEST_REPLY = 32 * 1024  # octets; an endless one must not fill the memory
GOODBYE = 2.0  # seconds that a closing connection may take


class Lost(ConnectionError):
    """The connection is gone, or what came from it was no SMTP."""


class Wire(asyncio.Protocol):
    """One connection. `pending` counts the replies that are still owed."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.pending = 0
        self._transport = transport
        self._buffer = bytearray()
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._lost: str | None = None
        self._paused = False
        self._news = asyncio.Event()
        self._closed = asyncio.Event()
        transport.set_protocol(self)

    @property
    def is_quiet(self) -> bool:
        """Whether it is open with nothing owed and nothing unasked for: a new mail may begin."""
        open_ = self._lost is None and not self._transport.is_closing()
        return open_ and not (self.pending or self._replies or self._buffer or self._lines)

    @property
    def lost(self) -> str:
        """Why nothing can be sent any more; empty while the connection stands."""
        return self._lost or ""

    @property
    def has_reply(self) -> bool:
        """Whether a reply lies here that nobody has read."""
        return bool(self._replies)

    async def send(self, data: bytes, *, replies: int, within: float) -> None:
        """Write in pieces, and stop early once the other side answers; `replies` will be owed.

        Raises Lost, or TimeoutError when a piece is not taken `within` so many seconds.
        """
        self.pending += replies
        view = memoryview(data)
        for start in range(0, len(data), PIECE):
            if start and self._replies:
                return
            self._check()
            self._transport.write(view[start : start + PIECE])
            if self._paused:
                await self._caught_up(within)

    async def reply(self, *, within: float) -> Reply:
        """The next reply in order. Raises Lost, or TimeoutError after `within` seconds."""
        # Replies to one packet come together: only the first of them is waited for.
        if not self._replies:
            async with asyncio.timeout(within):
                while not self._replies:
                    await self._next()
        self.pending -= 1
        return self._replies.popleft()

    def take_reply(self) -> Reply | None:
        """The next reply if it is here already."""
        if not self._replies:
            return None
        self.pending -= 1
        return self._replies.popleft()

    def abort(self) -> None:
        """Cut the connection at once: what was written and not yet sent is thrown away."""
        self._lost = self._lost or "the connection was cut by us"
        self._transport.abort()

    async def goodbye(self) -> None:
        """Say QUIT and close without waiting for the answer."""
        if self._lost is None and not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()
        try:
            async with asyncio.timeout(GOODBYE):
                await self._closed.wait()
        except TimeoutError:
            self.abort()

    # What the event loop calls.

    def data_received(self, data: bytes) -> None:
        """Some bytes came; every whole reply among them is read."""
        self._buffer += data
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        try:
            for line in lines:
                self._lines.append(bytes(line.rstrip(b"\r")))
                if line[3:4] != b"-":
                    self._replies.append(read_reply(self._lines))
                    self._lines = []
        except ValueError as exc:
            self._lose(str(exc))
        if len(self._buffer) + sum(map(len, self._lines)) > LONGEST_REPLY:
            self._lose(f"a reply is longer than {LONGEST_REPLY} octets")
        self._news.set()

    def eof_received(self) -> None:
        """The other side closes; what it said before still counts."""
        self._lost = self._lost or "the other side closed the connection"
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._lost = self._lost or (f"the connection was lost ({exc})" if exc else "it was closed")
        self._closed.set()
        self._news.set()

    def pause_writing(self) -> None:
        """The other side is slower than we are."""
        self._paused = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused = False
        self._news.set()

    def _lose(self, reason: str) -> None:
        self._lost = self._lost or reason
        with contextlib.suppress(Exception):
            self._transport.abort()

    def _check(self) -> None:
        if self._lost is not None:
            raise Lost(self._lost)

    async def _caught_up(self, within: float) -> None:
        async with asyncio.timeout(within):
            while self._paused and not self._replies:
                await self._next()

    async def _next(self) -> None:
        self._check()
        self._news.clear()
        await self._news.wait()
