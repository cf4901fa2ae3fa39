"""A page of a PDF as a picture that a browser shows: asked of the sandbox, never opened here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from maild.errors import NotFound, Unreadable
from maild.reading.packed import unpack
from maild.reading.sandbox import Sandbox

LONGEST: Final = 40_000_000  # octets of a PDF of which a page is drawn
_PICTURE: Final = "maild.reading.preview_jobs:picture"
_PNG: Final = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Preview:
    """One page as PNG, and how many there are."""

    png: bytes
    pages: int


async def preview(sandbox: Sandbox, content: bytes, *, page: int) -> Preview:
    """Draw a page of a PDF, counted from 1.

    Raises NotFound when there is no such page, Unreadable when the PDF cannot be drawn.
    """
    if len(content) > LONGEST:
        raise Unreadable(f"it has more than {LONGEST // 1_000_000} MB; download it to look at it")
    if not 1 <= page < 1 << 31:
        raise NotFound(f"there is no page {page}")
    head, bodies = unpack(await sandbox.run(_PICTURE, (page - 1).to_bytes(4, "big") + content))
    pages = head.get("pages")
    if not isinstance(pages, int):
        raise Unreadable("the process that opened the PDF gave no answer that makes sense")
    if not bodies:
        raise NotFound(f"there is no page {page}")
    if not bodies[0].startswith(_PNG):
        raise Unreadable("the process that opened the PDF gave no answer that makes sense")
    return Preview(bodies[0], pages)
