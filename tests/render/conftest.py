"""What tests of pages share: one renderer for all of them, since a child takes a quarter of a second."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from maild.model.bill import Bill
from maild.model.team import Branding
from maild.render.pdf import Renderer, Rendering

Render = Callable[..., Awaitable[Rendering]]
UBL = b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice>\xe2\x82\xac</Invoice>\n'


@pytest.fixture(scope="session")
async def renderer(anyio_backend: str) -> AsyncIterator[Renderer]:
    """A renderer with two warm children."""
    made = Renderer(2)
    await made.start()
    yield made
    await made.close()


@pytest.fixture(scope="session")
def render(renderer: Renderer) -> Render:
    """Render a bill with sensible defaults."""

    async def run(
        bill: Bill, *, branding: Branding | None = None, language: str = "nl", ubl: bytes = UBL
    ) -> Rendering:
        look = branding or Branding()
        return await renderer.render(bill, branding=look, language=language, ubl=ubl)

    return run
