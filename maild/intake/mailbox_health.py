"""How a mailbox does, as `maild status` tells it: one mark a mailbox, and a word when it is dead.

Written when something happened; that nothing did is told every half minute at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from maild.errors import LoginRefused, MailboxClosed
from maild.log import mailboxes as log
from maild.model.mailbox import Message, Outcome
from maild.store import marks
from maild.store.database import Database, Tx

WRITE_EVERY: Final = timedelta(seconds=30)
_PREFIX: Final = "mailbox."
_LASTING: Final = ("state", "last_login", "last_error", "folders", "dead", "taken")
_NOTHING: Final[dict[str, Any]] = {
    "state": "never_connected",
    "last_login": None,
    "last_look": None,
    "last_message": None,
    "last_error_at": None,
    "last_error": None,
    "lag_seconds": None,
    "dead": False,
    "folders": {},
    "taken": {},
}


@dataclass(slots=True)
class Health:
    """What is known of one mailbox. `started_at` is when this process began to look after it."""

    name: str
    db: Database
    now: Callable[[], datetime]
    alarm_after: timedelta
    started_at: datetime
    state: str = "connecting"
    last_login: datetime | None = None
    last_look: datetime | None = None
    last_message: datetime | None = None
    lag: float | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    dead: bool = False
    folders: dict[str, str] = field(default_factory=dict)
    taken: dict[Outcome, int] = field(default_factory=dict)
    _written: dict[str, Any] = field(default_factory=dict)
    _written_at: datetime | None = None

    async def logged_in(self, *, took: float) -> None:
        """The login worked."""
        log.mailbox_connected(mailbox=self.name, took=took)
        self.state, self.last_login = "connected", self.now()
        await self.write()

    async def looked(self) -> None:
        """All folders were looked at."""
        self.last_look = self.now()
        if self.dead:
            log.mailbox_recovered(mailbox=self.name)
            self.dead = False
        await self.write()

    def took(self, message: Message, *, arrived_at: datetime) -> None:
        """A message was dealt with; how long it had lain there is the lag."""
        self.last_message = message.at
        self.lag = max(0.0, (self.now() - arrived_at).total_seconds())
        self.taken[message.outcome] = self.taken.get(message.outcome, 0) + 1

    async def failed(self, fault: MailboxClosed, *, again_in: float) -> None:
        """The connection is gone. A refused login is told at once, anything else after a while."""
        now = self.now()
        refused = isinstance(fault, LoginRefused)
        self.state = "login_refused" if refused else "disconnected"
        self.note(fault.reason)
        if refused:
            log.mailbox_shut(mailbox=self.name, reason=fault.reason, again_in=again_in)
        else:
            log.mailbox_lost(mailbox=self.name, reason=fault.reason, again_in=again_in)
        since = self.last_look or self.started_at
        if not self.dead and (refused or now - since >= self.alarm_after):
            self.dead = True
            log.mailbox_dead(mailbox=self.name, reason=fault.reason, since=since.isoformat())
        await self.write()

    def folder_missing(self, folder: str, reason: str) -> None:
        """One folder cannot be opened; told once."""
        if self.folders.get(folder) != reason:
            log.mailbox_folder_missing(mailbox=self.name, folder=folder, reason=reason)
        self.folders[folder] = reason
        self.note(reason)

    def note(self, reason: str) -> None:
        """Keep the newest error, in words."""
        self.last_error, self.last_error_at = reason, self.now()

    async def standing_by(self) -> None:
        """Another process reads this mailbox, and tells of it."""
        if self.state != "standing_by":
            log.mailbox_standing_by(mailbox=self.name)
        self.state = "standing_by"

    async def ended(self) -> None:
        """The daemon stops reading it."""
        if self.state != "standing_by":
            self.state = "stopped"
            await self.write()

    async def write(self) -> None:
        """Put the mark, if it says something new."""
        now = self.now()
        value = self._value()
        lasting = {key: value[key] for key in _LASTING}
        recent = self._written_at is not None and now - self._written_at < WRITE_EVERY
        if value == self._written or (recent and lasting.items() <= self._written.items()):
            return
        self._written, self._written_at = value, now
        await self.db.write(partial(marks.put, name=_PREFIX + self.name, value=value, now=now))

    def _value(self) -> dict[str, Any]:
        moments = ("last_login", "last_look", "last_message", "last_error_at")
        return {
            "state": self.state,
            **{name: _text(getattr(self, name)) for name in moments},
            "last_error": self.last_error,
            "lag_seconds": None if self.lag is None else round(self.lag, 3),
            "dead": self.dead,
            "folders": dict(self.folders),
            "taken": {one.value: n for one, n in self.taken.items()},
        }


def shown(tx: Tx, name: str, *, alive: bool) -> dict[str, Any]:
    """How a mailbox does, for `maild status`; `alive` tells whether a daemon runs."""
    said = marks.get(tx, _PREFIX + name)
    value = dict(_NOTHING if said is None else said)
    if said is not None and not alive:
        value["state"] = "stopped"  # a daemon that was killed could not say so
    return {"mailbox": name} | value


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
