"""Ids that sort by time: a kind letter, a dash, and 20 characters.

`a-` arrival, `d-` document, `v-` delivery, `i-` incident. Made here so that every id looks the same.
"""

from __future__ import annotations

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


def new_id(letter: str) -> str:
    """A new id such as "d-01jdq8z6k3v2m4x7h9ab".

    Nine characters of milliseconds (they sort; good until the year 3084), eleven of randomness.
    """
    return f"{letter}-{_base32(time.time_ns() // 1_000_000, 9)}{_base32(secrets.randbits(55), 11)}"


def _base32(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 32)
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
