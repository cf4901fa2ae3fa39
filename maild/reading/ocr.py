"""Pages that are pictures, read by OCR into the same rows as those of text (the extra `maild[ocr]`).

The page is drawn in one child and read in another, which holds the models; one page at a time. What is
read so is proven by check digits and arithmetic alone, never by its looks (see `maild.reading.eyesight`).
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from statistics import median
from typing import Any, Final

from maild.children import Limits
from maild.errors import Unreadable
from maild.reading.mail import Body, content_of
from maild.reading.packed import pack, unpack
from maild.reading.pdf import sheets_from
from maild.reading.rows import Piece, Sheet, Source
from maild.reading.sandbox import Sandbox

MISSING: Final = (
    "its pages are pictures, which maild reads only with its extra for OCR; "
    'install "maild[ocr]" (docs/reading.md), or read it yourself'
)
# Of a document: the first pages and the last one, where the totals stand.
MOST_PAGES: Final = 5
# A page takes 2 to 4 s of processor, one that lies on its side three times that.
LIMITS: Final = Limits(cpu=20.0, wall=60.0, memory=2 << 30, answer=16 << 20)
# Of one document with its time in the queue: a door waits for it.
LONGEST_WAIT: Final = 120.0  # seconds

# As `pack` writes it; in the text of a word its quotes have a stroke before them.
_PICTURE: Final = b'"source":"picture"'
_PIXELS: Final = "maild.reading.scan_jobs:pixels"
_LINES: Final = "maild.reading.ocr_jobs:lines"
_FAINT: Final = 0.9  # confidence under which a figure may be misread
_STEEP: Final = math.radians(15)  # a line that leans more is no row of the page
_WORDS: Final = re.compile(r"\S+")


def is_installed() -> bool:
    """Whether the extra is there. Nothing of it is loaded."""
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


async def with_pictures(sandbox: Sandbox, content: Body, words: bytes) -> bytes:
    """What a child told of the words of a PDF's pages, with those of pages that are pictures.

    Raises Unreadable when OCR is not installed and no page says anything without it, or when reading
    takes too long; Parked when a page kills.
    """
    if _PICTURE not in words:
        return words  # most are text, and nothing of theirs is unpacked in this process
    head, _ = unpack(words)
    sheets = sheets_from(head)
    pictures = [one for one in sheets if one.source is Source.PICTURE]
    if not is_installed():
        if any(one.rows for one in sheets if one.source is Source.TEXT):
            return words
        raise Unreadable(MISSING)
    chosen = [*pictures[: MOST_PAGES - 1], *pictures[MOST_PAGES - 1 :][-1:]]
    whole = await asyncio.to_thread(content_of, content)
    try:
        async with asyncio.timeout(LONGEST_WAIT):
            read = {one.number: await _read(sandbox, whole, one) for one in chosen}
    except TimeoutError:
        raise Unreadable(
            f"reading its pictures took longer than {LONGEST_WAIT:g} s, with others before it"
        ) from None
    told = [read.get(one.number, each) for one, each in zip(sheets, head["sheets"], strict=True)]
    return pack({"sheets": told})


def page_from(head: dict[str, Any], sheet: Sheet, *, across: int, down: int) -> dict[str, Any]:
    """A page with the words that a child found on its picture of so many pixels, told as of a page of text.

    Pure. Raises Unreadable when it makes no sense.
    """
    try:
        turn = int(head["turn"]) % 4
        told = [(str(text), float(sure), _corners(sides)) for text, sure, *sides in head["lines"]]
    except (KeyError, TypeError, ValueError) as error:
        raise _no_sense("read the picture", error) from error
    size, picture = (sheet.width, sheet.height), (across, down)
    if turn % 2:
        size, picture = size[::-1], picture[::-1]
    lean = _lean([corners for _, _, corners in told])
    words: list[Piece] = []
    faint: list[Piece] = []
    for text, sure, corners in told:
        pieces = list(_words(text, _box(corners, lean=lean, scale=size[0] / picture[0])))
        words += pieces
        faint += pieces if sure < _FAINT else []
    return {
        "number": sheet.number,
        "width": size[0],
        "height": size[1],
        "words": words,
        "source": Source.OCR,
        "faint": faint,
    }


async def _read(sandbox: Sandbox, content: bytes, sheet: Sheet) -> dict[str, Any]:
    drawn = await sandbox.run(_PIXELS, (sheet.number - 1).to_bytes(4, "big") + content)
    head, bodies = unpack(drawn)
    try:
        across, down = int(head["across"]), int(head["down"])
        if len(bodies) != 1 or len(bodies[0]) != across * down:
            raise ValueError(f"{across} x {down}")
    except (KeyError, TypeError, ValueError) as error:
        raise _no_sense("drew the page", error) from error
    asked = pack({"across": across, "down": down}, bodies)
    told, _ = unpack(await sandbox.look(_LINES, asked, limits=LIMITS))
    return page_from(told, sheet, across=across, down=down)


def _no_sense(did: str, error: Exception) -> Unreadable:
    said = f"the process that {did} gave no answer that makes sense"
    return Unreadable(said, detail=repr(error))


_Corners = tuple[tuple[float, float], ...]


def _corners(sides: Sequence[Any]) -> _Corners:
    """Top left, top right, bottom right, bottom left, as the print is read."""
    numbers = [float(one) for one in sides]
    if len(numbers) != 8 or not all(map(math.isfinite, numbers)):
        raise ValueError(f"{len(numbers)} numbers are no corners")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _lean(lines: Sequence[_Corners]) -> float:
    """By how much the page was laid askew on the glass, in radians: that of its longer lines."""
    found = []
    for (left, high), (right, low), *_ in lines:
        angle = math.atan2(low - high, right - left)
        if abs(angle) < _STEEP:
            found.append((right - left, angle))
    longest = sorted(found, reverse=True)[: max(len(found) // 3, 5)]
    return median(angle for _, angle in longest) if longest else 0.0


def _box(corners: _Corners, *, lean: float, scale: float) -> Piece:
    """An upright box in points around a line, the page turned back by what it leans."""
    cos, sin = math.cos(-lean), math.sin(-lean)
    across = [(x * cos - y * sin) * scale for x, y in corners]
    down = [(x * sin + y * cos) * scale for x, y in corners]
    # The mean of two corners each: a slanted line has a high box around it, and is no higher.
    left, right = (across[0] + across[3]) / 2, (across[1] + across[2]) / 2
    top, bottom = (down[0] + down[1]) / 2, (down[2] + down[3]) / 2
    return Piece("", min(left, right), min(top, bottom), max(left, right), max(top, bottom))


def _words(text: str, box: Piece) -> Iterator[Piece]:
    """The words of a line, each with its share of the box."""
    each = (box.right - box.left) / max(len(text), 1)
    for match in _WORDS.finditer(text):
        left, right = box.left + match.start() * each, box.left + match.end() * each
        yield Piece(match[0], left, box.top, right, box.bottom)
