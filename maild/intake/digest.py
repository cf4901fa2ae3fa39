"""The digest: once a day, or when a team wants it, its people hear what came, went and waits.

Nothing is sent when nothing happened. How far the last one reached is a mark, written with the
letters themselves: none is lost and none comes twice, and after days without maild one tells of all.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from maild.intake.notices import queue_letter
from maild.model.delivery import Delivery, HoldCode, State
from maild.model.team import Team
from maild.render.digest import News, Waiting, digest
from maild.render.fields import language_of
from maild.render.problems import hold_in
from maild.render.told import fate_of, told
from maild.rules.book import RuleBook
from maild.rules.windows import parse
from maild.store import days, deliveries, documents, marks, returns
from maild.store.database import Database, Tx
from maild.store.waiting import waiting

MOST_WAITING: Final = 200
_MOMENT: Final = timedelta(seconds=1)


class Digests:
    """Looks now and then whether a digest is due; the clock asks."""

    def __init__(self, db: Database, *, book: Callable[[], RuleBook]) -> None:
        self._db = db
        self._book = book
        self._due: dict[str, tuple[str, datetime]] = {}  # by team: its `digest`, and when

    async def look(self, now: datetime) -> int:
        """Queue what is due; to how many teams' people. `now` is aware UTC."""
        told = 0
        for team in self._book().teams:
            when, due = self._due.get(team.slug, ("", now))
            if not team.digest or (when == team.digest and now < due):
                continue
            told += await self._tell(team, now)
        return told

    async def _tell(self, team: Team, now: datetime) -> bool:
        since, due = await self._db.write(partial(_stand, team=team, now=now))
        self._due[team.slug] = (team.digest, due)
        if now < due:
            return False
        news = await self._db.read(partial(_news, team=team, since=since, until=now))
        told = await self._db.write(partial(_queue, team=team, since=since, news=news, now=now))
        self._due[team.slug] = (team.digest, _next(team, now))
        return told


def told_until(tx: Tx, team: Team) -> datetime | None:
    """Until when the team's people know what happened; None before the first look."""
    mark = marks.get(tx, _name(team))
    return None if mark is None else datetime.fromisoformat(mark["since"])


def _stand(tx: Tx, *, team: Team, now: datetime) -> tuple[datetime, datetime]:
    """From when the next digest counts, and when it is due; noted at the first look."""
    mark = marks.get(tx, _name(team))
    if mark is not None and mark["when"] == team.digest:
        return datetime.fromisoformat(mark["since"]), datetime.fromisoformat(mark["due"])
    since = datetime.fromisoformat(mark["since"]) if mark else now
    return since, _note(tx, team, since=since, now=now)


def _note(tx: Tx, team: Team, *, since: datetime, now: datetime) -> datetime:
    due = _next(team, now)
    value = {"since": since.isoformat(), "due": due.isoformat(), "when": team.digest}
    marks.put(tx, _name(team), value, now=now)
    return due


def _queue(tx: Tx, *, team: Team, since: datetime, news: News | None, now: datetime) -> bool:
    """Write the letters and how far they reach; not when another process did so meanwhile."""
    mark = marks.get(tx, _name(team))
    if mark is None or datetime.fromisoformat(mark["since"]) != since:
        return False
    _note(tx, team, since=now, now=now)
    if news is None:
        return False
    letter = digest(news, team=team)
    for address in team.told:
        queue_letter(tx, team, letter, to=address, now=now)
    return bool(team.told)


def _news(tx: Tx, *, team: Team, since: datetime, until: datetime) -> News | None:
    """What happened, or None when nothing did."""
    seen = days.between(tx, team.slug, since=since, until=until)
    if seen.is_empty:
        return None
    held = [_waiting(tx, one, team=team) for one in waiting(tx, team=team.slug, limit=MOST_WAITING)]
    return News(
        since=since,
        came=seen.came,
        left=seen.left,
        waiting=held,
        failed=[_failed(tx, one, team=team) for one in seen.failed],
        refused=seen.refused,
    )


def _waiting(tx: Tx, document: str, *, team: Team) -> Waiting:
    """A document that waits: for its deliveries, or (its number came before) as a whole."""
    held = [one for one in deliveries.of_document(tx, document) if one.state is State.HELD]
    code, said = (held[0].hold_code, held[0].reason or "") if held else (HoldCode.REVIEW, "")
    return Waiting(documents.get(tx, document), hold_in(code, said, language_of(team.language)))


def _failed(tx: Tx, delivery: Delivery, *, team: Team) -> Waiting:
    document = documents.get(tx, delivery.document or "")
    back = returns.of_deliveries(tx, [delivery.id])[delivery.id]
    said = told(fate_of(delivery, back=back), team.language)
    return Waiting(document, f"{delivery.address}: {said.line}")


def _next(team: Team, now: datetime) -> datetime:
    window = parse(team.digest)
    after = now.astimezone(UTC) + _MOMENT
    return window.not_before(after, ZoneInfo(team.time_zone), holidays=team.holidays)


def _name(team: Team) -> str:
    return f"digest:{team.slug}"
