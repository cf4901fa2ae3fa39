"""An outbox that works in the background of a test."""

from __future__ import annotations

import asyncio

from maild.outbox.dispatch import Outbox


class Running:
    """Started when made; `drain` asks it to stop and waits until it has."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.stop = asyncio.Event()
        self._task = asyncio.create_task(outbox.run(self.stop))

    async def drain(self) -> None:
        self.stop.set()
        await self._task
