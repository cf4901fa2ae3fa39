"""A TCP proxy before an SMTP server that cuts connections at bad moments and is slow to reply.

It cuts within a body, before the reply to the dot comes through, and at a command on a connection
that carried a mail already: never while a connection is made, which a client takes for an outage.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.servers.ports import LOOPBACK

DOT = b"\r\n.\r\n"
PIECE = 65_536
Passing = Callable[[bytes], Awaitable[bool]]  # False: the connection is over


@dataclass(frozen=True, slots=True)
class Chances:
    """How likely each cut is, a mail; and the longest wait before a reply to the dot, in seconds."""

    body: float = 0.0
    reply: float = 0.0
    command: float = 0.0
    slow: float = 0.0


class Cutter:
    """A running proxy: `port` is where it listens, `cuts` counts by place what it cut."""

    def __init__(self, to: int, *, chances: Chances, seed: int) -> None:
        self._to, self._chances = to, chances
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cutter")
        self._server: asyncio.Server | None = None
        self.cuts: Counter[str] = Counter()
        self.port = 0

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)

    def stop(self) -> None:
        """Hang up on everyone and end the thread."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection(LOOPBACK, self._to)
        pair = _Pair(writer, onward, self._chances, self._chance, self.cuts)
        pumps = {
            asyncio.create_task(_pump(reader, pair.from_client)),
            asyncio.create_task(_pump(there, pair.from_server)),
        }
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            # What was passed on before a client died still reaches the server.
            onward.close()
            writer.close()


@dataclass
class _Pair:
    """One connection: where its dialogue stands, and what is to happen to the mail under way."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    chances: Chances
    chance: random.Random
    cuts: Counter[str]
    in_body: bool = False
    dotted: bool = False  # the reply to the dot comes next
    mails: int = 0
    fate: str = ""
    left: int = 0  # bytes of the body until the cut
    tail: bytes = field(default=b"")

    async def from_client(self, piece: bytes) -> bool:
        """Pass it on; False when the connection was cut instead."""
        if not self.in_body:
            if self.mails and self.chance.random() < self.chances.command:
                return self._cut("command")
        elif self.fate == "body" and len(piece) > self.left:
            # Short of the piece's last byte, so the dot never stands whole.
            self.server.write(piece[: self.left])
            return self._cut("body")
        elif DOT in self.tail + piece:
            self.in_body, self.dotted, self.tail = False, True, b""
        else:
            self.left -= len(piece)
            self.tail = (self.tail + piece)[-len(DOT) :]
        self.server.write(piece)
        await self.server.drain()
        return True

    async def from_server(self, piece: bytes) -> bool:
        """Pass it on, or keep a reply to the dot to itself and cut."""
        if self.dotted:
            self.dotted = False
            self.mails += 1
            await asyncio.sleep(self.chance.uniform(0, self.chances.slow))
            if self.fate == "reply":
                return self._cut("reply")
        elif piece.startswith(b"354 ") or b"\n354 " in piece:
            self._begin_body()
        self.client.write(piece)
        await self.client.drain()
        return True

    def _begin_body(self) -> None:
        self.in_body, self.tail, self.fate = True, b"", ""
        drawn = self.chance.random()
        if drawn < self.chances.body:
            self.fate, self.left = "body", self.chance.randrange(1, 12_000)
        elif drawn < self.chances.body + self.chances.reply:
            self.fate = "reply"

    def _cut(self, place: str) -> bool:
        self.cuts[place] += 1
        self.client.transport.abort()
        self.server.transport.abort()
        return False


async def _pump(reader: asyncio.StreamReader, passed_on: Passing) -> None:
    with contextlib.suppress(ConnectionError):
        while (piece := await reader.read(PIECE)) and await passed_on(piece):
            pass
