"""Tells a team, once, of what has waited for hours because a connector rests or its road is closed.

What a server puts off by itself is told of when it is tried (`record`); what is not even tried, or
only to hear again that nothing goes, is told of here: in one letter, however much it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final

from maild.errors import UnknownTeam
from maild.log import running
from maild.model.delivery import Delivery
from maild.model.document import Document
from maild.outbox import retry
from maild.outbox.record import Tell
from maild.render.notice import facts_of
from maild.rules.book import RuleBook
from maild.store import connectors, documents, late, marks
from maild.store.connectors import Rest
from maild.store.database import Database, StoreUnavailable, Tx

# Between two letters to one team about one connector: what becomes late meanwhile is in the second.
_BETWEEN: Final = timedelta(days=1)
_MOST_NAMED: Final = 50


@dataclass(frozen=True, slots=True)
class Lateness:
    """Looks for what is late; `after` is how long something waits before its team is told."""

    db: Database
    book: Callable[[], RuleBook]
    tell: Tell
    after: timedelta
    now: Callable[[], datetime]

    async def look(self) -> None:
        """Tell of what became late. Raises StoreUnavailable."""
        now = self.now()
        if not await self.db.read(partial(_late, now=now, after=self.after)):
            return
        try:
            await self.db.write(partial(self._tell, now=now))
        except StoreUnavailable:
            raise
        except Exception as fault:  # noqa: BLE001 - a notice that cannot be written must not stop the outbox
            running.service_failed(service="notices", error=fault, again_in=60)

    def _tell(self, tx: Tx, *, now: datetime) -> None:
        found = sorted(_late(tx, now=now, after=self.after), key=_road)
        rests = connectors.rests(tx)
        for (team, via), several in groupby(found, key=_road):
            mark = f"late.{team}.{via}"
            told = marks.get(tx, mark)
            if told and now - datetime.fromisoformat(told["at"]) < _BETWEEN:
                continue
            if self._tell_team(tx, team, tuple(several), rest=rests.get(via), now=now):
                marks.put(tx, mark, {"at": now.isoformat()}, now=now)

    def _tell_team(
        self, tx: Tx, slug: str, late_ones: Sequence[Delivery], *, rest: Rest | None, now: datetime
    ) -> bool:
        try:
            team = self.book().team(slug)
        except UnknownTeam:  # it left the configuration
            return False
        first = late_ones[0]
        reason = first.reason or (rest.reason if rest else "")
        for one in late_ones:
            documents.add_event(
                tx,
                at=now,
                event=late.DELAYED,
                team=slug,
                document=one.document,
                delivery=one.id,
                detail=reason,
            )
        if len(late_ones) == 1:
            facts = _facts_of_one(tx, first, reason=reason)
            self.tell(tx, team, kind="delivery_delayed", facts=facts, now=now)
        else:
            again_at = rest.until if rest else min(one.not_before for one in late_ones)
            several = _facts_of_several(tx, late_ones, reason=reason, again_at=again_at)
            self.tell(tx, team, kind="deliveries_delayed", facts=several, now=now)
        return True


def _late(tx: Tx, *, now: datetime, after: timedelta) -> tuple[Delivery, ...]:
    # Only what rests now: after a sleep of the machine it is tried first.
    resting = [via for via, rest in connectors.rests(tx).items() if rest.until > now]
    edge = now - after
    found = late.kept_waiting(tx, resting=resting, edge=edge, now=now)
    return tuple(one for one in found if _since(one, now=now) <= edge)


def _since(one: Delivery, *, now: datetime) -> datetime:
    """Since when it waits: its first try, or when it was to be tried."""
    return retry.first_try(one, started_at=now) if one.attempts else one.not_before


def _road(one: Delivery) -> tuple[str, str]:
    return one.team, one.via


def _facts_of_one(tx: Tx, one: Delivery, *, reason: str) -> Mapping[str, Any]:
    return {
        "delivery": one.id,
        "recipient": one.recipient,
        "address": one.address,
        "reply": reason,
    } | facts_of(documents.get(tx, one.document or ""))


def _facts_of_several(
    tx: Tx, late_ones: Sequence[Delivery], *, reason: str, again_at: datetime
) -> Mapping[str, Any]:
    return {
        "count": len(late_ones),
        "connector": late_ones[0].via,
        "delivery": late_ones[0].id,
        "reason": reason,
        "until": again_at,
        "late": tuple(_named(tx, late_ones[:_MOST_NAMED])),
    }


def _named(tx: Tx, late_ones: Iterable[Delivery]) -> Iterable[tuple[Document, str]]:
    for one in late_ones:
        yield documents.get(tx, one.document or ""), one.recipient or one.address
