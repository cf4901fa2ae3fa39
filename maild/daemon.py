"""The long-running process: one task group runs what the app built; doors close first, then it drains.

One service's fault never stops another: each runs under a supervisor that starts it again with
back-off and says so. Source: house.md 2.9, operations.md section 2 (signals, reload).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from maild import __version__, works
from maild.actions import utc_now
from maild.app import App
from maild.errors import UserError
from maild.log import running
from maild.web.serving import Pages
from maild.works import Service, Works

FIRST_PAUSE: Final = 1.0  # seconds before a failed service starts again; doubles
LONGEST_PAUSE: Final = 60.0
LOOK_EVERY: Final = 0.5  # seconds between two looks at the health of the store


async def serve(config: str | Path | None, *, now: Callable[[], datetime] = utc_now) -> int:
    """Run until SIGTERM or SIGINT, by the time that `now` gives, and return the exit code.

    Raises ConfigError when the configuration has problems and UserError when another daemon holds
    the state folder.
    """
    started = time.monotonic()
    async with App.opened(config, as_daemon=True, now=now) as app:
        daemon = Daemon(app)
        with daemon.signals():
            return await daemon.run(started=started)


class Daemon:
    """The services of one app, from opening the doors to the last reply."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = asyncio.Event()
        self._signal = "none"

    @contextlib.contextmanager
    def signals(self) -> Iterator[None]:
        """Listen to SIGTERM, SIGINT and SIGHUP while the block runs."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked_to_stop, number)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                loop.remove_signal_handler(number)

    def _asked_to_stop(self, number: signal.Signals) -> None:
        if self.stop.is_set():
            # The second signal means now; leases bring back what was under way.
            os._exit(128 + number)
        self._signal = number.name
        self.stop.set()

    def reload(self) -> None:
        """Read teams, rules and labels again; the log says what came of it."""
        self.app.reload()

    async def run(self, *, started: float) -> int:
        """Open the doors, serve until `stop`, drain. Returns 0, or 70 when the store broke."""
        app, parts, pages = self.app, works.build(self.app), Pages(self.app)
        running.daemon_starting(
            version=__version__, config=str(app.config_path), sqlite=app.db.sqlite_version
        )
        await app.tell_state("starting")
        await app.blobs.sweep()
        doors, served = await _opened(parts), list(pages.bind())
        listening = [*doors, *served]
        halt = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            services = [
                group.create_task(self._supervised(name, service, halt))
                for name, service in (parts.services | {"pages": pages.run}).items()
            ]
            watch = group.create_task(self._watch_store())
            await app.tell_state("ready", listening=listening)
            running.daemon_ready(
                smtpd=doors,
                web=served,
                teams=len(app.book.teams),
                took=time.monotonic() - started,
            )
            # Not awaited: the first bill should find warm children, the doors should not wait.
            warm = group.create_task(self._warm(parts))
            await self.stop.wait()
            watch.cancel()
            warm.cancel()
            await self._drain(parts, halt, services, listening=listening)
        pages.close()
        running.daemon_stopped(code=70 if app.db.broken else 0)
        return 70 if app.db.broken else 0

    async def _drain(
        self,
        parts: Works,
        halt: asyncio.Event,
        services: list[asyncio.Task[None]],
        *,
        listening: list[str],
    ) -> None:
        """Doors first, then what is on the wire; what is left comes back by its lease."""
        # Shut before it is said: who reads "draining" may count on nothing coming in any more.
        parts.smtpd.shut()
        running.daemon_draining(signal=self._signal)
        if not self.app.db.broken:
            await self.app.tell_state("draining", listening=listening)
        grace = self.app.settings.outbox.grace.total_seconds()
        halt.set()
        await parts.smtpd.drain(grace)
        await parts.smtpd.close()
        await asyncio.wait(services)
        for connector in parts.connectors.values():
            await connector.close()
        await parts.tokens.close()
        await parts.renderer.close()
        if not self.app.db.broken:
            await self.app.tell_state("down")

    async def _warm(self, parts: Works) -> None:
        try:
            await parts.renderer.start()
        except Exception as fault:  # noqa: BLE001 - the first bill starts its own child then
            running.service_failed(service="renderer", error=fault, again_in=0)

    async def _supervised(self, name: str, service: Service, halt: asyncio.Event) -> None:
        pause = FIRST_PAUSE
        while not halt.is_set():
            began = time.monotonic()
            try:
                await service(halt)
            except Exception as fault:  # noqa: BLE001 - one service's fault stops no other
                if time.monotonic() - began > LONGEST_PAUSE:
                    pause = FIRST_PAUSE
                running.service_failed(service=name, error=fault, again_in=pause)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await halt.wait()
                pause = min(pause * 2, LONGEST_PAUSE)

    async def _watch_store(self) -> None:
        """End the daemon when a write could not be made durable: the page state is unknown then."""
        db = self.app.db
        while not db.broken:
            await db.wait_for_change(LOOK_EVERY, since=db.changes)
        running.store_broken(reason="a commit failed; see the disk, then start again")
        self._signal = "store"
        self.stop.set()


async def _opened(parts: Works) -> list[str]:
    """Open the SMTP door, before anything else runs. Raises UserError when it cannot be opened."""
    try:
        return list(await parts.smtpd.start())
    except OSError as fault:
        # asyncio's own sentence names the address and the reason.
        raise UserError(
            f"smtpd.listen: {fault.strerror or fault}",
            hint="stop what listens there, or choose another address or port",
        ) from fault
