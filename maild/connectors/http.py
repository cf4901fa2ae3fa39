"""One way to call somebody's API: bounded in time and size, and its faults are ours.

What the answers mean is the business of the callers; nothing is retried here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2

from maild import __version__
from maild.errors import Unavailable

SECONDS: Final = 30.0  # for one call, whole: less than a lease on tokens (store/tokens.py)
LONGEST_ANSWER: Final = 256 * 1024  # octets; tokens and error texts take a few thousand


def client_options(*, longest: int = LONGEST_ANSWER) -> dict[str, Any]:
    """Options for a client of httpx2: no compression, no redirects, an answer of bounded size."""

    async def bound(response: httpx2.Response) -> None:
        if "content-encoding" in response.headers:
            # A few bytes could unpack to any number; we asked for none.
            raise httpx2.DecodingError("the answer is compressed, which was not asked for")
        response.stream = _Bounded(response.stream, longest)

    return {
        "timeout": SECONDS,
        "follow_redirects": False,
        "headers": {"User-Agent": f"maild/{__version__}", "Accept-Encoding": "identity"},
        "event_hooks": {"response": [bound]},
    }


@asynccontextmanager
async def calling(place: str, *, seconds: float = SECONDS) -> AsyncIterator[None]:
    """Turn everything that can go wrong on the way to `place` into Unavailable, within a time."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as fault:
        raise Unavailable(f"{place} gave no answer within {seconds:g} s") from fault
    except httpx2.HTTPStatusError as fault:
        code = fault.response.status_code
        raise Unavailable(f"{place} answers {code} {fault.response.reason_phrase}") from fault
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as fault:
        said = str(fault) or type(fault).__name__
        raise Unavailable(f"{place} does not answer: {said}") from fault


def never_left(fault: Unavailable) -> bool:
    """Whether nothing of what was to be sent reached anybody, after a fault of `calling`."""
    return isinstance(fault.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: Any, longest: int) -> None:
        self._stream, self._longest = stream, longest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for piece in self._stream:
            size += len(piece)
            if size > self._longest:
                raise httpx2.ReadError(f"the answer is longer than {self._longest} octets")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
