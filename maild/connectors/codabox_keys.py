"""The logins of teams at CodaBox, sealed: one for each team and connector."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from maild.connectors.codabox_api import Login
from maild.errors import RoadClosed
from maild.log import accounts as log
from maild.model.token import Token
from maild.ports import TokenStore

# A closed road is looked at again so often, and at once when the team is connected; it costs no call,
# since the trouble is written down.
REST = timedelta(hours=1)
_LIFE = timedelta(days=36_500)  # a login has no end of its own


class Keys:
    """The logins of one connector."""

    def __init__(self, connector: str, *, store: TokenStore, now: Callable[[], datetime]) -> None:
        self.connector = connector
        self._store, self._now = store, now

    def name(self, team: str) -> str:
        """What the login of a team is called in the store of tokens."""
        return key_name(self.connector, team)

    async def login(self, team: str) -> Login:
        """The login of a team. Raises RoadClosed, with what to do, when there is none that works."""
        consent = await self._store.load(self.name(team))
        if consent.token is None:
            raise self._closed(team, "is not connected to CodaBox")
        if consent.trouble:
            raise self._closed(team, f"is not let in by CodaBox any more ({consent.trouble})")
        return Login(consent.token.scope, consent.token.access)

    async def keep(self, team: str, login: Login) -> None:
        """Keep the login of a team; it is durable when this returns."""
        now = self._now()
        token = Token(login.password, None, now + _LIFE, now, now, scope=login.username)
        await self._store.save(self.name(team), token)

    async def refused(self, team: str, said: str) -> RoadClosed:
        """Note that a login is taken no more, and give the fault that says so."""
        if await self._store.spoil(self.name(team), said):
            log.account_needs_consent(account=self.name(team), provider="CodaBox", reason=said)
        return self._closed(team, f"is not let in by CodaBox any more ({said})")

    def _closed(self, team: str, why: str) -> RoadClosed:
        said = f"{team} {why}: `maild connect codabox {team}` asks for a new login"
        return RoadClosed(said, retry_after=REST)


def key_name(connector: str, team: str) -> str:
    """What the login of a team by a connector is called in the store of tokens."""
    return f"codabox:{connector}:{team}"
