"""Asks relays what became of the documents that they took, and tells the team of a bad end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

from maild.app import App
from maild.config.http_map import HttpPoll
from maild.connectors.http_map import Fate, called
from maild.errors import DeliveryError, NotFound, UnknownTeam
from maild.intake.notices import tell
from maild.log import incoming, outgoing
from maild.model.team import Team
from maild.pause import pause
from maild.ports import Connector
from maild.render.notice import facts_of
from maild.rules.book import RuleBook
from maild.store import documents, fates
from maild.store.database import Database, Tx
from maild.store.fates import Taken

LOOK: Final = 5.0  # seconds between two looks at whose turn it is


class Telling(Protocol):
    """A connector that can say what became of a document."""

    async def fate(self, called: str, team: str) -> Fate | None:
        """How it ended; None: not yet. Raises DeliveryError."""
        ...


@dataclass(frozen=True, slots=True)
class Poll:
    """One connector that is asked, every so many seconds."""

    connector: str
    road: Telling
    every: float
    db: Database
    book: Callable[[], RuleBook]
    now: Callable[[], datetime]

    async def look(self) -> int:
        """Ask about everything that has no end yet; how many ended. A silent service is asked again."""
        ended = 0
        look = partial(fates.undecided, via=self.connector, now=self.now())
        for one in await self.db.read(look):
            name = called(one.reply)
            if not name:
                continue
            try:
                fate = await self.road.fate(name, one.team)
            except DeliveryError as fault:
                incoming.feed_failed(connector=self.connector, team=one.team, reason=fault.reply)
                break
            if fate is not None:
                ended += await self._end(one, fate)
        return ended

    async def _end(self, one: Taken, fate: Fate) -> bool:
        write = partial(_write, one=one, fate=fate, team=self._team(one.team), now=self.now())
        if not await self.db.write(write):
            return False
        if fate.good:
            outgoing.delivery_confirmed(
                team=one.team, delivery=one.id, document=one.document, action=fate.words
            )
        else:
            outgoing.delivery_bounced(
                team=one.team,
                delivery=one.id,
                document=one.document,
                status=None,
                reply=fate.words,
            )
        return True

    def _team(self, slug: str) -> Team | None:
        with contextlib.suppress(UnknownTeam):  # it left the configuration
            return self.book().team(slug)
        return None


def polls_of(
    app: App, connectors: Mapping[str, Connector], *, now: Callable[[], datetime]
) -> tuple[Poll, ...]:
    """The connectors that an app's configuration wants asked."""
    configured = app.settings.connector
    wanted: dict[str, HttpPoll] = {name: one.poll for name, one in configured.http.items()}
    wanted |= {name: codabox.poll for name, codabox in configured.codabox.items()}
    return tuple(
        Poll(name, connectors[name], poll.every.total_seconds(), app.db, app.shelf.current, now)  # type: ignore[arg-type]  # both kinds tell
        for name, poll in wanted.items()
        if poll.path
    )


async def serve(polls: Sequence[Poll], stop: asyncio.Event, *, now: Callable[[], datetime]) -> None:
    """Ask each when it is time, until `stop`."""
    asked: dict[str, datetime] = {}
    while not stop.is_set():
        for one in polls:
            at = asked.get(one.connector)
            # An hour that lies ahead was noted by a clock that was set back since.
            if at is None or not at <= now() < at + timedelta(seconds=one.every):
                asked[one.connector] = now()
                await one.look()
        await pause(stop, LOOK, now=now)


def _write(tx: Tx, *, one: Taken, fate: Fate, team: Team | None, now: datetime) -> bool:
    if not fates.end(tx, one, good=fate.good, words=fate.words, now=now):
        return False
    if not fate.good and team is not None:
        facts: dict[str, Any] = {
            "delivery": one.id,
            "recipient": one.recipient,
            "address": one.address,
            "reply": fate.words,
            "reason": fate.words,
        }
        if one.document is not None:
            with contextlib.suppress(NotFound):
                facts |= facts_of(documents.get(tx, one.document))
        tell(tx, team, kind="delivery_returned", facts=facts, now=now)
    return True
