"""The pages as a service of the daemon: uvicorn in our own loop, its signals left to us."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from typing import Final

import uvicorn

from maild.app import App
from maild.config.values import Listen
from maild.errors import UserError
from maild.log import portal as log
from maild.web import site

_DRAIN: Final = 10  # seconds that an answer under way gets when maild is told to stop


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGTERM and SIGINT are the daemon's."""
        yield


class Pages:
    """The site on its addresses; `bind` before anything runs, then `run` until told to stop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._sockets: list[socket.socket] = []

    def bind(self) -> tuple[str, ...]:
        """Take the addresses of [web]; where the pages are then. Raises UserError."""
        wanted = self._app.settings.web.listen
        self._sockets = _bound(wanted)
        if wanted and self._app.settings.web.second_factor == "optional":
            log.factor_waived(url=self._app.settings.web.address)
        return tuple(str(Listen(*one.getsockname()[:2])) for one in self._sockets)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; answers under way are finished."""
        if not self._sockets:
            await stop.wait()  # whoever supervises would start it again at once
            return
        config = uvicorn.Config(
            site.build(self._app),
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,  # whom to believe is decided by [web] proxies
            lifespan="off",
            timeout_graceful_shutdown=_DRAIN,
            h11_max_incomplete_event_size=32 * 1024,
            limit_concurrency=500,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[one.dup() for one in self._sockets]))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
            server.should_exit = True
            await serving
        finally:
            stopped.cancel()

    def close(self) -> None:
        """Let the addresses go."""
        for one in self._sockets:
            one.close()
        self._sockets = []


def _bound(wanted: Sequence[Listen]) -> list[socket.socket]:
    bound: list[socket.socket] = []
    for one in wanted:
        family = socket.AF_INET6 if ":" in one.host else socket.AF_INET
        # asyncio sets TCP_NODELAY only where the protocol is named; without, each page waits 40 ms
        # for an acknowledgement (RFC 896, RFC 1122 section 4.2.3.2).
        taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            taken.bind((one.host, one.port))
            taken.listen(512)
        except OSError as fault:
            for other in (*bound, taken):
                other.close()
            raise UserError(
                f"web.listen: {one}: {fault.strerror or fault}",
                hint="stop what listens there, or choose another address or port",
            ) from fault
        bound.append(taken)
    return bound
