"""The body after DATA: read in large pieces, ended by CRLF.CRLF and nothing else.

The protocol engine reads line by line, which costs eight times the processor and refuses long
lines (mail.md 3.1); and only one exact terminator keeps a body from smuggling in a second mail
(CVE-2024-27305). What is small stays in memory, what is large goes to the disk while it comes, so
no connection ever holds more than a few hundred kilobytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from maild.store.spool import Original, Spool

END: Final = b"\r\n.\r\n"

# Up to here a body stays in memory; a larger one is written out each time as much has come.
IN_MEMORY: Final = 320_000


class Body:
    """What comes between DATA and the dot: in memory first, in a file when it grows.

    `size` is what it took on the wire so far; `fault` tells that the disk did not take it.
    """

    def __init__(self, *, limit: int, spool: Callable[[], Spool]) -> None:
        self.size = 0
        self.fault: OSError | None = None
        self._limit = limit
        self._new = spool
        self._unstuffing = Unstuffing()
        self._memory = bytearray()
        self._spool: Spool | None = None
        self._dropped = False

    async def add(self, piece: bytes) -> None:
        """Take the next bytes off the wire; what goes over the limit is counted and dropped."""
        self.size += len(piece)
        if self.size > self._limit:
            self.drop()
        if self._dropped:
            return
        self._memory += self._unstuffing.feed(piece)
        if len(self._memory) > IN_MEMORY:
            await self._write_out()

    async def finished(self) -> Original | None:
        """All of it as it was meant; None when it was dropped. A spooled one is the caller's to close."""
        if self._dropped:
            return None
        self._memory += self._unstuffing.rest()
        if self._spool is None:
            return bytes(self._memory)
        await self._write_out()
        return self._complete()

    def drop(self) -> None:
        """Keep nothing of it, now and later. Safe to call twice, and after `finished`."""
        self._dropped = True
        self._memory.clear()
        spool, self._spool = self._spool, None
        if spool is not None:
            # Beside the loop: a thread may still be writing for a client that has just left.
            asyncio.get_running_loop().run_in_executor(None, spool.discard)

    def _complete(self) -> Original | None:
        spool, self._spool = self._spool, None
        return None if spool is None else spool.finish()

    async def _write_out(self) -> None:
        piece, self._memory = self._memory, bytearray()
        try:
            if self._spool is None:
                self._spool = self._new()
            await asyncio.to_thread(self._spool.write, piece)
            piece.clear()  # the thread may hold on to it for a while
        except OSError as fault:
            # The client does not look for a reply before its dot, so the rest is read and dropped.
            self.fault = fault
            self.drop()


async def read_body(
    reader: asyncio.StreamReader, body: Body, *, progress: Callable[[], None]
) -> None:
    """Read into `body` up to the final dot, which undoes the dot stuffing.

    `progress` is called for each piece that came in. Raises asyncio's IncompleteReadError when the
    client leaves before the dot; nothing is left behind then.
    """
    try:
        piece, ended = await _beginning(reader)
        while True:
            progress()
            await body.add(piece)
            if ended:
                return
            piece, ended = await _next_piece(reader)
    except BaseException:
        body.drop()
        raise


class Unstuffing:
    """Takes out the dot that a client puts before each line that begins with one (RFC 5321 4.5.2)."""

    def __init__(self) -> None:
        # The body begins a line: as if a CRLF stood before it, which is not part of it.
        self._before = b"\r\n"
        self._not_ours = 2

    def feed(self, piece: bytes) -> bytes:
        """The next bytes that are certain; the end of the piece may have to wait for the next."""
        known = self._before + piece
        waiting = 2 if known.endswith(b"\r\n") else 1 if known.endswith(b"\r") else 0
        self._before = known[len(known) - waiting :]
        return self._ours(known[: len(known) - waiting].replace(b"\r\n.", b"\r\n"))

    def rest(self) -> bytes:
        """What waited, when nothing comes any more."""
        rest, self._before = self._before, b""
        return self._ours(rest)

    def _ours(self, content: bytes) -> bytes:
        cut = min(self._not_ours, len(content))
        self._not_ours -= cut
        return content[cut:]


async def _beginning(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """The bytes that may still belong to a terminator begun by the CRLF of the DATA command.

    One byte at a time, normally one in all, until it is sure that the terminator starts later.
    """
    matched = 2
    head = bytearray()
    while 0 < matched < len(END):
        byte = await reader.readexactly(1)
        head += byte
        if byte[0] == END[matched]:
            matched += 1
        else:
            matched = 1 if byte == b"\r" else 0
    if matched:
        return bytes(head[:-3]), True
    return bytes(head), False


async def _next_piece(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    try:
        return (await reader.readuntil(END))[:-3], True
    except asyncio.LimitOverrunError as overrun:
        # `consumed` never reaches into a terminator that has begun.
        return await reader.readexactly(overrun.consumed), False
