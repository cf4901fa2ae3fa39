"""Ids that sort by time: a kind letter, a dash, and 20 characters.

`a-` arrival, `d-` document, `v-` delivery, `i-` incident. Made here so that every id looks the same.
"""

from __future__ import annotations

import secrets
import threading
import time
from datetime import datetime
from typing import Final

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_RANDOM_BITS: Final = 55


class _Row:
    """Numbers that only rise, from any thread, also where the clock stands still or is set back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        moment = time.time_ns() // 1_000_000
        # One bit less of chance, so that counting on from it stays within its place.
        fresh = moment << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last


_row = _Row()


def new_id(letter: str) -> str:
    """A new id such as "d-01jdq8z6k3v2m4x7h9ab".

    Nine characters of milliseconds (they sort; good until the year 3084), eleven of chance. Ids of
    one process sort in the order in which they were made: deliveries stand as the rules name them.
    """
    return f"{letter}-{_base32(_row.next(), 20)}"


def first_id(letter: str, at: datetime) -> str:
    """The lowest id that can have been made at that moment or later, for a bound in an index."""
    moment = int(at.timestamp() * 1000)
    return f"{letter}-{_base32(max(0, moment) << _RANDOM_BITS, 20)}"


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
