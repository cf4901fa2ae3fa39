"""Long work that schedules owe, such as the package of a month: one run at a time, under a lease.

The tick wrote what is owed; here it is taken up, also what a dead process left behind. A fault is
tried again some times; then the run has failed and a person must look.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from maild.errors import UserError
from maild.log import running
from maild.model.ids import new_id
from maild.model.run import Run, RunState
from maild.model.said import Said, all_of
from maild.pause import pause
from maild.store import runs
from maild.store.database import Database
from maild.store.faults import StoreUnavailable

Work = Callable[[Run], Awaitable[str]]

LEASE: Final = timedelta(minutes=2)  # a dead process's run waits as long
TRIES: Final = 5
PAUSE: Final = timedelta(
    minutes=5
)  # before the second try; each later one waits three times longer
LOOK: Final = 5.0  # seconds between two looks for what is due


@dataclass(slots=True)
class Runs:
    """Does the long work of schedules; `works` has what does it by the name in the schedule."""

    db: Database
    works: Mapping[str, Work]
    now: Callable[[], datetime]
    owner: str = field(default_factory=partial(new_id, "o"))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; what is under way then is put back and begins anew later."""
        while not stop.is_set():
            if not await self._step_until(stop):
                await pause(stop, LOOK, now=self.now)

    async def step(self) -> bool:
        """Do the run that is due first; False when none is. A fault of the work is not raised."""
        now = self.now()
        at = await self.db.read(partial(runs.next_at, works=self.works))
        if at is None or at > now:
            return False
        run = await self.db.write(
            partial(runs.claim, works=self.works, now=now, owner=self.owner, until=now + LEASE)
        )
        if run is None:
            return False
        began = time.monotonic()
        try:
            if run.tries > TRIES:
                english = f"maild stopped {TRIES} times while it worked on this"
                raise UserError(Said("stopped_while", english, times=TRIES))
            result = await self._leased(run)
        except asyncio.CancelledError:
            await self._put_back(run)
            raise
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - the fault of one run is written down with it
            await self._failed(run, fault)
        else:
            await self.db.write(partial(runs.finish, run=run, result=result, now=self.now()))
            took = round(time.monotonic() - began, 3)
            running.run_done(schedule=run.schedule, period=run.period, result=result, took=took)
        return True

    async def _step_until(self, stop: asyncio.Event) -> bool:
        step = asyncio.ensure_future(self.step())
        halt = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((step, halt), return_when=asyncio.FIRST_COMPLETED)
        finally:
            halt.cancel()
            step.cancel()
            await asyncio.gather(step, return_exceptions=True)
        return not step.cancelled() and step.result()

    async def _leased(self, run: Run) -> str:
        """Do the work while its lease is kept; cancelled when another process took it over."""
        work = asyncio.ensure_future(self.works[run.work or ""](run))
        keeping = asyncio.ensure_future(self._keep(run, work))
        try:
            return await work
        finally:
            keeping.cancel()
            work.cancel()
            await asyncio.gather(keeping, work, return_exceptions=True)

    async def _keep(self, run: Run, work: asyncio.Future[str]) -> None:
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 4)
            until = self.now() + LEASE
            with contextlib.suppress(StoreUnavailable):  # three more chances before it runs out
                if not await self.db.write(partial(runs.renew, run=run, until=until)):
                    work.cancel()

    async def _put_back(self, run: Run) -> None:
        back = partial(
            runs.put_back, run=run, not_before=self.now(), result=run.result, charged=False
        )
        await self.db.write(back)

    async def _failed(self, run: Run, fault: Exception) -> None:
        now, reason = self.now(), _reason(fault)
        if isinstance(fault, UserError) or run.tries >= TRIES:
            running.run_failed(schedule=run.schedule, period=run.period, error=fault)
            await self.db.write(
                partial(runs.end, run=run, state=RunState.FAILED, result=reason, now=now)
            )
            return
        pause = PAUSE * 3 ** (run.tries - 1)
        running.run_deferred(
            schedule=run.schedule, period=run.period, again_in=pause.total_seconds(), error=fault
        )
        await self.db.write(
            partial(runs.put_back, run=run, not_before=now + pause, result=reason, charged=True)
        )


def _reason(fault: Exception) -> str:
    if isinstance(fault, UserError):
        return all_of([*fault.said])
    return f"{type(fault).__name__}: {fault}"[:1000]
