"""The clock of the stand-in: real time, moved on by hand, or stopped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """What time it is there. `source` gives real time; a test gives its own, or moves this one."""

    def __init__(self, source: Callable[[], datetime] | None = None) -> None:
        self._source = source or (lambda: datetime.now(UTC))
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Aware, UTC."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let time pass, or (below zero) be behind the clock of the client."""
        self._ahead += timedelta(seconds=seconds)

    def stop_at(self, at: datetime) -> None:
        """Stand still at `at`; `advance` moves on from there."""
        self._source, self._ahead = (lambda: at), timedelta()
