"""A photo or a scan as the PDF that accounting inboxes take: asked of the sandbox.

The libraries that open pictures never run in this process (see `maild.reading.picture_jobs`).
"""

from __future__ import annotations

from typing import Final

from maild.errors import Unreadable
from maild.reading.mail import Body, content_of
from maild.reading.names import type_of
from maild.reading.packed import unpack
from maild.reading.sandbox import Sandbox

# What may show a document. GIF and its like are drawings; BMP is nothing that a telephone sends.
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/tiff", "image/heic", "image/heif"})
_PDF: Final = "maild.reading.picture_jobs:pdf"


async def as_pdf(sandbox: Sandbox, content: Body) -> bytes | None:
    """The PDF of a picture; None when it is too small to show a document (a logo, a signature).

    Raises Unreadable when it is damaged or out of bounds, Parked when two processes died over it.
    """
    head, bodies = unpack(await sandbox.run(_PDF, content))
    if head.get("small") is True:
        return None
    if len(bodies) != 1 or not bodies[0].startswith(b"%PDF-"):
        raise Unreadable("the process that opened the picture gave no answer that makes sense")
    return bodies[0]


async def paper_of(sandbox: Sandbox, content: Body) -> Body:
    """The PDF of a picture, and anything else as it is.

    Raises as `as_pdf`, and Unreadable when the picture is too small to show a document.
    """
    if type_of(content_of(content)) not in PICTURES:
        return content
    made = await as_pdf(sandbox, content)
    if made is None:
        raise Unreadable("the picture is too small to show a document; take one of the whole page")
    return made
