"""Something that a person must see to: what it is about, since when, and who was told of it.

Values only. What is an alarm is decided in `watch`; how one is told, in `connectors`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST: Final = 20  # alarms that one message names; the rest are a number


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm that stands. `key` is a kind and what it is about: "mailbox:sales"."""

    key: str
    reason: str
    opened_at: datetime
    told_at: datetime | None = None
    told_by: str | None = None  # the road that took it


@dataclass(frozen=True, slots=True)
class Call:
    """What is told on one road: alarms together, since troubles seldom come alone."""

    id: str
    host: str  # which maild calls
    at: datetime
    alarms: tuple[Alarm, ...]
    test: bool = False

    @property
    def title(self) -> str:
        """One line."""
        if self.test:
            return f"maild on {self.host}: a test of its alarms"
        n = len(self.alarms)
        return f"maild on {self.host}: {n} alarm{'' if n == 1 else 's'}"

    @property
    def text(self) -> str:
        """The whole of it for a person."""
        if self.test:
            return "This is a test. Alarms of maild reach you this way."
        lines = [f"- {one.reason} (since {one.opened_at:%Y-%m-%d %H:%M} UTC)" for one in self.named]
        if more := len(self.alarms) - len(self.named):
            lines.append(f"- and {more} more")
        return "\n".join([*lines, "", "`maild status` shows all of them."])

    @property
    def named(self) -> tuple[Alarm, ...]:
        """The alarms that are spelled out."""
        return self.alarms[:MOST]
