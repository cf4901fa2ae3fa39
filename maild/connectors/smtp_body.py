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
_MANY: Final = 300  # lines or dots that are looked at one by one; more than headers have
_FEW: Final = 16  # lines of one length, after which the rest are looked at together
_AT_ONCE: Final = 512 * 1024  # octets read from the disk at a time


@dataclass(frozen=True, slots=True)
class Body:
    """A message that was checked. `size` is its own, before dots were doubled."""

    size: int
    is_ascii: bool
    _source: bytes | Filed = field(repr=False)  # bytes have their dots doubled already

    @property
    def whole(self) -> bytes | None:
        """What goes over the wire, where it is held in memory."""
        return self._source if isinstance(self._source, bytes) else None

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
        if not _has_only_crlf(piece):
            # A bare LF or CR before a dot is how one mail is smuggled into another.
            raise ValueError("lines that do not end with CRLF")
        stuffed = piece.replace(b"\r\n.", b"\r\n..") if _may_begin_a_line(piece) else piece
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


def _has_only_crlf(piece: bytes) -> bool:
    """Whether every CR and every LF is half of a CRLF."""
    ends = piece.count(b"\n")
    # To count the two octets together takes three times what counting one does.
    return piece.count(b"\r") == ends and (_pairs_seen(piece) == ends or piece.count(_CRLF) == ends)


def _pairs_seen(piece: bytes) -> int:
    """How many CRLFs a quick look finds: all of them, where most lines are as long as their neighbours.

    So it is with base64: such lines are jumped over.
    """
    seen = start = 0
    for _ in range(_MANY):
        end = piece.find(b"\n", start)
        if end < 1:
            break
        width = end + 1 - start
        alike = _leading_ends(piece[end : end + _FEW * width : width])
        if alike == _FEW:
            alike = _leading_ends(piece[end::width])
        start += alike * width
        seen += piece[end - 1 : start : width].count(b"\r")
    return seen


def _leading_ends(column: bytes) -> int:
    return len(column) - len(column.lstrip(b"\n"))


def _may_begin_a_line(piece: bytes) -> bool:
    """Whether a dot follows an LF; True also where there are too many dots to look at each."""
    at = -1
    for _ in range(_MANY):
        at = piece.find(b".", at + 1)
        if at < 0:
            return False
        if piece[at - 1 : at] == b"\n":
            return True
    return True
