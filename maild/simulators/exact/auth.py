"""The sign-in of Exact Online: consent, tokens, and everything for which it refuses them.

A chain is one consent of one user for one registered client; a second consent ends the first.
Source: the field notes on OAuth2 (tokens live ten minutes and are renewed in the last thirty seconds).
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qs, parse_qsl, urlencode

from maild.simulators.exact.faults import Fault
from maild.simulators.exact.refusal import JSON
from maild.simulators.exact.world import World
from maild.simulators.http_wire import Answer, Asked

FORM: Final = "application/x-www-form-urlencoded"
CODE_LIFE: Final = timedelta(minutes=3)
ACCESS_LIFE: Final = timedelta(seconds=600)
REFRESH_FROM: Final = timedelta(seconds=570)
REFRESH_LIFE: Final = timedelta(days=30)
CALLS_A_DAY: Final = 200
_EARLY: Final = "Rate limit exceeded: access_token not expired"
_OLD: Final = "Old refresh token used"


@dataclass(slots=True)
class Client:
    """A registered app. Old registrations carry braces in their ids."""

    id: str = "{5a4f3ad0-1b6c-4c3e-9a63-7a2c0e6b9f11}"
    secret: str = "s3cret/of=the app"  # noqa: S105 - of a stand-in
    redirect_uri: str = "https://maild.example/exact"


@dataclass(slots=True)
class Chain:
    """One consent and its tokens."""

    user: str
    refresh: str = ""
    issued_at: datetime | None = None
    live: bool = True
    spent: set[str] = field(default_factory=set)
    access: dict[str, datetime] = field(default_factory=dict)  # token: when it ends


class _No(Exception):
    def __init__(
        self, error: str, description: str, *, status: int = 400, reason: str = ""
    ) -> None:
        super().__init__(description)
        self.said = {"error": error, "error_description": description}
        self.status, self.reason = status, reason


class SignIn:
    """The two endpoints, and who an access token belongs to."""

    def __init__(self, world: World, client: Client) -> None:
        self.client, self.chains = client, list[Chain]()
        self.calls: Counter[str] = Counter()  # token calls by day
        self._world = world
        self._codes: dict[str, tuple[str, datetime]] = {}

    def consent(self, query: str, user: str) -> Answer:
        """The consent page: answers with the way back to the client, as if `user` had clicked."""
        asked = dict(parse_qsl(query))
        if "client_secret" in asked:
            self._world.offend("a client secret in the address of the consent page")
        fits = {
            "client_id": asked.get("client_id") == self.client.id,
            "redirect_uri": asked.get("redirect_uri") == self.client.redirect_uri,
            "response_type": asked.get("response_type") == "code",
        }
        if wrong := [name for name, fit in fits.items() if not fit]:
            return Answer(
                400, f"invalid {', '.join(wrong)}".encode(), {"Content-Type": "text/html"}
            )
        if self._world.switches.consent == "deny":
            back = {"error": "access_denied"}
        else:
            code = f"code.{secrets.token_urlsafe(48)}"
            self._codes[code] = (user, self._world.clock.now() + CODE_LIFE)
            back = {"code": code}
        if "state" in asked:
            back["state"] = asked["state"]
        return Answer(302, headers={"Location": f"{self.client.redirect_uri}?{urlencode(back)}"})

    def token(self, asked: Asked, fault: Fault | None = None) -> Answer:
        """The token endpoint."""
        try:
            return _json(200, self._token(asked, fault))
        except _No as no:
            return _json(no.status, no.said, reason=no.reason)

    def user_of(self, headers: dict[str, str]) -> str | None:
        """Whose access token that is; None where it is none that counts."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        for chain in self.chains:
            known = chain.access.get(token)
            if known and (chain.live or self._world.switches.old_chain_access):
                return chain.user if self._world.clock.now() < known else None
        return None

    def revoke(self, user: str) -> None:
        """The user takes the consent back, in Exact Online."""
        for chain in self.chains:
            if chain.user == user:
                chain.live = False
                chain.access.clear()

    def _token(self, asked: Asked, fault: Fault | None) -> dict[str, str]:
        self._count()
        form = self._form(asked)
        grant = form.get("grant_type")
        if grant == "authorization_code":
            return self._by_code(form)
        if grant == "refresh_token":
            return self._by_refresh(form, fault)
        self._world.offend(f"grant_type {grant!r}")
        raise _No("unsupported_grant_type", f"Unsupported grant type: {grant}")

    def _count(self) -> None:
        day = f"{self._world.clock.now():%Y-%m-%d}"
        self.calls[day] += 1
        if self.calls[day] > CALLS_A_DAY:
            self._world.offend(f"more than {CALLS_A_DAY} token calls on {day}")
            raise _No("access_denied", "Rate limit exceeded: token calls", status=429)

    def _form(self, asked: Asked) -> dict[str, str]:
        if "authorization" in asked.headers:
            self._world.offend("an Authorization header at the token endpoint")
            raise _No("invalid_client", "Client authentication failed.", status=401)
        if asked.headers.get("content-type", "").partition(";")[0].strip() != FORM or asked.query:
            self._world.offend("a token request that is no form")
            raise _No("invalid_request", "The request is no form.")
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        if (
            form.get("client_id") != self.client.id
            or form.get("client_secret") != self.client.secret
        ):
            self._world.offend("a foreign client, or its wrong secret")
            raise _No("invalid_client", "Client authentication failed.", status=401)
        return form

    def _by_code(self, form: dict[str, str]) -> dict[str, str]:
        user, until = self._codes.pop(form.get("code", ""), ("", self._world.clock.now()))
        if not user or self._world.clock.now() >= until:
            raise _No("invalid_grant", "The code has expired or was used before.")
        if form.get("redirect_uri") != self.client.redirect_uri:
            raise _No("invalid_grant", "The redirect_uri differs.")
        for chain in self.chains:
            if chain.user == user:
                chain.live = False
        self.chains.append(Chain(user))
        return self._issue(self.chains[-1])

    def _by_refresh(self, form: dict[str, str], fault: Fault | None) -> dict[str, str]:
        token, now = form.get("refresh_token", ""), self._world.clock.now()
        if fault is Fault.TOO_EARLY:
            raise self._too_early()
        if fault is Fault.OLD_TOKEN:
            raise self._old()
        chain = next(
            (one for one in self.chains if token == one.refresh or token in one.spent), None
        )
        if chain is None or chain.issued_at is None:
            self._world.offend("a refresh token that was never given")
            raise _No("invalid_grant", "The refresh token is invalid.")
        if token in chain.spent:
            self._world.offend("a refresh token used twice")
            raise self._old()
        if not chain.live:
            raise self._old()
        if now > chain.issued_at + REFRESH_LIFE:
            ended = _american(chain.issued_at + REFRESH_LIFE)
            said = f"The refresh token expired at {ended} and it is now {_american(now)}."
            raise _No("invalid_request", said)
        if now < chain.issued_at + REFRESH_FROM:
            self._world.offend("a refresh before 9 min 30 s")
            if self._world.switches.early_refresh_burns:
                chain.spent.add(token)
                chain.refresh = ""
            raise self._too_early()
        return self._issue(chain)

    def _issue(self, chain: Chain) -> dict[str, str]:
        now = self._world.clock.now()
        if chain.refresh:
            chain.spent.add(chain.refresh)
        chain.refresh, chain.issued_at = f"rt.{secrets.token_urlsafe(256)}", now
        access = f"at.{secrets.token_urlsafe(512)}"
        chain.access[access] = now + ACCESS_LIFE
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": f"{ACCESS_LIFE.seconds}",  # text, not a number
            "refresh_token": chain.refresh,
        }

    def _too_early(self) -> _No:
        status = self._world.switches.early_refresh_status
        return _No(
            "access_denied", _EARLY, status=status, reason=f"TooEarlyToRefreshTokens: {_EARLY}"
        )

    def _old(self) -> _No:
        return _No(self._world.switches.old_token_error, _OLD)


def _json(status: int, said: dict[str, str], *, reason: str = "") -> Answer:
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    if reason:
        headers["Reason"] = reason
    return Answer(status, json.dumps(said).encode(), headers)


def _american(at: datetime) -> str:
    hour = at.hour % 12 or 12
    return f"{at.month}/{at.day}/{at.year} {hour}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"
