"""One call of somebody's API: the login, the deadline, and what a broken line means.

The point of no return is passed when the connection stands and the first octet of the request is
about to leave: what breaks before it is an outage, what breaks after it a doubt. What the answer
says is the business of the callers.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, Final

import httpx2

from maild.connectors.http import LONGEST_ANSWER, client_options
from maild.errors import Doubtful, Unavailable

SECONDS: Final = 120.0  # for one call, whole; an invoice of 20 MB over a slow line
LONGEST_WORDS: Final = 300
LONGEST_REST: Final = timedelta(hours=2)
_LEAVING: Final = re.compile(r"http\w+\.send_request_headers\.started")
Cross = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: its address, headers, login (user and password), and the options of its body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    body: Mapping[str, Any] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = None
    longest: int = LONGEST_ANSWER  # octets of the answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people, as a gateway or a maintenance notice is."""
        said = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        return said in {"text/html", "application/xhtml+xml"}

    @property
    def value(self) -> Any:
        """Its JSON; None when it is none, or nested too deeply to be any API's."""
        if self.content.count(b"[") + self.content.count(b"{") > LONGEST_ANSWER // 8:
            return None
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    def at(self, pointer: str) -> str:
        """What stands at a JSON pointer (RFC 6901), as text; empty when there is nothing."""
        found = self.value
        for step in pointer.split("/")[1:] if pointer else ():
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, dict):
                found = found.get(name)
            elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
                found = found[int(name)]
            else:
                return ""
        if found is None or (not pointer and found is not None):
            return ""
        return plain(found if isinstance(found, str) else json.dumps(found))

    def words(self, pointer: str = "") -> str:
        """What it says, for people: its status, and the text at `pointer` or else its beginning."""
        said = self.at(pointer)
        if not said and not self.is_page:
            said = plain(self.content[: 4 * LONGEST_WORDS].decode("utf-8", "replace"))
        return f"{self.status} {said}".strip()

    @property
    def retry_after(self) -> timedelta | None:
        """How long it asks us to wait (RFC 9110 section 10.2.3)."""
        said = self.headers.get("retry-after", "").strip()
        if said.isdecimal():
            return min(timedelta(seconds=min(int(said), 10**6)), LONGEST_REST)
        try:
            wait = parsedate_to_datetime(said) - datetime.now(UTC)
        except (ValueError, TypeError):
            return None
        return min(max(wait, timedelta(0)), LONGEST_REST)


class Once:
    """A point of no return that is passed once, whatever number of calls comes to it."""

    def __init__(self, cross: Cross) -> None:
        self._cross = cross
        self.passed = False

    async def __call__(self) -> None:
        """Pass it, if it was not."""
        if not self.passed:
            await self._cross()
            self.passed = True


async def call(ask: Ask, *, cross: Cross | None = None, within: float = SECONDS) -> Answer:
    """Send a request, once.

    Raises Unavailable when it did not leave, or changes nothing (no `cross`); Doubtful when it left
    and no answer came; what `cross` raises when that does.
    """
    place = ask.url.partition("?")[0]
    left = False

    async def trace(event: str, _: object) -> None:
        nonlocal left
        if cross is not None and not left and _LEAVING.fullmatch(event):
            await cross()
            left = True

    try:
        async with asyncio.timeout(within):
            return await _ask(ask, trace, within)
    except TimeoutError as fault:
        raise _broken(f"{place} gave no answer within {within:g} s", doubt=left) from fault
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
        said = str(fault) or type(fault).__name__
        raise _broken(f"{place} does not answer: {said}", doubt=left) from fault


async def _ask(ask: Ask, trace: Any, within: float) -> Answer:
    tls = ask.tls or await asyncio.to_thread(_usual_tls)
    options = client_options(longest=ask.longest) | {"timeout": within, "verify": tls}
    # A client for each call: a kept connection that the other side has closed looks like a doubt.
    async with httpx2.AsyncClient(**options) as client:
        response = await client.request(
            ask.method,
            ask.url,
            headers=dict(ask.headers),
            auth=ask.login,
            extensions={"trace": trace},
            **ask.body,
        )
        return Answer(response.status_code, dict(response.headers), response.content)


def plain(text: str) -> str:
    """One line, of a length that people read."""
    return re.sub(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", text)[:LONGEST_WORDS].strip()


@lru_cache(maxsize=1)
def _usual_tls() -> ssl.SSLContext:
    """The system's certificate authorities, loaded once: it takes tens of milliseconds."""
    return ssl.create_default_context()


def _broken(said: str, *, doubt: bool) -> Unavailable | Doubtful:
    return Doubtful(said) if doubt else Unavailable(said)
