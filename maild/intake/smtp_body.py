"""The body after DATA: read in large pieces, ended by CRLF.CRLF and nothing else.

The protocol engine reads line by line, which costs eight times the processor and refuses long
lines (mail.md 3.1); and only one exact terminator keeps a body from smuggling in a second mail
(CVE-2024-27305).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

END: Final = b"\r\n.\r\n"


@dataclass(frozen=True, slots=True)
class Body:
    """What was between DATA and the dot. `content` is None when it was larger than allowed."""

    size: int
    content: bytes | None = field(repr=False)


async def read_body(
    reader: asyncio.StreamReader, *, limit: int, progress: Callable[[int], None]
) -> Body:
    """Read up to the final dot and undo the dot stuffing (RFC 5321 section 4.5.2).

    What goes over `limit` bytes is read on and dropped, so that the client hears the reply.
    `progress` is called with the bytes of each piece that came in. Raises asyncio's
    IncompleteReadError when the client leaves before the dot.
    """
    body = bytearray()
    size = 0
    ended = False
    piece, ended = await _beginning(reader)
    while True:
        size += len(piece)
        progress(len(piece))
        if size <= limit:
            body += piece
        else:
            body.clear()
        if ended:
            return Body(size, _unstuffed(body) if size <= limit else None)
        piece, ended = await _next_piece(reader)


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


def _unstuffed(body: bytearray) -> bytes:
    if body.startswith(b"."):
        del body[:1]
    return bytes(body.replace(b"\r\n.", b"\r\n") if b"\r\n." in body else body)
