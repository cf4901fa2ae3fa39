"""A head of JSON and any number of bodies as one run of bytes: what crosses the pipe to a child.

Only bytes cross, never pickles (see `maild.child`). The head is read with bounds, since a child that
was taken over may answer anything. It knows nothing of what a job means.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import Any, Final

from maild.errors import Unreadable

# Length of the head, number of bodies; then the length of each body, the head, and the bodies.
_START: Final = struct.Struct("!II")
_LENGTH: Final = struct.Struct("!Q")
_MOST_BODIES: Final = 10_000


def pack(head: dict[str, Any], bodies: Sequence[bytes] = ()) -> bytes:
    """Put a head and bodies into one run of bytes."""
    return b"".join(pieces(head, bodies))


def pieces(head: dict[str, Any], bodies: Sequence[bytes] = ()) -> list[bytes]:
    """The same, not put together: the bodies may be many and large."""
    said = json.dumps(head, ensure_ascii=True, separators=(",", ":")).encode()
    lengths = b"".join(_LENGTH.pack(len(one)) for one in bodies)
    return [_START.pack(len(said), len(bodies)), lengths, said, *bodies]


def unpack(packed: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Take a head and bodies apart again. Raises Unreadable when they are none."""
    try:
        size, count = _START.unpack_from(packed)
        if count > _MOST_BODIES:
            raise ValueError(f"{count} bodies")
        lengths = [_LENGTH.unpack_from(packed, _START.size + 8 * n)[0] for n in range(count)]
        at = _START.size + 8 * count
        head = json.loads(packed[at : at + size])
        at += size
        if not isinstance(head, dict) or at + sum(lengths) != len(packed):
            raise ValueError("the lengths do not add up")
    except (struct.error, ValueError, RecursionError) as error:
        raise Unreadable(
            "the process that opened the file gave no answer that makes sense", detail=repr(error)
        ) from error
    bodies = []
    for length in lengths:
        bodies.append(packed[at : at + length])
        at += length
    return head, bodies
