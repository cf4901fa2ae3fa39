"""What holds for every request before a page is asked: host, size, other sites; and every answer's headers.

Source: portal_security.md section 1 (ASVS 3.4, 3.5); Fetch Metadata (W3C), with Origin behind it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from maild.log import portal as log

LONGEST_BODY: Final = 64 * 1024  # forms; pages that take files say so
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'"
)
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
# Asked by programs on this machine, under whatever name they know it.
WATCHED: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further: `what` names it in the words of the pages, `words` in the log."""

    status: int
    what: Literal["elsewhere", "large", "foreign"]
    words: str


Refuse = Callable[[Request, Refusal], Awaitable[Response]]


async def plainly(request: Request, refusal: Refusal) -> Response:
    """A refusal in a sentence of English, for programs."""
    del request
    return PlainTextResponse(f"{refusal.words}\n", refusal.status)


class Guard:
    """Stands before all pages. `url` is how people reach them; `refuse` tells a person why he may not.

    `uploads` are the beginnings of paths that take files, such as "/teams/{team}/logo", and how many
    octets may come there.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        url: str,
        refuse: Refuse = plainly,
        machine: str = "/api/",
        uploads: Mapping[str, int],
    ) -> None:
        self._app = app
        self._refuse = refuse
        parts = urlsplit(url)
        self._host = parts.netloc.lower()
        self._strict = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}
        self._headers = dict(HEADERS) | (self._strict if parts.scheme == "https" else {})
        self._machine = machine
        self._uploads = [(_beginning(path), most) for path, most in uploads.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it with its reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            log.visit_refused(path=scope["path"], reason=refusal.words)
            answer = await self._answer(Request(scope), refusal)
            await answer(scope, receive, self._sealed(send))
            return
        longest = self._longest(scope["path"])
        await self._app(scope, _bounded(receive, longest), self._sealed(send))

    async def _answer(self, request: Request, refusal: Refusal) -> Response:
        if request.url.path.startswith(self._machine):
            return await plainly(request, refusal)
        return await self._refuse(request, refusal)

    def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        if headers.get("host", "").lower() != self._host and scope["path"] not in WATCHED:
            return Refusal(421, "elsewhere", f"these pages are at {self._host}")
        if int(headers.get("content-length") or 0) > self._longest(scope["path"]):
            return Refusal(413, "large", "that is more than this page takes")
        if scope["method"] in _SAFE or scope["path"].startswith(self._machine):
            return None
        if not _is_ours(headers, self._host):
            words = "another site sent this form; open the page here and send it again"
            return Refusal(403, "foreign", words)
        return None

    def _longest(self, path: str) -> int:
        return next((most for one, most in self._uploads if one.match(path)), LONGEST_BODY)

    def _sealed(self, send: Send) -> Send:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        return sealed


def _beginning(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", path)
    return re.compile("[^/]+".join(re.escape(one) for one in parts))


def _is_ours(headers: Headers, host: str) -> bool:
    """Whether our own page sent it: browsers say so; older ones give the origin at least."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    return urlsplit(headers.get("origin", "")).netloc.lower() == host


def _bounded(receive: Receive, longest: int) -> Receive:
    """Nothing after `longest` octets, whatever Content-Length said."""
    got = 0

    async def bounded() -> Message:
        nonlocal got
        message = await receive()
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            if got > longest:
                return {"type": "http.disconnect"}
        return message

    return bounded
