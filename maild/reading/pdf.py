"""What a PDF of a stranger holds: asked of the sandbox, told as values.

The library that opens it never runs in this process (see `maild.reading.pdf_jobs`). What an embedded
file means, and whether its figures are those of the page, is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from maild.errors import Unreadable
from maild.reading.mail import Body
from maild.reading.names import safe_name
from maild.reading.packed import unpack
from maild.reading.rows import Piece, Sheet, Source, rows_of
from maild.reading.sandbox import Sandbox

_FILES: Final = "maild.reading.pdf_jobs:files"
_TEXT: Final = "maild.reading.pdf_jobs:text"
_WORDS: Final = "maild.reading.pdf_jobs:words"
_LONGEST_TEXT: Final = 600_000
_STATES: Final[dict[str, Literal["open", "locked", "damaged"]]] = {
    "open": "open",
    "locked": "locked",
    "damaged": "damaged",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file inside a PDF. `name` is safe; `relationship` is its /AFRelationship, or empty.

    `content` is there for XML within bounds; of other files only the rest is known.
    """

    name: str
    media_type: str
    relationship: str
    size: int
    sha256: str
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PdfSeen:
    """A PDF that was opened, or shows nothing: `locked` by a password, or `damaged`."""

    state: Literal["open", "locked", "damaged"]
    pages: int
    files: tuple[Embedded, ...] = ()


async def look_into(sandbox: Sandbox, content: Body) -> PdfSeen:
    """Open a PDF. Raises Unreadable when it is out of bounds, Parked when it kills."""
    head, bodies = unpack(await sandbox.run(_FILES, content))
    try:
        return PdfSeen(
            state=_STATES[head["state"]],
            pages=int(head["pages"]),
            files=tuple(_embedded(head["files"], bodies)),
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _no_sense(error) from error


async def page_text(sandbox: Sandbox, content: Body) -> str:
    """The text of a PDF's first and last pages. Raises as `look_into` does, also when it is damaged."""
    head, _ = unpack(await sandbox.run(_TEXT, content))
    said = head.get("text")
    if not isinstance(said, str):
        raise _no_sense(TypeError("text"))
    return said[:_LONGEST_TEXT]


async def sheets(sandbox: Sandbox, content: Body) -> tuple[Sheet, ...]:
    """The rows of a PDF's first and last pages. Raises as `page_text` does."""
    head, _ = unpack(await sandbox.run(_WORDS, content))
    return sheets_from(head)


def sheets_from(head: dict[str, Any]) -> tuple[Sheet, ...]:
    """The rows of what a child told of the words of pages. Raises Unreadable when it makes no sense."""
    try:
        return tuple(_sheet(one) for one in head["sheets"])
    except (KeyError, TypeError, ValueError) as error:
        raise _no_sense(error) from error


def _sheet(told: dict[str, Any]) -> Sheet:
    number = int(told["number"])
    rows = rows_of(_pieces(told["words"]), page=number)
    source, faint = Source(told["source"]), tuple(_pieces(told.get("faint", ())))
    return Sheet(number, float(told["width"]), float(told["height"]), rows, source, faint)


def _pieces(told: Iterable[Sequence[Any]]) -> list[Piece]:
    return [Piece(str(text), *map(float, sides)) for text, *sides in told]


def _embedded(told: list[dict[str, Any]], bodies: list[bytes]) -> Iterator[Embedded]:
    left = iter(bodies)
    for one in told:
        content = next(left) if one["given"] is True else None
        media_type = str(one["media_type"])
        yield Embedded(
            name=safe_name(str(one["name"]), media_type=media_type),
            media_type=media_type,
            relationship=str(one["relationship"]),
            size=int(one["size"]),
            sha256=str(one["sha256"]),
            content=content,
        )


def _no_sense(error: Exception) -> Unreadable:
    return Unreadable(
        "the process that opened the PDF gave no answer that makes sense", detail=repr(error)
    )
