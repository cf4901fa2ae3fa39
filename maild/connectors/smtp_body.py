"""A message as it goes over the wire: lines that end with CRLF, dots doubled (RFC 5321 section 4.5.2).

A small one is held whole; a large one is read from its file twice, to be checked before the first
command and to be sent, so that no more than a piece of it is ever in memory. The dot that ends it is
not part of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from typing import Final

from maild.model.delivery import Content, Filed

_CRLF: Final = b"\r\n"
_AT_ONCE: Final = 512 * 1024  # octets read from the disk at a time


@dataclass(frozen=True, slots=True)
class Body:
    """A message that was checked. `size` is its own, before dots were doubled."""

    size: int
    is_ascii: bool
    _source: bytes | Filed = field(repr=False)  # bytes have their dots doubled already

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """What goes over the wire. Raises OSError when its file cannot be read any more."""
        if isinstance(self._source, bytes):
            yield self._source
            return
        stuffed = _stuffed(self._source)
        while piece := await asyncio.to_thread(next, stuffed, b""):
            yield piece


async def checked(message: Content) -> Body:
    """The message, ready to be sent. Raises ValueError for line ends that are none in SMTP."""
    if isinstance(message, bytes):
        return Body(len(message), message.isascii(), b"".join(_stuffed(message)))
    is_ascii = await asyncio.to_thread(_is_ascii, message)
    return Body(len(message), is_ascii, message)


def _is_ascii(message: Filed) -> bool:
    """Whether all of it is ASCII; every piece is looked at, for its line ends."""
    return all([piece.isascii() for piece in _stuffed(message)])  # noqa: C419 - no piece is left out


def _stuffed(message: Content) -> Iterator[bytes]:
    begins_line = True
    for piece in _cut(message):
        ends = piece.count(_CRLF)
        if piece.count(b"\n") != ends or piece.count(b"\r") != ends:
            # A bare LF or CR before a dot is how one mail is smuggled into another.
            raise ValueError("lines that do not end with CRLF")
        stuffed = piece.replace(b"\r\n.", b"\r\n..")
        yield b"." + stuffed if begins_line and piece.startswith(b".") else stuffed
        begins_line = piece.endswith(_CRLF)
    if not begins_line:
        yield _CRLF


def _cut(message: Content) -> Iterator[bytes]:
    """The message in pieces, none of which ends between a CR and its LF."""
    if isinstance(message, bytes):
        if message:
            yield message
        return
    start = 0
    while start < len(message):
        piece = message.read(_AT_ONCE, start=start)
        if piece.endswith(b"\r") and len(piece) > 1:
            piece = piece[:-1]
        yield piece
        start += len(piece)
