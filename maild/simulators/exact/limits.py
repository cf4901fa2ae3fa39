"""The limits of Exact Online: calls a minute and a day, and errors an hour; what exceeds them is told.

Counted per company: the stand-in knows one client. The minute is the one on the clock, the day is
that of UTC; REST and XML share both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.values import milliseconds
from maild.simulators.exact.world import World
from maild.simulators.http_wire import Answer

MINUTE_LIMIT: Final = 60
DAY_LIMIT: Final = 5_000
ERRORS_AN_HOUR: Final = 10
BLOCK: Final = timedelta(hours=1)
_ERRORS_OF: Final = timedelta(hours=1)

Key = tuple[int | None, str]


@dataclass(slots=True)
class _Quota:
    """The errors at one place, and until when it is closed for them."""

    errors: list[datetime] = field(default_factory=list)
    until: datetime | None = None
    blocks: int = 0


class Limits:
    """Counts calls and errors. `peak` is the most calls that a minute of a company ever saw."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.minutes: Counter[tuple[int | None, datetime]] = Counter()
        self.days: Counter[tuple[int | None, datetime]] = Counter()
        self._told: dict[int | None, datetime] = {}  # until when the client knows it is to wait
        self._quotas: dict[Key, _Quota] = {}

    @property
    def peak(self) -> int:
        """The most calls in one minute of one company."""
        return max(self.minutes.values(), default=0)

    def fill_minute(self, division: int | None) -> None:
        """Another program with the same key has used up this minute."""
        self.minutes[division, _minute(self._world.clock.now())] = MINUTE_LIMIT

    def fill_day(self, division: int | None) -> None:
        """The same with the day."""
        self.days[division, _day(self._world.clock.now())] = DAY_LIMIT

    def block(self, division: int | None, place: str) -> None:
        """Close a place for an hour, longer each time if the switch says so."""
        quota = self._quotas.setdefault((division, place), _Quota())
        growth = 2**quota.blocks if self._world.switches.quota_grows else 1
        quota.blocks += 1
        quota.until = self._world.clock.now() + BLOCK * growth
        quota.errors.clear()

    def admit(self, division: int | None, place: str) -> Answer | None:
        """Count a call; the answer to one that is too many."""
        now = self._world.clock.now()
        quota = self._quotas.get((division, place))
        if quota and quota.until and now < quota.until:
            self._world.offend(f"a call to {place} during its block")
            return self._blocked()
        full = self._full(division, now)
        if full is not None:
            until, headers = full
            if now < self._told.get(division, now):
                self._world.offend(f"a call to {place} before the limit it was told of was over")
            self._told[division] = until
            return self._limited(headers)
        self.minutes[division, _minute(now)] += 1
        self.days[division, _day(now)] += 1
        if (full := self._full(division, now)) and self._world.switches.headers_on_errors:
            self._told[division] = full[0]  # this answer says that nothing remains
        return None

    def refuse(self, division: int | None, place: str, *, filler: Callable[[], None]) -> Answer:
        """Use up a limit as another program would, and answer accordingly."""
        filler()
        return self.admit(division, place) or self._blocked()

    def closed(self, division: int | None, place: str) -> Answer:
        """Block a place at once, for a reason that the client does not know."""
        self.block(division, place)
        return self._blocked()

    def note(self, division: int | None, place: str, status: int) -> None:
        """Count an error; the eleventh in an hour closes the place."""
        if status not in self._world.switches.quota_counts:
            return
        now = self._world.clock.now()
        quota = self._quotas.setdefault((division, place), _Quota())
        quota.errors = [at for at in quota.errors if now - at < _ERRORS_OF] + [now]
        if len(quota.errors) > ERRORS_AN_HOUR:
            self._world.offend(f"more than {ERRORS_AN_HOUR} errors an hour at {place}")
            self.block(division, place)

    def headers(self, division: int | None, status: int) -> dict[str, str]:
        """The six headers of an answer."""
        if status >= 400 and not self._world.switches.headers_on_errors:
            return {}
        now = self._world.clock.now()
        return {**self._day_headers(division, now), **self._minute_headers(division, now)}

    def _full(self, division: int | None, now: datetime) -> tuple[datetime, dict[str, str]] | None:
        if self.days[division, _day(now)] >= DAY_LIMIT:
            return _day(now) + timedelta(days=1), self._day_headers(division, now)
        if self.minutes[division, _minute(now)] >= MINUTE_LIMIT:
            return _minute(now) + timedelta(minutes=1), self._minute_headers(division, now)
        return None

    def _limited(self, headers: dict[str, str]) -> Answer:
        answer = Refusal(429, "Rate limit exceeded.").answer()
        if self._world.switches.headers_on_errors:
            answer.headers.update(headers)
        if self._world.switches.retry_after:
            answer.headers["Retry-After"] = "60"
        return answer

    def _blocked(self) -> Answer:
        said = "Too many errors: the key is blocked for this endpoint."
        return Refusal(self._world.switches.block_status, said).answer()

    def _minute_headers(self, division: int | None, now: datetime) -> dict[str, str]:
        left = max(0, MINUTE_LIMIT - self.minutes[division, _minute(now)])
        reset = milliseconds(_minute(now) + timedelta(minutes=1))
        return {
            "X-RateLimit-Minutely-Limit": str(MINUTE_LIMIT),
            "X-RateLimit-Minutely-Remaining": str(left),
            "X-RateLimit-Minutely-Reset": str(reset),
        }

    def _day_headers(self, division: int | None, now: datetime) -> dict[str, str]:
        left = max(0, DAY_LIMIT - self.days[division, _day(now)])
        reset = milliseconds(_day(now) + timedelta(days=1))
        return {
            "X-RateLimit-Limit": str(DAY_LIMIT),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset": str(reset),
        }


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _day(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
