"""JSON of strangers, read strictly: bounded, decimals exact, no key twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from maild.errors import Unreadable

LARGEST: Final = 5_000_000  # bytes; a bill of 10,000 lines has about 2 MB


def parsed(data: bytes) -> dict[str, Any]:
    """The object that JSON bytes hold. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable(f"the JSON has {len(data):,} bytes; at most {LARGEST:,} are taken")
    try:
        value = json.loads(
            data, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as fault:
        text = "nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise Unreadable(f"this is no JSON document: {text}") from fault
    if not isinstance(value, dict):
        raise Unreadable("the JSON is no object; `maild schema document` prints what is wanted")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key "{twice[:80]}" stands twice in one object')
    return found
