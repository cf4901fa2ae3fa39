"""Calls to the REST interface of Exact Online: paced, authorised, and their faults ours.

It knows how to ask and what an answer means, not what is booked. Every call is counted before it is
made, in the ledger that all processes share. Source: exact_online.md A2 and A3.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from maild.connectors.exact_answers import Row, data, guid, page
from maild.connectors.exact_faults import Asked, fault_of, unclear
from maild.connectors.exact_pace import Pace
from maild.connectors.exact_quota import MINUTE, Limits, registration
from maild.connectors.http import calling, client_options, never_left
from maild.connectors.oauth_providers import Account
from maild.errors import Doubtful, RoadClosed, Unavailable
from maild.ports import AccessTokens, Ledger

LONGEST_ANSWER: Final = 4 << 20  # octets; a page has 60 rows
MOST_PAGES: Final = 500
SECONDS: Final = 60.0  # for one call; the first connection alone may take five (A2)
SECONDS_OF_FILE: Final = 300.0
TURNS: Final = 4  # of one call: after a token that was refused, and after a minute that was full
MADE: Final = 201  # a POST that added a row; a page of a maintenance comes with 200
NOWHERE: Final = "current"  # in place of a division


@dataclass(frozen=True, slots=True)
class ExactOptions:
    """One connector: its name, the account that it logs in by, its site, and what it may ask."""

    name: str
    account: Account
    site: str
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class _Call:
    """One call, whole."""

    asked: Asked
    method: str
    url: str
    body: Callable[[], Any] | None = None  # made anew at each turn
    length: int | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer; its headers by small letters. What was made of a long row is not read."""

    status: int
    headers: dict[str, str]
    content: bytes


