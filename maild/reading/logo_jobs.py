"""The picture that somebody sent as a logo becomes a plain PNG, inside the child.

`maild.reading.logo` asks for it; nothing else may import this module. Only colours of dots cross over:
what the file carried beside them (positions, texts, profiles, whatever hangs behind its end) stays here.
"""

from __future__ import annotations

import contextlib
import io
from typing import Final

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from maild.reading.packed import pack

_FORMATS: Final = ("PNG", "JPEG")
# 100 MB when unpacked. An honest logo has less than a tenth of it, a photo of a telephone half.
_MOST_PIXELS: Final = 25_000_000
_SHORTEST_SIDE: Final = 24  # below that nothing can be recognised on paper
# The room on the letterhead (58 x 19 mm, `maild.render.logo`) at 500 dpi: sharper than printers are.
_ROOM: Final = (1142, 374)

# Our own check is sharper and says how many there are.
Image.MAX_IMAGE_PIXELS = None


def png(payload: bytes) -> bytes:
    """The dots of a PNG or JPEG as a new PNG, or why it is refused, by the names of `maild.reading.logo`."""
    try:
        with Image.open(io.BytesIO(payload), formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > _MOST_PIXELS:
                return pack({"why": "pixels"})
            if min(width, height) < _SHORTEST_SIDE:
                return pack({"why": "small"})
            return pack({"why": ""}, [_plain(picture)])
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        return pack({"why": "damaged"})


def _plain(picture: Image.Image) -> bytes:
    """Upright, no larger than it is printed, in the colours of screens; see-through where it was."""
    if picture.mode == "P":
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif picture.mode in {"1", "I;16", "I", "F"}:
        picture = picture.convert("L")
    upright = ImageOps.exif_transpose(picture)
    upright.thumbnail(_ROOM, Image.Resampling.LANCZOS)
    seen = _in_screen_colours(upright)
    seen = seen.convert("RGBA" if "A" in seen.getbands() else "RGB")
    # Only its dots: a picture remembers what its file said, and would write it again.
    bare = Image.frombytes(seen.mode, seen.size, seen.tobytes())
    out = io.BytesIO()
    bare.save(out, "PNG", optimize=True)
    return out.getvalue()


def _in_screen_colours(picture: Image.Image) -> Image.Image:
    """Colours for print are converted by the file's own profile; one that cannot be used is no reason to refuse."""
    profile = picture.info.get("icc_profile")
    if profile and picture.mode in {"RGB", "CMYK"}:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            made = ImageCms.profileToProfile(
                picture,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            return made or picture
    return picture
