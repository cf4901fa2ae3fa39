"""Whether a page of a stranger's PDF is a picture of print, as a scanner makes it; inside the child.

`maild.reading.pdf_jobs` asks; nothing else may import this module. Source: purchase_reading.md A1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

import pypdfium2

_FEW: Final = 30  # characters: a stamp of the scanner, the number of a page
_AMOUNT: Final = re.compile(r"\d[.,]\d\d(?!\d)")
_LARGE: Final = 0.5  # of the page
_MOST_OBJECTS: Final = 2_000  # a scan has few; a plan of a building has a million strokes
_DEEP: Final = 3  # forms in forms


def is_picture(page: pypdfium2.PdfPage, words: Sequence[str]) -> bool:
    """Whether its text tells hardly anything, or no amount at all, and a picture covers half of it."""
    few = sum(map(len, words)) < _FEW
    if not few and any(_AMOUNT.search(one) for one in words):
        return False
    width, height = page.get_size()
    return _covered(page) > _LARGE * float(width * height)


def _covered(page: pypdfium2.PdfPage) -> float:
    """The area of the pictures on a page, in square points; a scan may lie there in strips."""
    area = 0.0
    for one in islice(page.get_objects(max_depth=_DEEP), _MOST_OBJECTS):
        if one.type != pypdfium2.raw.FPDF_PAGEOBJ_IMAGE:
            continue
        left, bottom, right, top = one.get_bounds()
        area += abs(right - left) * abs(top - bottom)
    return area
