"""The bytes of messages, group by group: the next group comes while the last is worked on.

Small messages come many at once and stay in memory; a large one goes to the disk piece by piece.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from maild.intake.mailbox_rules import MailboxRule, Route, Said
from maild.model.mailbox import Head
from maild.ports import Mailbox
from maild.store.spool import Original, Spool, Spooled

SMALL: Final = 200_000
GROUP: Final = 25
GROUP_BYTES: Final = 3_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A message that is to be fetched, and for whom."""

    head: Head
    said: Said
    rule: MailboxRule
    routes: tuple[Route, ...]


Fetched = list[tuple[Plan, Original]]


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches from one mailbox; `spool` gives a file for what is large, `most` is its limit."""

    mailbox: Mailbox
    spool: Callable[[], Spool]
    most: int

    async def groups(
        self, plans: Sequence[Plan], stop: asyncio.Event
    ) -> AsyncGenerator[Fetched, None]:
        """Each group with its bytes, less messages that have gone; whoever takes it closes it.

        Ends early when `stop` is set. Raises MailboxClosed.
        """
        groups = list(grouped(plans))
        coming = self._started(groups, 0)
        try:
            for number in range(len(groups)):
                if coming is None:
                    return
                ready = await asyncio.shield(coming)
                coming = None if stop.is_set() else self._started(groups, number + 1)
                yield ready
        finally:
            if coming is not None:
                await _forget(coming)

    def _started(self, groups: list[list[Plan]], number: int) -> asyncio.Task[Fetched] | None:
        if number >= len(groups):
            return None
        return asyncio.create_task(self._bodies(groups[number]))

    async def _bodies(self, group: Sequence[Plan]) -> Fetched:
        if len(group) > 1 or group[0].head.size <= SMALL:
            found = await self.mailbox.fetch([one.head for one in group])
            there = ((one, found.get(one.head.place.uid)) for one in group)
            return [(one, content) for one, content in there if content is not None]
        spool = self.spool()
        try:
            size = await self.mailbox.copy(group[0].head, spool.write, most=self.most)
        except BaseException:
            spool.discard()
            raise
        if not size:
            spool.discard()
            return []
        return [(group[0], spool.finish())]


def grouped(plans: Sequence[Plan]) -> Iterable[list[Plan]]:
    """Small messages together, a large one alone; in the order in which they lie there."""
    group: list[Plan] = []
    size = 0
    for plan in plans:
        large = plan.head.size > SMALL
        if group and (large or len(group) == GROUP or size + plan.head.size > GROUP_BYTES):
            yield group
            group, size = [], 0
        group.append(plan)
        size += plan.head.size
        if large:
            yield group
            group, size = [], 0
    if group:
        yield group


def close(fetched: Fetched) -> None:
    """Let go of files; what was stored of them has its own name by now."""
    for _, raw in fetched:
        if isinstance(raw, Spooled):
            raw.close()


async def _forget(coming: asyncio.Task[Fetched]) -> None:
    """Let go of what was fetched ahead in vain."""
    await asyncio.wait([coming])
    if not coming.cancelled() and coming.exception() is None:
        close(coming.result())
