"""The archives of one package: one, or several that each fit into a mail.

What is added together stays together. Blocks while it writes, so it belongs in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from maild.ports import Spool, Stored
from maild.render.archive import Archive, Packed, overhead

READ_AT_ONCE: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Loose:
    """A large file that is compressed only while it is written; `read(size, start=...)` gives it."""

    name: str
    size: int
    read: Callable[[int, int], bytes]  # (how many bytes, from where)

    @property
    def weight(self) -> int:
        """What it takes at most; how well it compresses is not known before."""
        # Deflate adds 5 bytes to each 16 kB that it cannot make smaller (RFC 1951 section 3.2.4).
        return overhead(self.name) + self.size + self.size // 3_000 + 64

    def pieces(self) -> Iterator[bytes]:
        """Its bytes."""
        for start in range(0, self.size, READ_AT_ONCE):
            yield self.read(min(READ_AT_ONCE, self.size - start), start)


Content = Packed | Loose


class Parts:
    """Archives under way; ended by `finish` or `discard`."""

    def __init__(self, open_part: Callable[[], Spool], *, most: int | None) -> None:
        """No part has more than `most` bytes, unless what belongs together has more by itself."""
        self._open_part, self._most = open_part, most
        self._done: list[Stored] = []
        self._begin()

    @property
    def number(self) -> int:
        """Which part is written now, from 1."""
        return len(self._done) + 1

    def add(self, contents: Iterable[Content]) -> int:
        """Write files that belong together, and tell into which part they went. Raises OSError."""
        contents = tuple(contents)
        weight = sum(one.weight for one in contents)
        full = self._most is not None and self._archive.weight + weight > self._most
        if full and not self._archive.empty:
            self._end()
            self._begin()
        for one in contents:
            if isinstance(one, Packed):
                self._archive.add(one)
            else:
                self._archive.add_pieces(one.name, one.pieces())
        return self.number

    def finish(self) -> tuple[Stored, ...]:
        """Every part, complete; the caller closes them."""
        self._end()
        return tuple(self._done)

    def discard(self) -> None:
        """Drop everything. Safe to call twice."""
        self._spool.discard()
        while self._done:
            self._done.pop().close()

    def _begin(self) -> None:
        self._spool = self._open_part()
        self._archive = Archive(self._spool.write)

    def _end(self) -> None:
        self._archive.close()
        self._done.append(self._spool.finish())
