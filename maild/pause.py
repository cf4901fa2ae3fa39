"""The pause between two looks of a service. It ends early when the time of day runs ahead of it.

The timers of a loop stand still while a machine sleeps or its guest is stopped (CLOCK_MONOTONIC of
clock_gettime(2) leaves that out), and none knows of a clock that is put right. What fell due
meanwhile should not wait until the rest of an old pause is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

LOOK: Final = 1.0  # seconds between two looks at the time


async def pause(
    stop: asyncio.Event,
    seconds: float,
    *,
    now: Callable[[], datetime],
    since: datetime | None = None,
) -> None:
    """Wait until `stop`, or so many seconds by a timer or by `now`, whichever is over first.

    Those of `now` count from `since`, for who worked out the seconds some time ago.
    """
    loop = asyncio.get_running_loop()
    ends, timer_ends = (since or now()) + timedelta(seconds=seconds), loop.time() + seconds
    while not stop.is_set():
        left = min((ends - now()).total_seconds(), timer_ends - loop.time())
        if left <= 0:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(left, LOOK)):
                await stop.wait()
