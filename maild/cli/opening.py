"""How a command opens what maild has, by the clock that this maild lives by."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from maild.app import App
from maild.demo.clock import clock_of


@contextlib.asynccontextmanager
async def opened(config: str | Path | None) -> AsyncIterator[App]:
    """The app over a configuration; that of a demo goes by the demo's clock. Raises as `App.opened`."""
    async with App.opened(config, now=clock_of(config)) as app:
        yield app
