"""Keeps the calls to Exact Online within what it allows, for all who share a registration.

Each call is counted in the ledger before it is made, and each answer is learnt from. A full minute is
waited for; a day, an error quota or a right that is missing closes the road for others to see. The
arithmetic is in `exact_quota`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from maild.connectors import exact_quota
from maild.connectors.exact_faults import Asked
from maild.connectors.exact_quota import Limits, Quota, Wait
from maild.errors import RoadClosed
from maild.log import outgoing
from maild.ports import Ledger

T = TypeVar("T")


class Pace:
    """The pace of one connector; `registration` names what Exact counts by, beside the division."""

    def __init__(
        self,
        name: str,
        *,
        registration: str,
        limits: Limits,
        ledger: Ledger,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[object]],
    ) -> None:
        self._name, self._registration, self._limits = name, registration, limits
        self._ledger, self._now, self._pause = ledger, now, pause

    async def turn(self, asked: Asked) -> None:
        """Count a call, after waiting for a minute that is full. Raises RoadClosed."""
        while (wait := await self._counted(asked, self._take(asked))) is not None:
            if not wait.short:
                raise await self._closed(asked, wait)
            await self._pause(max((wait.until - self._now()).total_seconds(), 0.01))

    async def learn(self, asked: Asked, status: int, *, headers: Mapping[str, str]) -> None:
        """Keep what an answer says of what is left. `headers` by small letters."""
        now = self._now()

        def step(quota: Quota) -> Quota:
            return exact_quota.answered(
                quota, asked.page, status=status, headers=headers, now=now, writes=asked.writes
            )

        await self._counted(asked, partial(_changed, step))

    async def shut(self, asked: Asked, reason: str) -> RoadClosed:
        """Ask a division nothing more for an hour or longer; the fault that says so."""
        call = exact_quota.call_of(asked.page, writes=asked.writes)
        step = partial(exact_quota.shut, call=call, reason=reason, now=self._now())
        quota = await self._counted(asked, partial(_changed, step))
        until = datetime.fromtimestamp(quota.shut_until, self._now().tzinfo)
        return await self._closed(asked, Wait(until, reason))

    async def _counted(self, asked: Asked, step: Callable[[Any], tuple[dict[str, Any], T]]) -> T:
        # By registration and division: teams, connectors and processes share what Exact allows.
        return await self._ledger.change(f"{self._registration}.{asked.division}", step)

    def _take(self, asked: Asked) -> Callable[[Any], tuple[dict[str, Any], Wait | None]]:
        now, limits = self._now(), self._limits

        def step(kept: Any) -> tuple[dict[str, Any], Wait | None]:
            quota = exact_quota.read(kept)
            quota, wait = exact_quota.take(quota, asked.page, limits=limits, now=now)
            return quota.kept(), wait

        return step

    async def _closed(self, asked: Asked, wait: Wait) -> RoadClosed:
        """Show that the road rests."""
        road, now = f"{self._name}, division {asked.division}", self._now()
        await self._ledger.rest(road, until=wait.until, reason=wait.reason)
        outgoing.connector_paused(
            connector=road, cause="quota", until=wait.until, reply=wait.reason
        )
        reason = f"{wait.reason}; it goes on at {wait.until:%Y-%m-%d %H:%M} UTC"
        return RoadClosed(reason, retry_after=max(wait.until - now, timedelta(seconds=1)))


def _changed(step: Callable[[Quota], Quota], kept: Any) -> tuple[dict[str, Any], Quota]:
    quota = step(exact_quota.read(kept))
    return quota.kept(), quota
