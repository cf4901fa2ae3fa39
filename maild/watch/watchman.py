"""The watchman: looks each minute, keeps the alarms that stand, and tells a person on some road.

At least once: a process that dies between telling and writing that down tells again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import DeliveryError
from maild.log import alarms as log
from maild.model.alarm import Alarm, Call
from maild.model.ids import new_id
from maild.pause import pause
from maild.ports import AlarmRoad
from maild.store import alarms
from maild.store.database import Database
from maild.watch import sources
from maild.watch.sources import Watched

EVERY: Final = timedelta(minutes=1)
LONGEST: Final = timedelta(hours=1)  # between two tries while no road works


@dataclass(slots=True)
class Watchman:
    """Looks and tells. `roads` are tried in their order until one works; none: the log must do."""

    db: Database
    roads: Sequence[AlarmRoad]
    watched: Watched
    repeat: timedelta
    host: str
    now: Callable[[], datetime]
    _silent_until: datetime | None = field(default=None, init=False)
    _pause: timedelta = field(default=EVERY, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Look at once and each minute, until `stop` is set."""
        while not stop.is_set():
            await self.look()
            await pause(stop, EVERY.total_seconds(), now=self.now)

    async def look(self) -> None:
        """Open and close alarms, then tell what is due to be told."""
        now = self.now()
        found = await self.db.read(partial(sources.look, watched=self.watched, now=now))
        found |= await asyncio.to_thread(sources.disk, self.watched)
        opened, closed = await self.db.write(
            partial(alarms.reconcile, found=found, kinds=sources.KINDS, now=now)
        )
        for key in opened:
            log.alarm_opened(alarm=key, reason=found[key])
        for key in closed:
            log.alarm_closed(alarm=key)
        if self.roads and not (self._silent_until and now < self._silent_until):
            await self._tell(now)

    async def _tell(self, now: datetime) -> None:
        due = await self.db.read(partial(alarms.untold, before=now - self.repeat))
        if not due:
            return
        road = await self._told(self._call(due, now=now))
        if road is None:
            self._silent_until = now + self._pause
            log.alarm_untold(alarms=len(due), again_in=self._pause.total_seconds())
            self._pause = min(self._pause * 2, LONGEST)
            return
        self._silent_until, self._pause = None, EVERY
        log.alarm_told(road=road, alarms=len(due))
        keys = [one.key for one in due]
        await self.db.write(partial(alarms.mark_told, keys=keys, by=road, now=now))

    async def _told(self, call: Call) -> str | None:
        """The first road that worked; None when none did."""
        for road in self.roads:
            if (fault := await tried(road, call)) is None:
                return road.name
            log.alarm_road_failed(road=road.name, reason=fault)
        return None

    async def test(self) -> list[dict[str, str | None]]:
        """Try every road, not only the first that works; what went wrong on each, or None."""
        call = self._call((), now=self.now(), test=True)
        return [{"road": road.name, "trouble": await tried(road, call)} for road in self.roads]

    def _call(self, due: tuple[Alarm, ...], *, now: datetime, test: bool = False) -> Call:
        return Call(new_id("n"), self.host, now, due, test=test)


async def tried(road: AlarmRoad, call: Call) -> str | None:
    """Why a road did not work, or None. A fault of ours in one must not keep the next from telling."""
    try:
        await road.tell(call)
    except DeliveryError as fault:
        return fault.reply
    except Exception as fault:  # noqa: BLE001 - see above; the log has its name
        return f"a fault of maild itself ({type(fault).__name__}: {fault})"
    return None
