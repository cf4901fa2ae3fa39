"""The pause of a service: it ends by the timer, by the time of day, or when it is told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from maild import pause as module
from maild.pause import pause

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG = 3600.0
SOON = 5.0  # seconds; a pause that does not end fails the test and does not hang it


def showing(*times: datetime) -> Callable[[], datetime]:
    """A clock that shows these one after another, and the last from then on."""
    shown = iter(times)

    def now() -> datetime:
        return next(shown, times[-1])

    return now


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.01)


async def test_it_ends_when_the_time_of_day_leapt_past_its_end() -> None:
    woken = showing(NOON, NOON, NOON + timedelta(hours=9))
    async with asyncio.timeout(SOON):
        await pause(asyncio.Event(), LONG, now=woken)


async def test_a_leap_before_it_began_counts_too() -> None:
    async with asyncio.timeout(SOON):
        leapt = showing(NOON + timedelta(days=1))
        await pause(asyncio.Event(), LONG, now=leapt, since=NOON)


async def test_it_ends_by_the_timer_when_the_clock_was_set_back() -> None:
    async with asyncio.timeout(SOON):
        await pause(asyncio.Event(), 0.05, now=showing(NOON, NOON - timedelta(days=1)))


async def test_it_goes_on_when_the_leap_was_shorter() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await pause(asyncio.Event(), LONG, now=showing(NOON, NOON + timedelta(minutes=59)))


async def test_it_ends_when_it_is_told_to_stop() -> None:
    stop = asyncio.Event()
    stop.set()
    async with asyncio.timeout(SOON):
        await pause(stop, LONG, now=showing(NOON))
