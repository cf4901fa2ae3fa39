"""Takes in what CodaBox holds ready for a team: purchase invoices, and bank or payroll files if asked.

An entry is acknowledged over there after it is stored here, so a crash brings it again, and the desk
knows it again. CodaBox says how often it may be asked; that is kept over restarts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from maild import roads
from maild.app import App
from maild.connectors.codabox_api import Api, Denied, Login, NotLetIn
from maild.connectors.codabox_keys import Keys
from maild.errors import DeliveryError, DocumentError, RoadClosed, Unavailable, Unreadable
from maild.intake.desk import Desk, Submission
from maild.log import incoming
from maild.model.ids import new_id
from maild.pause import pause
from maild.reading.wrap import wrap
from maild.store import marks
from maild.ubl import xml

DOOR: Final = "codabox"
LOOK: Final = 60.0  # seconds between two looks at whose turn it is
USUAL_DELAY: Final = timedelta(hours=2)  # fetch_delay in the one example that is known
SHORTEST_DELAY: Final = timedelta(minutes=1)
LONGEST_DELAY: Final = timedelta(days=1)
MOST_AT_ONCE: Final = 500  # entries of one look
_PDF_TAIL: Final = 1024  # octets in which a PDF ends (ISO 32000-1, annex H, note 18)

# What of a model is worth having, the first two that there are; and the tag of what it becomes.
_FORMS: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "purchase_invoice": (("xml", "pdf"), "purchase"),
    "coda": (("cod", "pdf"), "other"),
    "soda": (("pdf",), "other"),
    "expense": (("pdf",), "other"),
}


@dataclass(frozen=True, slots=True)
class Feed:
    """The feeds of one connector, by the logins of its teams."""

    connector: str
    api: Api
    keys: Keys
    models: Sequence[str]  # what is taken in; the rest is passed over
    desk: Desk
    now: Callable[[], datetime]

    async def look(self, team: str) -> int:
        """Take in what lies ready for a team, if it is time; how many entries were acknowledged.

        A team that is not connected, and a CodaBox that does not answer, are no fault: it is looked
        again.
        """
        if not await self._is_time(team):
            return 0
        try:
            return await self._take(team, await self.keys.login(team))
        except RoadClosed:
            return 0
        except NotLetIn as fault:
            await self.keys.refused(team, str(fault))
        except (DeliveryError, Denied) as fault:
            incoming.feed_failed(connector=self.connector, team=team, reason=str(fault))
        return 0

    async def _take(self, team: str, login: Login) -> int:
        seen = await self.api.look(login)
        # Written before the feed is asked: a daemon that is killed now must not ask again at once.
        await self._looked(team, delay=_delay(seen))
        done = 0
        for feed in _feeds(seen):
            entries = await self.api.entries(login, feed)
            for entry in entries[:MOST_AT_ONCE]:
                index, model = (
                    str(entry.get("feed_index", "")),
                    str(entry.get("document_model", "")),
                )
                if not await self._hand_in(team, login, index=index, model=model):
                    break
                await self.api.acknowledge(login, feed, index)
                done += 1
        if done:
            incoming.feed_read(connector=self.connector, team=team, entries=done)
        return done

    async def _hand_in(self, team: str, login: Login, *, index: str, model: str) -> bool:
        """Take one entry in; False when it has to be seen again, and nothing after it is taken."""
        if not index:
            return False
        if model not in self.models:
            return True
        forms, tag = _FORMS[model]
        files = [
            (f"{model}-{index}.{form}", content)
            for form in forms
            if (content := await self._file(login, index, form)) is not None
        ]
        if not files:
            reason = f"{model} {index} has none of the forms {', '.join(forms)}"
            incoming.feed_failed(connector=self.connector, team=team, reason=reason)
            return False
        submission = Submission(
            team=team,
            door=DOOR,
            raw=wrap(files, subject=f"CodaBox {model}"),
            received_at=self.desk.now(),
            tag=tag,
            peer=self.connector,
        )
        try:
            await self.desk.accept(submission)
        except DocumentError:
            return True  # kept for the team, with the reason
        except Exception as error:  # noqa: BLE001 - one of the three places: the door
            incoming.door_failed(door=DOOR, incident=new_id("i"), error=error)
            return False
        return True

    async def _file(self, login: Login, index: str, form: str) -> bytes | None:
        """A file of an entry; None where there is none in that form. Raises as `Api.download`.

        An answer may end too early and say nothing of it. So what is no whole file is asked for again,
        and believed when it is the same twice: then that is what CodaBox has.
        """
        try:
            content = await self.api.download(login, index, form)
            if _is_whole(content, form):
                return content
            again = await self.api.download(login, index, form)
        except Denied:
            return None
        if again != content and not _is_whole(again, form):
            raise Unavailable(f"CodaBox gives another half of {index} ({form}) each time")
        return again

    async def _is_time(self, team: str) -> bool:
        known = await self.desk.db.read(partial(marks.get, name=self._mark(team)))
        if known is None:
            return True
        at, delay = datetime.fromisoformat(known["at"]), timedelta(seconds=known["delay"])
        # A look that lies ahead was written by a clock that was set back since.
        return not at <= self.now() < at + delay

    async def _looked(self, team: str, *, delay: timedelta) -> None:
        now = self.now()
        value = {"at": now.isoformat(), "delay": delay.total_seconds()}
        await self.desk.db.write(partial(marks.put, name=self._mark(team), value=value, now=now))

    def _mark(self, team: str) -> str:
        return f"codabox.feed.{self.connector}.{team}"


def feeds_of(app: App) -> tuple[Feed, ...]:
    """The feeds that an app's configuration speaks of."""
    return tuple(
        Feed(
            name,
            roads.codabox_api(one),
            roads.codabox_keys(app, name),
            one.feeds,
            app.desk,
            app.now,
        )
        for name, one in app.settings.connector.codabox.items()
        if one.feeds
    )


async def serve(
    feeds: Sequence[Feed],
    teams: Callable[[], Sequence[str]],
    stop: asyncio.Event,
    *,
    now: Callable[[], datetime],
) -> None:
    """Look at every team's feeds when it is time, until `stop`."""
    while not stop.is_set():
        for feed in feeds:
            for team in teams():
                if not stop.is_set():
                    await feed.look(team)
        await pause(stop, LOOK, now=now)


def _is_whole(content: bytes, form: str) -> bool:
    """Whether a file has its end, as far as its form lets that be seen."""
    if form == "pdf":
        return b"%%EOF" in content[-_PDF_TAIL:]
    if form != "xml":
        return True
    try:
        xml.parse(content)
    except Unreadable:
        return False
    return True


def _feeds(seen: Mapping[str, Any]) -> Iterator[int]:
    found = seen.get("feed_clients")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(one.get("id"), int):
            yield one["id"]


def _delay(seen: Mapping[str, Any]) -> timedelta:
    said = seen.get("fetch_delay")
    wanted = timedelta(seconds=said) if isinstance(said, int | float) else USUAL_DELAY
    return min(max(wanted, SHORTEST_DELAY), LONGEST_DELAY)
