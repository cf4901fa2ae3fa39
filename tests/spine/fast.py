"""A clock that several processes share and a test moves: maild and its stand-ins see a year in minutes.

`python -m tests.spine.fast CLOCK COMMAND...` is `maild COMMAND...` by that clock. What maild asks the
system for, the time of day and the timers of its loop, follows it; deadlines of threads and of child
processes stay real. It runs at a pace of its own and leaps when the test says so, never backwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import selectors
import struct
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import time_machine

_SLOT: Final = struct.Struct("ddd")  # real seconds, seconds since 1970 at that moment, pace
_SECOND_SLOT: Final = 1 + _SLOT.size
_SIZE: Final = 1 + 2 * _SLOT.size
_LOOK: Final = 0.02  # real seconds after which a loop notices a leap


class FastClock:
    """A clock in a file: one process makes and moves it, any number read it.

    The first byte says which of two slots counts, so that nobody reads half of a change.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _SIZE)

    @classmethod
    def made(cls, path: Path, *, at: datetime, pace: float) -> FastClock:
        """A new one that shows `at` now and goes `pace` times as fast as real time."""
        path.write_bytes(b"\0" + _SLOT.pack(time.monotonic(), at.timestamp(), pace) * 2)
        return cls(path)

    @property
    def pace(self) -> float:
        """How many seconds pass in a real one."""
        return float(self._read()[2])

    def seconds(self) -> float:
        """Since 1970."""
        real, seconds, pace = self._read()
        return float(seconds + (time.monotonic() - real) * pace)

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def leap(self, to: datetime) -> None:
        """Show `to` at once, unless that is over."""
        self._write(max(to.timestamp(), self.seconds()), self.pace)

    def go_at(self, pace: float) -> None:
        """Go on at another pace."""
        self._write(self.seconds(), pace)

    def _read(self) -> tuple[Any, ...]:
        return _SLOT.unpack_from(self._shared, _SECOND_SLOT if self._shared[0] else 1)

    def _write(self, seconds: float, pace: float) -> None:
        other = 0 if self._shared[0] else 1
        _SLOT.pack_into(self._shared, _SECOND_SLOT if other else 1, time.monotonic(), seconds, pace)
        self._shared[0] = other


@contextlib.contextmanager
def by(clock: FastClock) -> Iterator[None]:
    """Let `datetime.now` and `time.time` of this process follow the clock while the block runs."""
    with time_machine.travel(clock.now()) as traveller:
        traveller.time_ns = lambda: int(clock.seconds() * 1e9)  # type: ignore[method-assign]  # it leaps
        yield


def timers_by(clock: FastClock) -> None:
    """Let the timers of every loop that this process makes from now on follow the clock."""

    class Selector(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            if timeout is None or timeout > 0:
                timeout = min(_LOOK, (timeout or _LOOK) / clock.pace)
            return super().select(timeout)

    selectors.DefaultSelector = Selector  # type: ignore[misc]
    asyncio.BaseEventLoop.time = lambda self: clock.seconds()  # type: ignore[method-assign]  # noqa: ARG005


def main() -> None:
    """Run a command of maild by the clock that the first argument names."""
    clock = FastClock(Path(sys.argv.pop(1)))
    timers_by(clock)
    with by(clock):
        # Not before: modules may take functions of `time` as they find them.
        from maild.cli.main import main as maild  # noqa: PLC0415

        maild()


if __name__ == "__main__":
    main()
