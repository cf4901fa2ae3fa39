"""Writes ZIP files piece by piece, the same bytes for the same files; what goes in is decided elsewhere.

A small file is compressed first (`pack`, in any thread), so its weight is known before it is written
and an archive can be ended before it is too large for a mail. The standard library's zipfile takes
nothing that was compressed before. Source: PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

DEFLATED, STORED = 8, 0
MOST_OF_ONE: Final = 0xFFFF_FFFF - 1  # bytes of one file; more would need ZIP64 in its header too
_LEVEL: Final = 6  # what `zip` does by itself
# No moment of ours goes in: 1 January 1980 is the first day that the format knows (4.4.6).
_TIME, _DATE = 0, (0 << 9) | (1 << 5) | 1
_UTF8, _SIZES_FOLLOW = 1 << 11, 1 << 3  # general purpose bits (4.4.4)
_MADE_BY_UNIX: Final = 3 << 8
_MODE: Final = 0o100644 << 16  # external attributes: a plain file, read by all
_PLAIN, _ZIP64 = 20, 45  # versions needed to extract (4.4.3)
_LOCAL: Final = struct.Struct("<4sHHHHHLLLHH")
_CENTRAL: Final = struct.Struct("<4sHHHHHHLLLHHHHHLL")
_DESCRIPTOR: Final = struct.Struct("<4sLLL")
_END: Final = struct.Struct("<4sHHHHLLH")
_END_64: Final = struct.Struct("<4sQHHLLQQQQ")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_EXTRA_OFFSET: Final = struct.Struct("<HHQ")
_16, _32 = 0xFFFF, 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Packed:
    """A file, compressed where that makes it smaller, ready to be written."""

    name: str
    crc: int
    size: int
    method: int
    data: bytes = field(repr=False)

    @property
    def weight(self) -> int:
        """The bytes that it takes in an archive."""
        return overhead(self.name) + len(self.data)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int


def overhead(name: str) -> int:
    """The bytes that a file of that name takes beside its content."""
    entry = _LOCAL.size + _CENTRAL.size + _DESCRIPTOR.size + _EXTRA_OFFSET.size
    return entry + 2 * len(name.encode())


def pack(name: str, content: bytes) -> Packed:
    """Compress a file that is held in memory. Most of it runs outside Python's lock."""
    deflater = _deflater()
    data = deflater.compress(content) + deflater.flush()
    if len(data) >= len(content):
        return Packed(name, zlib.crc32(content), len(content), STORED, content)
    return Packed(name, zlib.crc32(content), len(content), DEFLATED, data)


class Archive:
    """One ZIP file, written front to back: no byte is gone back to."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        """`write` takes the next bytes; what it raises comes through."""
        self._write = write
        self._offset = 0
        # As they are written at the end: many thousands of files take a few megabytes.
        self._directory: list[bytes] = []
        self._listed = 0

    @property
    def weight(self) -> int:
        """The bytes that it has when it is closed now."""
        ends = _END.size + _END_64.size + _LOCATOR_64.size
        return self._offset + self._listed + ends

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._directory

    def add(self, packed: Packed) -> None:
        """Write a file that is compressed already."""
        name = packed.name.encode()
        sizes = (packed.crc, len(packed.data), packed.size)
        entry = _Entry(name, _UTF8, packed.method, *sizes, offset=self._offset)
        self._begin(entry)
        self._put(packed.data)
        self._list(entry)

    def add_pieces(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a large file while it is compressed; its sizes stand behind it (4.3.9).

        Raises OverflowError when it has more than `MOST_OF_ONE` bytes.
        """
        begun = _Entry(name.encode(), _UTF8 | _SIZES_FOLLOW, DEFLATED, 0, 0, 0, self._offset)
        self._begin(begun)
        deflater, start, crc, size = _deflater(), self._offset, 0, 0
        for piece in pieces:
            crc, size = zlib.crc32(piece, crc), size + len(piece)
            self._put(deflater.compress(piece))
        self._put(deflater.flush())
        packed = self._offset - start
        if max(packed, size) > MOST_OF_ONE:
            raise OverflowError(f"{name} has {size} bytes, more than a file in an archive may have")
        self._put(_DESCRIPTOR.pack(b"PK\x07\x08", crc, packed, size))
        self._list(_Entry(begun.name, begun.flags, DEFLATED, crc, packed, size, begun.offset))

    def close(self) -> None:
        """Write the directory. Nothing may be added after it."""
        start = self._offset
        for entry in self._directory:
            self._put(entry)
        self._end(start, self._offset - start)

    def _begin(self, entry: _Entry) -> None:
        sizes = (entry.crc, entry.packed, entry.size)
        header = (b"PK\x03\x04", _PLAIN, entry.flags, entry.method, _TIME, _DATE, *sizes)
        self._put(_LOCAL.pack(*header, len(entry.name), 0) + entry.name)

    def _list(self, entry: _Entry) -> None:
        self._directory.append(_central(entry))
        self._listed += len(self._directory[-1])

    def _end(self, start: int, size: int) -> None:
        count, here = len(self._directory), self._offset
        if count >= _16 or start >= _32 or size >= _32:
            head = (b"PK\x06\x06", _END_64.size - 12, _MADE_BY_UNIX | _ZIP64, _ZIP64, 0, 0)
            self._put(_END_64.pack(*head, count, count, size, start))
            self._put(_LOCATOR_64.pack(b"PK\x06\x07", 0, here, 1))
        few = min(count, _16)
        sizes = (min(size, _32), min(start, _32))
        self._put(_END.pack(b"PK\x05\x06", 0, 0, few, few, *sizes, 0))

    def _put(self, content: bytes) -> None:
        if content:
            self._write(content)
            self._offset += len(content)


def _deflater() -> zlib._Compress:
    return zlib.compressobj(_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)


def _central(entry: _Entry) -> bytes:
    far = entry.offset >= _32
    extra = _EXTRA_OFFSET.pack(1, 8, entry.offset) if far else b""
    needed = _ZIP64 if far else _PLAIN
    head = (b"PK\x01\x02", _MADE_BY_UNIX | needed, needed, entry.flags, entry.method, _TIME, _DATE)
    sizes = (entry.crc, entry.packed, entry.size, len(entry.name), len(extra))
    tail = (0, 0, 0, _MODE, min(entry.offset, _32))
    return _CENTRAL.pack(*head, *sizes, *tail) + entry.name + extra
