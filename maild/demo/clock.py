"""The demo's clocks: one that stands still until it is set, and one that two processes share and move.

The shared one is real time and a lead over it, kept in a file beside the demo's configuration; it
outlives the demo, and whoever opens that configuration goes by it.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from maild.actions import utc_now
from maild.config.loaded import find_config

NAME: Final = "demo.clock"
# Seconds ahead of real time. Eight aligned octets: nobody reads half of a change.
_LEAD: Final = struct.Struct("=d")


def clock_of(config: str | Path | None) -> Callable[[], datetime]:
    """What time it is for a configuration: that of the demo which it belongs to, or real time.

    Raises ConfigError where there is no configuration.
    """
    path = find_config(Path(config) if config else None).with_name(NAME)
    return SharedClock(path).now if path.is_file() else utc_now


@dataclass(slots=True)
class StandingClock:
    """A clock that stands still until it is set."""

    at: datetime

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self.at


class SharedClock:
    """Real time with a lead that only grows; every process that opens the same file sees it."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_LEAD.pack(0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _LEAD.size)

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return datetime.now(UTC) + self.lead

    @property
    def lead(self) -> timedelta:
        """How far it is ahead of real time."""
        return timedelta(seconds=_LEAD.unpack_from(self._shared)[0])

    def leap(self, to: datetime) -> None:
        """Show `to` from now on, unless that is over."""
        lead = max(to - datetime.now(UTC), self.lead)
        _LEAD.pack_into(self._shared, 0, lead.total_seconds())
