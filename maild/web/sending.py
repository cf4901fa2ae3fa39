"""Files to a browser: for keeping, never as a page of ours, and no further than the right to them holds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final
from urllib.parse import quote

import anyio.to_thread
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from maild.log import portal as log
from maild.model.delivery import Content
from maild.model.document import File
from maild.web.visit import Visit

_AT_ONCE: Final = 256 * 1024
_LOOK_AGAIN: Final = 4 * _AT_ONCE  # bytes after which the right is looked up once more
# A file of a stranger is never shown as a page of ours, whatever it claims to be.
_AS_A_FILE: Final = {
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}

# Types that a browser hands to a program as what they are; everything else is only bytes.
_KNOWN: Final = frozenset(
    {"application/pdf", "application/xml", "application/zip", "image/png", "image/jpeg"}
)

Holds = Callable[[], Awaitable[bool]]


class RightEnded(Exception):
    """A download was broken off: who takes it may not any more."""


async def always() -> bool:
    """For files that are nobody's in particular, or whose taker has no session to end."""
    return True


def as_file(file: File, content: Content, *, holds: Holds = always) -> Response:
    """A file of a document, as it is."""
    media_type = file.media_type if file.media_type in _KNOWN else "application/octet-stream"
    return attachment(file.name, content, media_type=media_type, holds=holds)


def attachment(
    name: str,
    content: Content,
    *,
    media_type: str,
    holds: Holds,
    close: Callable[[], None] | None = None,
) -> Response:
    """A file for keeping. `holds` is asked again and again while it is sent, `close` called at the end."""
    headers = _AS_A_FILE | {
        "Content-Disposition": disposition(name),
        "Content-Length": str(len(content)),
    }
    pieces = _pieces(content, holds)
    return _Closing(pieces, media_type=media_type, headers=headers, close=close)


def holding(visit: Visit, allowed: Callable[[Visit], bool]) -> Holds:
    """Asks whether the visitor is still signed in and still allowed."""

    async def holds() -> bool:
        again = await visit.again()
        return again is not None and allowed(again)

    return holds


def disposition(name: str) -> str:
    """The header that names a file for download, in any script (RFC 6266 section 4.3)."""
    plain = "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in '"\\%/' else "_"
        for sign in name
    )
    return f"attachment; filename=\"{plain[:150] or 'file'}\"; filename*=UTF-8''{quote(name[:150], safe='')}"


class _Closing(StreamingResponse):
    """Lets go of its file also when the browser leaves in the middle."""

    def __init__(
        self,
        pieces: AsyncIterator[bytes],
        *,
        media_type: str,
        headers: dict[str, str],
        close: Callable[[], None] | None,
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        except RightEnded:
            # Raised on: an answer that is cut short must not look like a whole one.
            log.download_ended(path=scope["path"])
            raise
        finally:
            if self._close is not None:
                self._close()


async def _pieces(content: Content, holds: Holds) -> AsyncIterator[bytes]:
    for start in range(0, len(content), _AT_ONCE):
        if start and start % _LOOK_AGAIN == 0 and not await holds():
            raise RightEnded
        yield await anyio.to_thread.run_sync(_read, content, start)


def _read(content: Content, start: int) -> bytes:
    if isinstance(content, bytes):
        return content[start : start + _AT_ONCE]
    return content.read(_AT_ONCE, start=start)
