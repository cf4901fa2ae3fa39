"""How many a connector may send in how long: "30/m". Values only; `outbox.pace` keeps to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_SPANS: Final = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
MOST: Final = 100_000  # in one span; each is remembered until the span is over


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in any stretch of the length of `span`: "s", "m", "h" or "d"."""

    most: int
    span: str

    @property
    def within(self) -> timedelta:
        """How long the stretch is."""
        return _SPANS[self.span]

    def __str__(self) -> str:
        return f"{self.most}/{self.span}"


def read_rate(text: str) -> Rate:
    """Read "30/m", "500/h" or "2000/d". Raises ValueError with a sentence for a person."""
    found = re.fullmatch(r"([0-9]{1,6})/([smhd])", text.replace(" ", "").lower())
    if not found or not 0 < int(found[1]) <= MOST:
        raise ValueError(
            f'write how many in a second, a minute, an hour or a day, such as "30/m", "500/h" or'
            f' "2000/d", at most {MOST}, not "{text}"'
        )
    return Rate(int(found[1]), found[2])
