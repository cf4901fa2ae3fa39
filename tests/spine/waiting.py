"""Waiting for what another process does, which can only be looked at again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 30.0  # seconds; things happen in a fraction of one, a machine under load may be slow
PAUSE = 0.02

Seen = TypeVar("Seen")


def until(look: Callable[[], Seen], *, within: float = PATIENCE, explain: object = "") -> Seen:
    """What `look` gives as soon as that is true; AssertionError with `explain` after `within` s."""
    end = time.monotonic() + within
    while not (seen := look()):
        if time.monotonic() > end:
            said = explain() if callable(explain) else explain
            raise AssertionError(f"not within {within:g} s; last seen {seen!r}\n{said}")
        time.sleep(PAUSE)
    return seen