class ExactApi:
    """The interface of one site for one account; `close` ends its connections."""

    def __init__(
        self,
        options: ExactOptions,
        *,
        tokens: AccessTokens,
        ledger: Ledger,
        now: Callable[[], datetime],
        pause: Callable[[float], Awaitable[object]],
    ) -> None:
        self.options = options
        self._tokens = tokens
        self._pace = Pace(
            options.name,
            registration=registration(options.site, options.account.client_id),
            limits=options.limits,
            ledger=ledger,
            now=now,
            pause=pause,
        )
        self._client: httpx2.AsyncClient | None = None
        self._refused = ""  # the token that Exact did not take: each further try would be an error

    async def rows(
        self, division: str, entity: str, *, where: str = "", select: str, top: int | None = None
    ) -> list[Row]:
        """The rows of an entity such as "crm/Accounts" that fit a filter, of all pages."""
        query = {"$select": select}
        if where:
            query["$filter"] = where
        if top is not None:
            query["$top"] = str(top)
        url: str | None = f"{self._url(division, entity)}?{urlencode(query, quote_via=quote)}"
        asked = self._asked(division, entity)
        found: list[Row] = []
        for _ in range(MOST_PAGES):
            if url is None:
                return found
            more, url = self._page(asked, await self._answer(_Call(asked, "GET", url)))
            found += more
        raise Unavailable(f"{asked.place} does not come to an end after {len(found)} rows")

    async def create(self, division: str, entity: str, values: dict[str, Any]) -> Row:
        """Add a row, with its lines; what Exact made of it."""
        asked = self._asked(division, entity, writes=True)
        content = json.dumps(values).encode()
        call = _Call(asked, "POST", self._url(division, entity), lambda: content)
        rows, _ = self._page(asked, await self._answer(call))
        if len(rows) != 1:
            raise unclear(asked, "does not say what it made")
        return rows[0]

    async def send(
        self, division: str, entity: str, body: Callable[[], AsyncIterator[bytes]], *, length: int
    ) -> None:
        """Add a row whose JSON is too long to be held; `body` gives its `length` octets."""
        asked = self._asked(division, entity, writes=True)
        # The answer may repeat the whole row, which nobody needs.
        await self._answer(_Call(asked, "POST", self._url(division, entity), body, length))

    async def change(self, division: str, entity: str, key: str, *, values: dict[str, Any]) -> None:
        """Change a row; lines cannot be changed with it."""
        asked = self._asked(division, entity, writes=True)
        content = json.dumps(values).encode()
        url = f"{self._url(division, entity)}({guid(key)})"
        await self._answer(_Call(asked, "PUT", url, lambda: content))

    def books(self, division: str) -> Books:
        """The interface to one division."""
        return Books(self, division)

    async def me(self) -> Row:
        """Who is logged in."""
        [row, *_] = await self.rows(
            NOWHERE, "Me", select="UserID,FullName,CurrentDivision", top=None
        ) or [{}]
        return row

    async def close(self) -> None:
        """End kept connections. Safe to call twice."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    def _url(self, division: str, entity: str) -> str:
        return f"{self.options.site}/api/v1/{division}/{entity}"

    def _asked(self, division: str, entity: str, *, writes: bool = False) -> Asked:
        account = self.options.account
        return Asked(division, entity, account.address, account.command, writes)

    def _page(self, asked: Asked, content: bytes) -> tuple[list[Row], str | None]:
        try:
            rows, following = page(data(content))
        except ValueError as fault:
            raise unclear(asked, f"does not answer in the form that it should ({fault})") from fault
        if following is not None and not self._is_ours(following):
            # The token goes along, so it is followed to no other place.
            raise Unavailable(f"{asked.place} points to another host for its next page")
        return rows, following

    def _is_ours(self, url: str) -> bool:
        there, here = urlsplit(url), urlsplit(self.options.site)
        return (there.scheme, there.netloc) == (here.scheme, here.netloc)

    async def _answer(self, call: _Call) -> bytes:
        """The content of a good answer; every other is a fault."""
        tried_again = False
        for _ in range(TURNS):
            await self._pace.turn(call.asked)  # first: a token may end while a minute is waited for
            token = await self._token()
            answer = await self._send(call, token)
            await self._pace.learn(call.asked, answer.status, headers=answer.headers)
            if answer.status == 429:
                continue
            if answer.status == 401 and not tried_again:
                self._refused, tried_again = token, True
                continue
            return await self._judged(call, answer)
        said = "takes no more calls just now"
        raise RoadClosed(f"{call.asked.place} {said}", retry_after=MINUTE)

    async def _token(self) -> str:
        """An access token other than the one that was refused."""
        name = self.options.account.name
        token = await self._tokens.token(name)
        if token == self._refused:
            return await self._tokens.token(name, fresh=True)
        return token

    async def _send(self, call: _Call, token: str) -> _Answer:
        if self._client is None:
            self._client = httpx2.AsyncClient(**client_options(longest=LONGEST_ANSWER))
        seconds = SECONDS if call.length is None else SECONDS_OF_FILE
        request = self._client.build_request(
            call.method,
            call.url,
            headers=_headers(call, token),
            content=call.body() if call.body else None,
            timeout=seconds,
        )
        try:
            async with calling(call.asked.place, seconds=seconds):
                response = await self._client.send(request, stream=True)
                unread = call.length is not None and response.status_code == MADE
                content = b"" if unread else await response.aread()
                await response.aclose()
        except Unavailable as fault:
            if call.asked.writes and not never_left(fault):
                raise Doubtful(fault.reply) from fault
            raise
        headers = {name.lower(): value for name, value in response.headers.items()}
        return _Answer(response.status_code, headers, content)

    async def _judged(self, call: _Call, answer: _Answer) -> bytes:
        asked, status = call.asked, answer.status
        if status == MADE or (200 <= status < 300 and call.length is None):
            return answer.content
        if status == 401:
            raise Unavailable(f"{asked.place} does not take the token that it gave us")
        reason = answer.headers.get("reason", "")
        fault = fault_of(asked, status, content=answer.content, reason=reason)
        if isinstance(fault, RoadClosed):
            raise await self._pace.shut(asked, fault.reply)
        raise fault


@dataclass(frozen=True, slots=True)
class Books:
    """The calls to one division."""

    api: ExactApi
    division: str

    async def rows(self, entity: str, *, where: str = "", select: str) -> list[Row]:
        """See `ExactApi.rows`."""
        return await self.api.rows(self.division, entity, where=where, select=select)

    async def create(self, entity: str, values: dict[str, Any]) -> Row:
        """See `ExactApi.create`."""
        return await self.api.create(self.division, entity, values)

    async def change(self, entity: str, key: str, *, values: dict[str, Any]) -> None:
        """See `ExactApi.change`."""
        await self.api.change(self.division, entity, key, values=values)

    async def send(
        self, entity: str, body: Callable[[], AsyncIterator[bytes]], *, length: int
    ) -> None:
        """See `ExactApi.send`."""
        await self.api.send(self.division, entity, body, length=length)


def _headers(call: _Call, token: str) -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
    if call.length is not None:
        headers["Content-Length"] = str(call.length)
    elif call.method == "POST":
        # Without it the answer has nothing but what was posted (A2).
        headers["Prefer"] = "return=representation"
    return headers
