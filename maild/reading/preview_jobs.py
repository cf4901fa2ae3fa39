"""A page of a stranger's PDF becomes a picture, inside the child.

`maild.reading.preview` asks for it; nothing else may import this module.
"""

from __future__ import annotations

import io
from typing import Any, Final

import pypdfium2

from maild.errors import Unreadable
from maild.reading.packed import pack

_WIDTH: Final = 1_000  # pixels: sharp on a screen at half of it, and about 100 kB
_LONGEST: Final = 3_000
_PAGE: Final = 4  # octets before the PDF that say which page


def picture(payload: bytes) -> bytes:
    """The PNG of one page, and how many pages there are; the payload begins with its number."""
    at, content = int.from_bytes(payload[:_PAGE], "big"), payload[_PAGE:]
    try:
        document = pypdfium2.PdfDocument(content)
        if not 0 <= at < len(document):
            return pack({"pages": len(document)})
        page: Any = document[at]
        wide, high = page.get_size()
        scale = min(_WIDTH / max(wide, 1.0), _LONGEST / max(high, 1.0))
        drawn = page.render(scale=scale, may_draw_forms=False).to_pil()
    except pypdfium2.PdfiumError as error:
        raise Unreadable("the pages of the PDF cannot be read: it is damaged or locked") from error
    png = io.BytesIO()
    # Invoices have few colours; as a palette their pictures weigh a third.
    drawn.convert("RGB").quantize(128).save(png, "PNG", optimize=False)
    return pack({"pages": len(document)}, [png.getvalue()])
