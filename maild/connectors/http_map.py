"""Hands documents to a service whose API is described by tables of the configuration.

One call sends a document; another may look it up before, so that nothing is there twice. What an
answer means is read off the tables; what they do not say is taken in the way that loses nothing and
doubles nothing: a refusal is final, a broken answer is a doubt.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from maild.config.http_map import HttpConnector, HttpFind, HttpMatch, HttpPoll, HttpSend, fill
from maild.connectors.http_call import Answer, Ask, Once, call
from maild.connectors.http_sign import signature
from maild.connectors.http_tls import Tls, asks_first, explained
from maild.connectors.http_values import body_of, values_of
from maild.connectors.relay import consigned
from maild.errors import Deferred, DeliveryError, Doubtful, Refused, Unavailable
from maild.model.delivery import Parcel

_EARLY: Final = 30.0  # seconds before its end that a token is not used any more
_USUAL_LIFE: Final = 300.0  # seconds, where the answer does not say
_NOT_LET_IN: Final = (401, 403)
_CALLED: Final = re.compile(r"(?:[0-9]{3}|it is there already,) as (\S+)")
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class HttpMapConnector:
    """The service of one [connector.http.NAME]."""

    def __init__(self, name: str, options: HttpConnector) -> None:
        self.name = name
        self.options = options
        self._tls = Tls(options)
        self._token = ("", 0.0)  # and until when it is good (monotonic)
        self._asking = asyncio.Lock()

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        """Send the document, unless it is found there; the answer in words.

        Raises ProfileMismatch, and the faults of ports.Connector.
        """
        goods = consigned(parcel, connector=self.name)
        values = values_of(parcel, goods)
        if found := await self._find(self.options.find, values):
            return f"it is there already, as {found}"
        if asks_first(self.options):
            await self._call("GET", self.options.check, {})  # whatever it answers
        send = self.options.send
        body = await asyncio.to_thread(body_of, send, goods, values)
        path = fill(send.path, values, escape="path")
        answer = await self._call(
            send.method,
            path,
            values,
            extra=body.headers | await self._signature(goods.reference, body.options),
            body=body.options,
            cross=Once(point_of_no_return),
        )
        return verdict(answer, send, looked_up=bool(self.options.find.path))

    async def fate(self, called: str, team: str) -> Fate | None:
        """What became of a document that was taken, by what it is called there; None: not yet known.

        Raises Unavailable.
        """
        poll = self.options.poll
        path = fill(poll.path, {"id": called, "team": team}, escape="path")
        return fate_of(await self._call("GET", path, {"id": called, "team": team}), poll)

    async def check(self) -> None:
        """Whether the service answers and lets us in. Raises Unavailable with the reason."""
        answer = await self._call("GET", self.options.check, {})
        if answer.status in _NOT_LET_IN:
            raise _not_let_in(answer, self.options.send)
        if self.options.check and not 200 <= answer.status < 300:
            raise Unavailable(f"{self.options.url}{self.options.check} answers {answer.words()}")

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _find(self, find: HttpFind, values: dict[str, str]) -> str:
        """What the other side calls it; empty when it is not there, or nobody can be asked."""
        if not find.path:
            return ""
        answer = await self._call("GET", fill(find.path, values, escape="path"), values)
        if answer.status == 404:
            return ""
        if not 200 <= answer.status < 300 or answer.value is None:
            raise Unavailable(f"whether it is there is not known: {answer.words()}")
        return answer.at(find.found)

    async def _call(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        *,
        extra: Mapping[str, str] = NOTHING,
        body: Mapping[str, Any] = NOTHING,
        cross: Once | None = None,
    ) -> Answer:
        ask = await self._ask(method, path, values, extra=extra, body=body)
        try:
            answer = await call(ask, cross=cross)
        except Unavailable as fault:
            raise explained(fault, self.options) from fault
        if answer.status == 401 and self.options.auth == "oauth2":
            # The token may have been ended before its time; a 401 took nothing.
            self._token = ("", 0.0)
            ask = await self._ask(method, path, values, extra=extra, body=body)
            answer = await call(ask, cross=cross)
        return answer

    async def _ask(
        self,
        method: str,
        path: str,
        values: Mapping[str, str],
        *,
        extra: Mapping[str, str],
        body: Mapping[str, Any],
    ) -> Ask:
        one = self.options
        headers = {name: fill(template, values) for name, template in one.headers.items()}
        headers.update(extra)
        login = None
        if one.auth == "basic":
            login = (one.username, await _secret(one.password_file, "password_file"))
        elif one.auth == "bearer":
            headers["Authorization"] = f"Bearer {await _secret(one.token_file, 'token_file')}"
        elif one.auth == "oauth2":
            headers["Authorization"] = f"Bearer {await self._access_token()}"
        url = one.url.rstrip("/") + "/" + path
        return Ask(method, url, headers, login, body, await asyncio.to_thread(self._tls.context))

    async def _signature(self, called: str, body: Mapping[str, Any]) -> dict[str, str]:
        """The headers that prove that a body is ours and of now; none without a secret."""
        if self.options.sign_file is None:
            return {}
        secret = await _secret(self.options.sign_file, "sign_file")
        return signature(body["content"], secret=secret, called=called, at=int(time.time()))

    async def _access_token(self) -> str:
        """A token of the client itself (RFC 6749 section 4.4), kept in memory while it is good."""
        async with self._asking:
            token, until = self._token
            if token and time.monotonic() < until:
                return token
            one = self.options
            secret = await _secret(one.password_file, "password_file")
            form = {"grant_type": "client_credentials"} | (
                {"scope": one.scope} if one.scope else {}
            )
            ask = Ask(
                "POST",
                one.token_url,
                login=(one.username, secret),
                body={"data": form},
                tls=await asyncio.to_thread(self._tls.context),
            )
            answer = await call(ask, within=30.0)
            token = answer.at("/access_token")
            if answer.status != 200 or not token:
                raise Unavailable(
                    f"{one.token_url} gives no token: {answer.words('/error_description')}"
                )
            self._token = (token, time.monotonic() + _life(answer) - _EARLY)
            return token


@dataclass(frozen=True, slots=True)
class Fate:
    """How a document ended over there, in words."""

    good: bool
    words: str


def fate_of(answer: Answer, poll: HttpPoll) -> Fate | None:
    """What an answer to a poll says; None while it is not decided. Raises Unavailable."""
    state = answer.at(poll.state) if 200 <= answer.status < 300 else ""
    if not state:
        raise Unavailable(f"what became of a document is not known: {answer.words(poll.error)}")
    if state in poll.done:
        return Fate(good=True, words=state)
    if state in poll.failed:
        return Fate(good=False, words=f"{state}: {answer.at(poll.error)}".rstrip(": "))
    return None


def called(reply: str) -> str:
    """What a document is called there, by the reply that `verdict` or a look gave; empty: unknown."""
    found = _CALLED.match(reply)
    return found[1] if found else ""


def verdict(answer: Answer, send: HttpSend, *, looked_up: bool) -> str:
    """The answer to a document that was sent, in words; or the fault that it is.

    `looked_up`: it is looked up before the next try, so a try too many does no harm. Raises
    Refused, Doubtful, Deferred, Unavailable.
    """
    for match in send.duplicate:
        if _matches(answer, match):
            return f"it is there already: {answer.words(send.error)}"
    if answer.status < 300 and answer.status not in {*send.permanent, *send.transient}:
        return _taken(answer, send, looked_up=looked_up)
    raise _fault(answer, send)


def _taken(answer: Answer, send: HttpSend, *, looked_up: bool) -> str:
    if answer.is_page:
        said = f"{answer.status} with a page for people, as in a maintenance"
        # A page that stands for the service took nothing, as a rule; without a second look a rule
        # is not enough.
        raise Unavailable(said) if looked_up or send.duplicate else Doubtful(said)
    if answer.status not in send.success:
        raise Doubtful(f"{answer.words(send.error)}; success does not name {answer.status}")
    name, state = answer.at(send.id), answer.at(send.state)
    if (send.id and not name) or (send.state and not state):
        raise Doubtful(f"{answer.status}, and what should stand in the answer does not")
    if state in send.rejected:
        raise Refused(f"{state}: {answer.words(send.error)}")
    words = [
        f"{answer.status}",
        f"as {name}" if name else "",
        f"state {state}" if state else "",
    ]
    return " ".join(one for one in words if one)


def _fault(answer: Answer, send: HttpSend) -> DeliveryError:
    said = answer.words(send.error)
    status = answer.status
    if status in send.permanent:
        return Refused(said)
    if status in send.transient:
        return Deferred(said, retry_after=answer.retry_after)
    if status in _NOT_LET_IN:
        return _not_let_in(answer, send)
    if status in {429, 503}:
        return Unavailable(said, retry_after=answer.retry_after)
    if 300 <= status < 400:
        return Unavailable(f"{said}; it has moved: correct url in the configuration")
    if status in {408, 425}:
        return Deferred(said, retry_after=answer.retry_after)
    # A 5xx may come after the work was done: 502 and 504 are a gateway's, which cannot know.
    return Doubtful(said) if status >= 500 else Refused(said)


def _matches(answer: Answer, match: HttpMatch) -> bool:
    if answer.status != match.status:
        return False
    said = answer.at(match.at) if match.at else answer.words()
    return bool(said) and match.contains.casefold() in said.casefold()


def _not_let_in(answer: Answer, send: HttpSend) -> Unavailable:
    return Unavailable(
        f"it does not let us in: {answer.words(send.error)}; look at the login in the configuration"
    )


def _life(answer: Answer) -> float:
    said = answer.at("/expires_in").strip('"')
    return float(said) if said.isdecimal() and len(said) < 9 else _USUAL_LIFE


async def _secret(path: Path | None, key: str) -> str:
    if path is None:
        raise Unavailable(f"{key} is missing in the configuration")
    try:
        text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise Unavailable(f"{key}: {path} cannot be read ({fault})") from fault
    return text.rstrip("\r\n")
