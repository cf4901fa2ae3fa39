"""A photo or scan of a stranger becomes a PDF, inside the child: one page a picture, fitted to A4.

`maild.reading.picture` asks for it; nothing else may import this module. The picture is scaled down to
what a printer shows and loses nothing that a reader of figures needs; the original is kept elsewhere.
"""

from __future__ import annotations

import io
from typing import Any, Final

import pikepdf
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError
from pillow_heif import register_heif_opener

from maild.errors import Unreadable
from maild.reading.packed import pack

register_heif_opener()

FORMATS: Final = ("JPEG", "PNG", "TIFF", "HEIF")
# The cameras of telephones make up to 50 million pixels. JPEG is unpacked at a fraction of its size
# (`draft`), so there more may be claimed. purchase_reading.md C3: 900 million fit into 109 kB.
MOST_PIXELS: Final = 50_000_000
MOST_PIXELS_OF_JPEG: Final = 200_000_000
MOST_PAGES: Final = 50
# Below this it is a logo, an icon or a signature: 300 pixels of a receipt cannot be read either.
SHORTEST_SIDE: Final = 300
FEWEST_PIXELS: Final = 200_000

_LONGEST_SIDE: Final = 3_508  # A4 at 300 dpi
_SHORT, _LONG = 595.28, 841.89  # A4 in points
_QUALITY: Final = 85

# Our own check, of every page, is sharper and says how many there are.
Image.MAX_IMAGE_PIXELS = None


def pdf(payload: bytes) -> bytes:
    """Make the PDF of a picture; `small` says that it is none that shows a document."""
    try:
        with Image.open(io.BytesIO(payload), formats=FORMATS) as picture:
            _check(picture)
            if min(picture.size) < SHORTEST_SIDE or _pixels(picture) < FEWEST_PIXELS:
                return pack({"small": True})
            pages = [_page(one) for one in _frames(picture)]
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Unreadable("it is damaged, or no picture") from error
    return pack({"small": False}, [_bound(pages)])


def _check(picture: Image.Image) -> None:
    """Refuse what would take more memory than any honest photo, before it is unpacked."""
    # MPO is what Pillow calls a JPEG with further pictures behind the first, as telephones write.
    most = MOST_PIXELS_OF_JPEG if picture.format in {"JPEG", "MPO"} else MOST_PIXELS
    if _pixels(picture) > most:
        width, height = picture.size
        raise Unreadable(
            f"the picture claims {width:,} x {height:,} pixels; maild opens at most "
            f"{most // 1_000_000} million"
        )


def _frames(picture: Image.Image) -> list[Image.Image]:
    """The pages: those of a TIFF, and of everything else the first picture."""
    if picture.format != "TIFF":
        picture.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
        return [_scaled(picture)]
    found: list[Image.Image] = []
    for one in ImageSequence.Iterator(picture):
        if len(found) == MOST_PAGES:
            raise Unreadable(f"the picture has more than {MOST_PAGES} pages; send it as a PDF")
        _check(one)
        found.append(_scaled(one))
    return found


def _scaled(picture: Image.Image) -> Image.Image:
    """Upright, in colour or grey on white, and no larger than a page can show.

    Scaled before anything else: each further step takes a copy of fifty million pixels otherwise.
    """
    # The pages of a TIFF follow one another in one object, which must not change.
    own = picture.copy() if picture.format == "TIFF" else picture
    if own.mode == "P":
        own = own.convert("RGBA" if "transparency" in own.info else "RGB")
    elif own.mode == "1":
        own = own.convert("L")
    own.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    upright = ImageOps.exif_transpose(own)
    if upright.mode in {"L", "I;16", "I", "F"}:
        return upright.convert("L")
    if "A" not in upright.getbands():
        return upright.convert("RGB")
    seen = upright.convert("RGBA")
    white = Image.new("RGB", seen.size, "white")
    white.paste(seen, mask=seen.getchannel("A"))
    return white


def _page(picture: Image.Image) -> tuple[bytes, tuple[int, int], str]:
    """The picture as JPEG, its size in pixels, and its colours as PDF names them."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue(), picture.size, "/DeviceGray" if picture.mode == "L" else "/DeviceRGB"


def _bound(pages: list[tuple[bytes, tuple[int, int], str]]) -> bytes:
    """The pages as a PDF; the same pictures give the same bytes."""
    document = pikepdf.new()
    for jpeg, (width, height), colours in pages:
        box = (_LONG, _SHORT) if width > height else (_SHORT, _LONG)
        scale = min(box[0] / width, box[1] / height)
        across, down = width * scale, height * scale
        left, bottom = (box[0] - across) / 2, (box[1] - down) / 2
        image: Any = pikepdf.Stream(document, b"")
        image.write(jpeg, filter=pikepdf.Name.DCTDecode)
        image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
        image.Width, image.Height, image.BitsPerComponent = width, height, 8
        image.ColorSpace = pikepdf.Name(colours)
        shown = f"q {across:.2f} 0 0 {down:.2f} {left:.2f} {bottom:.2f} cm /P Do Q".encode()
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page,
            MediaBox=pikepdf.Array([0, 0, round(box[0], 2), round(box[1], 2)]),
            Contents=document.make_stream(shown),
            Resources=pikepdf.Dictionary(XObject=pikepdf.Dictionary(P=image)),
        )
        document.pages.append(pikepdf.Page(page))
    out = io.BytesIO()
    document.save(out, deterministic_id=True)
    return out.getvalue()


def _pixels(picture: Image.Image) -> int:
    return picture.size[0] * picture.size[1]
