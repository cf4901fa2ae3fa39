"""Which teams asked CodaBox for a token that is on its way to them by mail, as marks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from maild.store import marks
from maild.store.database import Tx
from maild.store.schema import marks as table

# A mail that comes later than this is no answer any more, and is a mail like others.
WAIT: Final = timedelta(days=7)
_PREFIX: Final = "codabox.asked."


@dataclass(frozen=True, slots=True)
class Asked:
    """A team that waits for its token: by which connector, for which enterprise number."""

    connector: str
    team: str
    number: str
    at: datetime

    @property
    def letter(self) -> str:
        """What the token is called in the store of tokens, until it is used."""
        return letter_name(self.connector, self.team)

    @property
    def mark(self) -> str:
        """Where it is noted that the team waits."""
        return f"{_PREFIX}{self.connector}.{self.team}"


def letter_name(connector: str, team: str) -> str:
    """What a mailed token is called in the store of tokens, until it is used."""
    return f"codabox-letter:{connector}:{team}"


def ask(tx: Tx, asked: Asked) -> dict[str, str] | None:
    """Note that a token is on its way; what was noted before, for `take_back`."""
    before = marks.get(tx, asked.mark)
    value = {"number": asked.number, "at": asked.at.isoformat()}
    marks.put(tx, asked.mark, value, now=asked.at)
    return before


def ask_unless_asked(tx: Tx, asked: Asked) -> None:
    """Note it where nothing is waited for, so that what begins now is found by whoever comes after."""
    if not any(one.mark == asked.mark for one in pending(tx, now=asked.at, team=asked.team)):
        ask(tx, asked)


def take_back(tx: Tx, asked: Asked, *, before: dict[str, str] | None) -> None:
    """Note that none is: what was waited for before still is."""
    if before is None:
        marks.drop(tx, asked.mark)
    else:
        marks.put(tx, asked.mark, before, now=asked.at)


def done(tx: Tx, connector: str, team: str) -> None:
    """Note that nothing is waited for any more."""
    marks.drop(tx, f"{_PREFIX}{connector}.{team}")


def pending(tx: Tx, *, now: datetime, team: str | None = None) -> tuple[Asked, ...]:
    """Who waits for a token: a team, or all of them."""
    rows = tx.execute(select(table.c.name, table.c.value).where(table.c.name.startswith(_PREFIX)))
    found = [_asked(row.name.removeprefix(_PREFIX), json.loads(row.value)) for row in rows]
    return tuple(one for one in found if team in {None, one.team} and now - one.at < WAIT)


def _asked(name: str, value: dict[str, str]) -> Asked:
    connector, _, team = name.partition(".")
    return Asked(connector, team, value["number"], datetime.fromisoformat(value["at"]))
