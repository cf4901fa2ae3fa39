"""What a PDF of a stranger holds: asked of the sandbox, told as values.

The library that opens it never runs in this process (see `maild.reading.pdf_jobs`). What an embedded
file means, and whether its figures are those of the page, is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from maild.errors import Unreadable
from maild.reading.mail import Body
from maild.reading.names import safe_name, type_of
from maild.reading.packed import unpack
from maild.reading.sandbox import Sandbox

_FILES: Final = "maild.reading.pdf_jobs:files"
_TEXT: Final = "maild.reading.pdf_jobs:text"
_LONGEST_TEXT: Final = 3_000_000
_STATES: Final[dict[str, Literal["open", "locked", "damaged"]]] = {
    "open": "open",
    "locked": "locked",
    "damaged": "damaged",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A file inside a PDF. `name` is safe; `relationship` is its /AFRelationship, or empty."""

    name: str
    media_type: str
    relationship: str
    content: bytes = field(repr=False)


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
        told = zip(head["files"], bodies, strict=True)
        return PdfSeen(
            state=_STATES[head["state"]],
            pages=int(head["pages"]),
            files=tuple(_embedded(one, body) for one, body in told),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _no_sense(error) from error


async def page_text(sandbox: Sandbox, content: Body) -> str:
    """The text of a PDF's first and last pages. Raises as `look_into` does, also when it is damaged."""
    head, _ = unpack(await sandbox.run(_TEXT, content))
    said = head.get("text")
    if not isinstance(said, str):
        raise _no_sense(TypeError("text"))
    return said[:_LONGEST_TEXT]


def _embedded(told: dict[str, str], body: bytes) -> Embedded:
    media_type = type_of(body)
    name = safe_name(str(told["name"]), media_type=media_type)
    return Embedded(name, media_type, str(told["relationship"]), body)


def _no_sense(error: Exception) -> Unreadable:
    return Unreadable(
        "the process that opened the PDF gave no answer that makes sense", detail=repr(error)
    )
