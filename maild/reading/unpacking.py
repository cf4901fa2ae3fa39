"""Takes apart what a child answers while it comes, so that large bodies lie on the disk at once.

The same run of bytes as in `maild.reading.packed`; nothing in it is believed before it is checked.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from typing import Any, Final

from maild.errors import Unreadable
from maild.ports import Spool
from maild.reading.mail import Body

IN_MEMORY: Final = 64 * 1024  # larger bodies are spooled
_START: Final = struct.Struct("!II")
_LENGTH: Final = struct.Struct("!Q")
_MOST_BODIES: Final = 10_000
_LARGEST_HEAD: Final = 16_000_000


class Unpacking:
    """One answer on its way in. Ended by `finish` or by `drop`."""

    def __init__(self, spool: Callable[[], Spool]) -> None:
        """`spool` gives a new file for a large body."""
        self._new_spool = spool
        self._spool: Spool | None = None
        self._buffer = bytearray()
        self._bodies: list[Body] = []
        self._head: dict[str, Any] = {}
        self._complete = False
        self._steps = self._read()
        self._wanted = next(self._steps)

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Raises Unreadable when they make no sense, OSError of the disk."""
        self._buffer += piece
        while not self._complete and len(self._buffer) >= self._wanted:
            self._wanted = next(self._steps, 0)

    def finish(self) -> tuple[dict[str, Any], list[Body]]:
        """Head and bodies; files among them are the caller's to close. Raises Unreadable."""
        if not self._complete or self._buffer:
            raise _senseless("it ended too early or too late")
        bodies, self._bodies = self._bodies, []
        return self._head, bodies

    def drop(self) -> None:
        """Keep nothing of what came. Safe to call twice, and after `finish`."""
        bodies, self._bodies = self._bodies, []
        close(bodies)
        if self._spool is not None:
            self._spool.discard()

    def _read(self) -> Iterator[int]:
        """The steps of reading; each says how many bytes it waits for."""
        yield _START.size
        size, count = _START.unpack(self._take(_START.size))
        if size > _LARGEST_HEAD or count > _MOST_BODIES:
            raise _senseless(f"a head of {size} bytes, {count} bodies")
        yield count * _LENGTH.size
        lengths = [one[0] for one in _LENGTH.iter_unpack(self._take(count * _LENGTH.size))]
        yield size
        self._head = _object(self._take(size))
        for length in lengths:
            yield from self._read_body(length)
        self._complete = True

    def _read_body(self, length: int) -> Iterator[int]:
        if length <= IN_MEMORY:
            yield length
            self._bodies.append(self._take(length))
            return
        self._spool = self._new_spool()
        while length:
            yield 1
            piece = self._take(min(length, len(self._buffer)))
            self._spool.write(piece)
            length -= len(piece)
        self._bodies.append(self._spool.finish())
        self._spool = None

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def close(bodies: list[Body]) -> None:
    """Close those that lie in files; what was not given a name by then is gone."""
    for one in bodies:
        if not isinstance(one, bytes):
            one.close()


def _object(said: bytes) -> dict[str, Any]:
    try:
        head = json.loads(said)
    except (ValueError, RecursionError) as error:
        raise _senseless(repr(error)) from error
    if not isinstance(head, dict):
        raise _senseless("the head is no object")
    return head


def _senseless(detail: str) -> Unreadable:
    return Unreadable(
        "the process that opened the file gave no answer that makes sense", detail=detail
    )
