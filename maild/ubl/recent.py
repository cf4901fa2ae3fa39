"""The UBL documents that were read last, as bytes and as bills, by their sha256.

What was read at the door is composed a moment later, once for each recipient; keeping it spares the
second reading, which is a fifth of maild's own work on a document (bench/pipeline.py). Nothing may
rely on it: whoever does not find a bill here reads the stored bytes.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from maild.model.bill import Bill

# Bytes of UBL: a burst of 200 invoices of 25 lines. Read they take twice as much again.
_ROOM: Final = 4 << 20
_LARGEST: Final = _ROOM // 4  # one large document must not drive out all the others


@dataclass(frozen=True, slots=True)
class Known:
    """A UBL document, and the bill that was read in it."""

    content: bytes = field(repr=False)
    bill: Bill


class RecentBills:
    """The last few that were kept, at most `room` bytes of them."""

    def __init__(self, room: int = _ROOM) -> None:
        self._room, self._size = room, 0
        self._known: OrderedDict[str, Known] = OrderedDict()

    def find(self, key: str) -> Known | None:
        """What is known under that sha256, if it is still here."""
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def keep(self, key: str, known: Known) -> None:
        """Keep a document under the sha256 of its bytes, unless it is large."""
        if len(known.content) > _LARGEST or key in self._known:
            return
        self._known[key] = known
        self._size += len(known.content)
        while self._size > self._room:
            _, oldest = self._known.popitem(last=False)
            self._size -= len(oldest.content)
