"""The mailbox door: mail that lies somewhere else is fetched, taken in, and ticked off over there.

One service a mailbox. It holds the mailbox's lease, keeps one connection, looks at each folder and
waits (IDLE, and a look each minute whatever IDLE says). When the connection is gone it comes back
with more and more patience, and says how the mailbox does. How a message is taken is in
`mailbox_taking`.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final

from maild.errors import FolderMissing, LoginRefused, MailboxClosed
from maild.intake.desk import Desk
from maild.intake.mailbox_health import Health
from maild.intake.mailbox_ledger import Ledger
from maild.intake.mailbox_taking import Taker, Taking
from maild.model.ids import new_id
from maild.ports import Mailbox
from maild.store import mailboxes
from maild.store.database import StoreUnavailable
from maild.store.mailboxes import Lease

LEASE: Final = timedelta(seconds=60)
REPEAT: Final = (5.0, 300.0)  # seconds between two tries of what could not be done: first, most
GRACE: Final = 10.0  # seconds that a message in hand gets when the daemon stops


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what. Seconds.

    mail.md 6.3: back-off from 1 s to 5 min; no more than 3 logins a minute; IDLE is renewed before
    10 minutes are over, since many things on the way forget a quiet connection after that.
    """

    poll: float = 60.0
    idle: tuple[float, float] = (300.0, 540.0)
    first_pause: float = 1.0
    longest_pause: float = 300.0
    refused_pause: float = 20.0
    logins: int = 3
    per: float = 60.0


@dataclass(frozen=True, slots=True)
class MailboxOptions:
    """Which folders of a mailbox are read, what is taken, and when its silence is an alarm."""

    name: str
    folders: tuple[str, ...]
    taking: Taking
    patience: Patience = Patience()
    alarm_after: timedelta = timedelta(minutes=30)
    alone: bool = True  # this process holds the state lock: whoever held a lease before is dead


@dataclass(slots=True)
class MailboxDoor:
    """Reads one mailbox until it is told to stop."""

    desk: Desk
    mailbox: Mailbox
    options: MailboxOptions
    _owner: str = field(default_factory=lambda: new_id("o"))
    _logins: deque[float] = field(default_factory=deque)
    _pause: float = 0.0
    _held: bool = False

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set; a message in hand is finished first, for a while."""
        health = Health(
            self.options.name,
            self.desk.db,
            self.desk.now,
            self.options.alarm_after,
            self.desk.now(),
        )
        stopping = asyncio.create_task(self._when_stopped(stop))
        try:
            while not stop.is_set():
                await self._turn(health, stop)
        finally:
            stopping.cancel()
            await self.mailbox.close()
            await health.ended()

    async def _turn(self, health: Health, stop: asyncio.Event) -> None:
        """One connection, from the lease to its end."""
        lease = await self._lease()
        if lease is None:
            await health.standing_by()
            await _sleep(LEASE.total_seconds() / 3, stop)
            return
        keeping = asyncio.create_task(self._keep(lease))
        try:
            await self._serve(lease, health, stop)
        except MailboxClosed as fault:
            pause = self._next_pause(fault)
            await health.failed(fault, again_in=pause)
            await self.mailbox.close()
            await _sleep(pause, stop)
        finally:
            keeping.cancel()
            letting_go = partial(mailboxes.let_go, lease=lease, now=self.desk.now())
            await self.desk.db.write(letting_go)

    async def _serve(self, lease: Lease, health: Health, stop: asyncio.Event) -> None:
        await self._log_in(health, stop)
        ledger = Ledger(self.desk.db, lease, health, self.desk.now)
        taker = Taker(self.desk, self.mailbox, wanted=self.options.taking, ledger=ledger)
        pause, again_at = REPEAT[0], 0.0
        while not stop.is_set():
            if taker.undone and time.monotonic() >= again_at:
                all_done = await taker.repeat()
                again_at = time.monotonic() + pause
                pause = REPEAT[0] if all_done else min(pause * 2, REPEAT[1])
            # The first one last: there the wait is an IDLE.
            for folder in reversed(self.options.folders):
                try:
                    await taker.take(folder, stop)
                    health.folders.pop(folder, None)
                except FolderMissing as fault:
                    health.folder_missing(folder, fault.reason)
            self._pause = 0.0
            await health.looked()
            if not stop.is_set():
                await self.mailbox.wait(self._wait())

    async def _log_in(self, health: Health, stop: asyncio.Event) -> None:
        patience = self.options.patience
        while len(self._logins) == patience.logins:
            left = self._logins[0] + patience.per - time.monotonic()
            if left <= 0 or stop.is_set():
                self._logins.popleft()
            else:
                await _sleep(left, stop)
        self._logins.append(time.monotonic())
        began = time.monotonic()
        await self.mailbox.connect()
        await health.logged_in(took=time.monotonic() - began)

    def _wait(self) -> float:
        patience = self.options.patience
        # Chance keeps many mailboxes at one provider from asking at the same moment.
        renew = random.uniform(*patience.idle)  # noqa: S311 - guards nothing
        return min(patience.poll, renew)

    def _next_pause(self, fault: MailboxClosed) -> float:
        patience = self.options.patience
        first = patience.refused_pause if isinstance(fault, LoginRefused) else patience.first_pause
        self._pause = min(max(self._pause * 2, first), patience.longest_pause)
        return self._pause * random.uniform(0.75, 1.25)  # noqa: S311 - the same

    async def _lease(self) -> Lease | None:
        take = partial(
            mailboxes.take,
            name=self.options.name,
            owner=self._owner,
            now=self.desk.now(),
            life=LEASE,
            force=self.options.alone and not self._held,
        )
        lease = await self.desk.db.write(take)
        self._held = lease is not None
        return lease

    async def _keep(self, lease: Lease) -> None:
        """Renew the lease; when it is lost, end the connection that relies on it."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 3)
            try:
                still_ours = await self._lease() == lease
            except StoreUnavailable:
                continue  # every write of ours fails as well, and says so
            if not still_ours:
                await self.mailbox.close()
                return

    async def _when_stopped(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.mailbox.wake()
        await asyncio.sleep(GRACE)
        await self.mailbox.close()


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
