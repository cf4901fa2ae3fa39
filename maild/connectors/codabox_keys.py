"""The logins of teams at CodaBox, sealed: one for each team and connector, and what is to become one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Redeeming:
    """A mailed token on its way to a login: written down before each call, and after it.

    `words` are those that may be the token, the first being tried; `asked` tells that it may have
    been used by a call whose answer never came. `login` is what CodaBox gave for it, not looked at yet.
    """

    words: tuple[str, ...] = field(repr=False)
    pasted: bool
    at: datetime
    asked: bool = False
    login: Login | None = None


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
            why = f" ({consent.trouble})" if consent.trouble else ""
            raise self._closed(team, f"is not connected to CodaBox{why}")
        if consent.trouble:
            raise self._closed(team, f"is not let in by CodaBox any more ({consent.trouble})")
        return Login(consent.token.scope, consent.token.access)

    async def keep(self, team: str, login: Login) -> None:
        """Keep the login of a team; it is durable when this returns."""
        now = self._now()
        token = Token(login.password, None, now + _LIFE, now, now, scope=login.username)
        await self._store.save(self.name(team), token)

    async def redeeming(self, team: str) -> Redeeming | None:
        """The token of a team that is being turned into a login, if any."""
        token = (await self._store.load(self.redeeming_name(team))).token
        if token is None:
            return None
        said = json.loads(token.access)
        login = Login(*said["login"]) if said["login"] else None
        words = tuple(said["words"])
        return Redeeming(words, said["pasted"], token.obtained_at, said["asked"], login)

    async def note(self, team: str, one: Redeeming) -> None:
        """Write down how far a token has come; it is durable when this returns."""
        said = {
            "words": one.words,
            "pasted": one.pasted,
            "asked": one.asked,
            "login": [one.login.username, one.login.password] if one.login else None,
        }
        now = self._now()
        await self._store.save(
            self.redeeming_name(team), Token(json.dumps(said), None, now + _LIFE, one.at, now)
        )

    def redeeming_name(self, team: str) -> str:
        """What a token on its way is called in the store of tokens."""
        return f"codabox-redeeming:{self.connector}:{team}"

    async def missed(self, team: str, said: str) -> None:
        """Note why a team that is not connected did not get its login; a login that works stays."""
        name = self.name(team)
        connected = (await self._store.load(name)).token is not None
        if not connected and await self._store.spoil(name, said):
            log.account_needs_consent(account=name, provider="CodaBox", reason=said)

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
