"""How many more a connector may begin now, so that no stretch of time sees more than its rate.

A try counts from its begin until the stretch after its end is over: its mail left at some moment
between, so whatever stretch the server counts by has no more than the rate. Nothing waits here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from maild.model.rate import Rate


class Pace:
    """What one connector sent lately. `ticks` are seconds of a clock that never jumps."""

    def __init__(self, rate: Rate, *, ticks: Callable[[], float]) -> None:
        self.rate = rate
        self._ticks = ticks
        self._under_way = 0
        self._ended: deque[float] = deque()  # oldest first

    @property
    def free(self) -> int:
        """How many more may begin now."""
        self._forget()
        return max(0, self.rate.most - self._under_way - len(self._ended))

    @property
    def opens_in(self) -> float | None:
        """Seconds until one more may begin; None while that does not hang on the time."""
        if self.free or not self._ended:
            return None
        return max(0.0, self._ended[0] + self.rate.within.total_seconds() - self._ticks())

    def begin(self) -> None:
        """One more is under way."""
        self._under_way += 1

    def end(self, *, sent: bool) -> None:
        """One has ended; one that never went to the server does not count."""
        self._under_way -= 1
        if sent:
            self._ended.append(self._ticks())

    def recall(self, ages: Iterable[float]) -> None:
        """Take up what was sent before this process began anything, each so many seconds ago."""
        now = self._ticks()
        self._ended = deque(sorted(now - max(age, 0.0) for age in ages))

    def _forget(self) -> None:
        before = self._ticks() - self.rate.within.total_seconds()
        while self._ended and self._ended[0] <= before:
            self._ended.popleft()
