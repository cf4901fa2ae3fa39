"""The logo that somebody sends: made plain in the sandbox, never opened here, or refused with a reason.

What the renderer prints of it is decided in `maild.render.logo`. Drawings (SVG) are not taken from
people: they are programs as much as pictures, and each browser and printer reads them in its own way.
"""

from __future__ import annotations

from typing import Final, Literal

from maild.errors import Unreadable, UserError
from maild.model.said import Said
from maild.reading.packed import unpack
from maild.reading.sandbox import Sandbox

LARGEST: Final = 1 << 20  # octets
Why = Literal["empty", "large", "drawing", "kind", "damaged", "pixels", "small"]

_JOB: Final = "maild.reading.logo_jobs:png"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"
_HEAD: Final = 1_024  # octets in which a drawing says what it is
_SAID: Final = {
    "empty": Said("logo_empty", "Choose a file first; this one is empty."),
    "large": Said("logo_large", "The file has more than 1 MB. Save it smaller and send it again."),
    "drawing": Said(
        "logo_drawing",
        "A drawing (SVG) is not taken. Save it as PNG, some 1000 pixels wide.",
    ),
    "kind": Said("logo_kind", "This is no PNG or JPEG. Save the logo as one of these."),
    "damaged": Said(
        "logo_damaged",
        "The picture cannot be read. Open it, save it as PNG and send that.",
    ),
    "pixels": Said(
        "logo_pixels",
        "The picture has more than 25 million pixels. Some 1000 across are enough.",
    ),
    "small": Said(
        "logo_small",
        "The picture is too small to print: each side needs 24 pixels at least.",
    ),
}


class NoLogo(UserError):
    """What was sent is no logo that is taken; `why` names the reason."""

    def __init__(self, why: Why) -> None:
        self.why: Why = why
        super().__init__(_SAID[why])


async def plain_logo(sandbox: Sandbox, content: bytes) -> bytes:
    """A PNG with the dots of what was sent and nothing else, small enough to print. Raises NoLogo."""
    if why := _at_sight(content):
        raise NoLogo(why)
    try:
        head, bodies = unpack(await sandbox.run(_JOB, content))
    except Unreadable as fault:
        raise NoLogo("damaged") from fault
    match head.get("why"):
        case "" if (
            len(bodies) == 1 and bodies[0].startswith(_PNG) and len(bodies[0]) <= 2 * LARGEST
        ):
            return bodies[0]
        case "pixels":
            raise NoLogo("pixels")
        case "small":
            raise NoLogo("small")
        case _:
            raise NoLogo("damaged")


def _at_sight(content: bytes) -> Why | None:
    """What is wrong with a file before anything opens it."""
    if not content:
        return "empty"
    if len(content) > LARGEST:
        return "large"
    if content.startswith((_PNG, _JPEG)):
        return None
    return "drawing" if b"<svg" in content[:_HEAD].lower() else "kind"
