"""Moving the demo's clock: to where, in which strides, and what came of it.

A stride is a week at most, as a daemon that sleeps longer than a consent lives loses that consent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.app import App
from maild.demo.clock import SharedClock
from maild.demo.outbox import ZONE
from maild.demo.outside import Outside
from maild.model.delivery import State
from maild.schedules import EXPORT
from maild.store import deliveries, runs
from maild.store.database import Tx

_STRIDE: Final = timedelta(days=6)
_LOOKS_WITHIN: Final = 1.2  # seconds until every service saw that the time moved
_QUIET_WITHIN: Final = 4.0  # seconds that a stride may take; what takes longer goes on by itself
_LOOK: Final = 0.1
_QUIET_LOOKS: Final = 4  # between two works nothing is under way for a moment
_MORNING: Final = 8  # o'clock, an hour after the packages of a period are due


def _hour(now: datetime) -> datetime:
    return now + timedelta(hours=1)


def _day(now: datetime) -> datetime:
    return now + timedelta(days=1)


def _month(now: datetime) -> datetime:
    return now + timedelta(days=30)


def period_end(now: datetime) -> datetime:
    """The morning after the month in which `now` is, in Belgium."""
    first = (now.astimezone(ZONE).replace(day=1) + timedelta(days=32)).replace(day=1)
    return first.replace(hour=_MORNING, minute=0, second=0, microsecond=0)


MOVES: Final[dict[str, tuple[str, Callable[[datetime], datetime]]]] = {
    "hour": ("an hour", _hour),
    "day": ("a day", _day),
    "period": ("to the first morning of next month", period_end),
    "month": ("a month", _month),
}


@dataclass(frozen=True, slots=True)
class Mover:
    """Moves the clock of a demo."""

    app: App
    clock: SharedClock
    outside: Outside

    async def move(self, which: str) -> str:
        """Move, and wait a little for what falls due; what came of it, in a sentence."""
        target, before = MOVES[which][1](self.clock.now()), self.outside.sink.count
        if target - self.clock.now() >= timedelta(days=1):
            self.outside.buy()
        while self.clock.now() < target:
            self.clock.leap(min(target, self.clock.now() + _STRIDE))
            await self.settle()
        left = self.outside.sink.count - before
        shown = f"{self.clock.now().astimezone(ZONE):%A %-d %B %Y, %H:%M}"
        return f"It is {shown}. {left} mail{'s' if left != 1 else ''} left meanwhile."

    async def settle(self) -> None:
        """Wait until nothing is due and nothing under way, a few seconds at most."""
        await asyncio.sleep(_LOOKS_WITHIN)
        loop = asyncio.get_running_loop()
        end, quiet = loop.time() + _QUIET_WITHIN, 0
        while quiet < _QUIET_LOOKS and loop.time() < end:
            busy = await self.app.db.read(partial(is_busy, now=self.clock.now()))
            quiet = 0 if busy else quiet + 1
            await asyncio.sleep(_LOOK)


def is_busy(tx: Tx, *, now: datetime) -> bool:
    """Whether anything is due or under way: deliveries, and packages that are made."""
    due, counts = deliveries.oldest_due(tx, now=now), deliveries.counts(tx)
    if counts[State.SENDING] or (due is not None and due <= now):
        return True
    work = runs.next_at(tx, works=(EXPORT,))
    return work is not None and work <= now
