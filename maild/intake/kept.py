"""Mails that are answered as soon as they are durable, and read and decided right after.

For hosts that hand in much at once (`smtpd.answer = "kept"`): the sender hears yes before anybody
has looked into the mail, so what cannot be used is told to the team, like every refusal. What was
kept when a process died is taken up at the next start.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from typing import Final

from maild.errors import DocumentError
from maild.intake.desk import Desk, Submission
from maild.intake.filing import Acceptance
from maild.log import incoming
from maild.model.ids import new_id
from maild.store import blobs, undecided
from maild.store.blobs import Staged
from maild.store.database import Tx
from maild.store.spool import Spooled
from maild.store.undecided import Undecided

AT_ONCE: Final = 16  # read side by side, so that they share their commits
BATCH: Final = 64
LOOK_EVERY: Final = 60.0  # seconds; a new one is taken up at once

# While more keeps coming in, taking it comes first: seconds without a new one, and seconds at most.
QUIET: Final = 0.1
PATIENCE: Final = 10.0

# With pauses that double up to an hour these are some five hours of a fault of ours.
MOST_TRIES: Final = 10

_GIVEN_UP: Final = "maild could not read this mail because of a fault of its own"


class Kept:
    """Keeps mails for the door, and decides them for the daemon."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._news = asyncio.Event()
        self._last = 0.0  # when the last one came in, by the monotonic clock

    async def keep(self, submission: Submission) -> list[str]:
        """Make a submission durable, unread; the sentence for its sender."""
        staged = await self.desk.blobs.stage(submission.raw)
        one = Undecided(
            id=new_id("k"),
            team=submission.team,
            door=submission.door,
            received_at=submission.received_at,
            sender=submission.sender,
            recipient=submission.recipient,
            tag=submission.tag,
            peer=submission.peer,
            original=staged.sha256,
            size=staged.size,
        )
        await self.desk.db.write(partial(_add, one, staged))
        self._last = time.monotonic()
        self._news.set()
        incoming.arrival_kept(
            team=one.team, kept=one.id, door=one.door, peer=one.peer, size=one.size
        )
        return [f"Kept as {one.id}; the team is told if it cannot be used"]

    async def run(self, stop: asyncio.Event) -> None:
        """Read and decide what is kept, until `stop`."""
        left = await self.desk.db.write(partial(undecided.revive, now=self.desk.now()))
        if left:
            incoming.kept_taken_up(count=left)
        while not stop.is_set():
            self._news.clear()
            if not await self.decide_due():
                await _any_of(stop, self._news, timeout=LOOK_EVERY)
            await self._quiet(stop)

    async def decide_due(self) -> int:
        """Read and decide the oldest that are due; how many that were."""
        take = partial(undecided.take, now=self.desk.now(), limit=BATCH)
        taken = await self.desk.db.write(take)
        room = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._decide(one, room) for one in taken))
        return len(taken)

    async def _quiet(self, stop: asyncio.Event) -> None:
        """Wait for a pause in what comes in, but not for ever."""
        until = time.monotonic() + PATIENCE
        while self._last + QUIET > time.monotonic() < until and not stop.is_set():
            await _any_of(stop, timeout=QUIET)

    async def _decide(self, one: Undecided, room: asyncio.Semaphore) -> None:
        """Read one, or leave it for later; its row goes with what becomes of it."""
        async with room:
            try:
                await self._hand_in(one)
            except DocumentError:
                return  # kept for the team, with its reason
            except Exception as error:  # noqa: BLE001 - a door: what fails is said and tried again
                incoming.door_failed(door=one.door, incident=new_id("i"), error=error)

    async def _hand_in(self, one: Undecided) -> None:
        original = await self.desk.blobs.original(one.original)
        submission = Submission(
            team=one.team,
            door=one.door,
            raw=original,
            received_at=one.received_at,
            sender=one.sender,
            recipient=one.recipient,
            tag=one.tag,
            peer=one.peer,
        )
        mark = _Decided(one.id)
        try:
            if one.tries < MOST_TRIES:
                await self.desk.accept(submission, mark=mark)
            else:
                fault = DocumentError(_GIVEN_UP, smtp="451 4.3.0")
                await self.desk.refuse(submission, fault, mark=mark)
        finally:
            if isinstance(original, Spooled):
                original.close()


@dataclass(frozen=True, slots=True)
class _Decided:
    """Takes the row of a kept mail away when it is known what became of it."""

    id: str

    def accepted(self, tx: Tx, _acceptance: Acceptance) -> None:
        """It is stored."""
        undecided.drop(tx, self.id)

    def refused(self, tx: Tx, _refusal: str, _fault: DocumentError) -> None:
        """It is kept as a refusal."""
        undecided.drop(tx, self.id)


def _add(one: Undecided, staged: Staged, tx: Tx) -> None:
    blobs.keep(tx, staged)
    undecided.add(tx, one)


async def _any_of(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 - a wait that ends is no fault
    tasks = [asyncio.create_task(one.wait()) for one in events]
    try:
        await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in tasks:
            one.cancel()
