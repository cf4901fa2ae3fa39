"""For programs that watch: is the process there, and can it do its work. No figures, no names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from maild.app import App

Endpoint = Callable[[Request], Awaitable[Response]]


def alive(app: App) -> Endpoint:  # noqa: ARG001 - the same shape as `ready`
    """GET /healthz: this process answers."""

    async def answer(request: Request) -> Response:  # noqa: ARG001 - Starlette's shape
        return PlainTextResponse("ok\n")

    return answer


def ready(app: App) -> Endpoint:
    """GET /readyz: 200 while documents can be taken in, else 503 with the reason in a word."""

    async def answer(request: Request) -> Response:  # noqa: ARG001 - the same
        if app.db.broken:
            return PlainTextResponse("the store is broken\n", 503)
        return PlainTextResponse("ready\n")

    return answer
