"""A page of a stranger's PDF as grey pixels, inside the child: what OCR looks at.

`maild.reading.ocr` asks for it; nothing else may import this module.
"""

from __future__ import annotations

from typing import Any, Final

import pypdfium2

from maild.errors import Unreadable
from maild.reading.packed import pack

LONGEST: Final = 2_000  # pixels of the longer side, however large the page calls itself
_PAGE: Final = 4  # octets before the PDF that say which page


def pixels(payload: bytes) -> bytes:
    """Draw one page: one octet a pixel, row by row; `across` and `down` say how many.

    The payload begins with the number of the page, from 0.
    """
    at, content = int.from_bytes(payload[:_PAGE], "big"), payload[_PAGE:]
    try:
        page: Any = pypdfium2.PdfDocument(content)[at]
        scale = LONGEST / max(*page.get_size(), 1.0)
        drawn = page.render(scale=scale, grayscale=True, may_draw_forms=False).to_pil()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise Unreadable("the pages of the PDF cannot be read: it is damaged or locked") from error
    grey = drawn.convert("L")
    grey.thumbnail((LONGEST, LONGEST))  # a rounded scale may give one pixel more
    across, down = grey.size
    return pack({"across": across, "down": down}, [grey.tobytes()])
