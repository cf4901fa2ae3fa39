"""Photos and scans become PDFs: what they look like, and what hostile ones cost."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator

import pikepdf
import pypdfium2
import pytest
from PIL import Image, ImageDraw
from pillow_heif import from_pillow

from maild.errors import Unreadable
from maild.reading.names import type_of
from maild.reading.picture import PICTURES, as_pdf
from maild.reading.sandbox import Sandbox

pytestmark = pytest.mark.anyio

DARK, LIGHT = 90, 200


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


def a_photo(size: tuple[int, int] = (1200, 1600), *, mode: str = "RGB") -> Image.Image:
    """A white sheet with a dark field in its upper half."""
    white, black = (255, 0) if mode in {"L", "1"} else ("white", "black")
    photo = Image.new(mode, size, white)
    ImageDraw.Draw(photo).rectangle((0, 0, size[0] - 1, size[1] // 2), fill=black)
    return photo


def saved(photo: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    photo.save(out, form, **options)
    return out.getvalue()


def a_heic() -> bytes:
    out = io.BytesIO()
    from_pillow(a_photo()).save(out)
    return out.getvalue()


def shades(content: bytes, *, at: int = 0) -> tuple[int, int]:
    """How light the upper and the lower half of a page are, as it is shown."""
    page = pypdfium2.PdfDocument(content)[at].render(scale=0.2, grayscale=True).to_pil()
    width, height = page.size
    upper, lower = (
        page.getpixel((width // 2, height // 4)),
        page.getpixel((width // 2, height * 3 // 4)),
    )
    assert isinstance(upper, int)
    assert isinstance(lower, int)
    return upper, lower


PHOTOS = {
    "jpeg": lambda: saved(a_photo(), "JPEG"),
    "grey jpeg": lambda: saved(a_photo(mode="L"), "JPEG"),
    "cmyk jpeg": lambda: saved(a_photo().convert("CMYK"), "JPEG"),
    "png": lambda: saved(a_photo(), "PNG"),
    "png with a palette": lambda: saved(a_photo().convert("P"), "PNG"),
    "fax": lambda: saved(a_photo(mode="1"), "TIFF", compression="group4"),
    "tiff": lambda: saved(a_photo(), "TIFF"),
    "heic": a_heic,
}


@pytest.mark.parametrize("name", PHOTOS)
async def test_each_kind_of_picture_becomes_one_page_of_a4(sandbox: Sandbox, name: str) -> None:
    content = PHOTOS[name]()
    assert type_of(content) in PICTURES
    made = await as_pdf(sandbox, content)
    assert made is not None
    with pikepdf.open(io.BytesIO(made)) as document:
        assert [float(one) for one in document.pages[0].mediabox] == [0, 0, 595.28, 841.89]
    upper, lower = shades(made)
    assert upper < DARK
    assert lower > LIGHT
    assert made == await as_pdf(sandbox, content)


async def test_a_photo_stands_upright_however_the_telephone_was_held(sandbox: Sandbox) -> None:
    lying = a_photo().rotate(90, expand=True)
    turn = Image.Exif()
    turn[0x0112] = 6  # EXIF Orientation: turn it by 90 degrees clockwise to see it
    made = await as_pdf(sandbox, saved(lying, "JPEG", exif=turn))
    assert made is not None
    upper, lower = shades(made)
    assert upper < DARK
    assert lower > LIGHT


async def test_what_shows_through_is_white(sandbox: Sandbox) -> None:
    photo = a_photo().convert("RGBA")
    photo.putalpha(0)
    made = await as_pdf(sandbox, saved(photo, "PNG"))
    assert made is not None
    assert min(shades(made)) > LIGHT


async def test_the_pages_of_a_fax_become_pages(sandbox: Sandbox) -> None:
    pages = [a_photo(mode="1") for _ in range(3)]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    made = await as_pdf(sandbox, content)
    assert made is not None
    assert len(pypdfium2.PdfDocument(made)) == 3


async def test_a_photo_of_fifty_megapixels_becomes_a_page_of_normal_size(sandbox: Sandbox) -> None:
    made = await as_pdf(sandbox, saved(Image.new("L", (8064, 6048), 255), "JPEG"))
    assert made is not None
    with pikepdf.open(io.BytesIO(made)) as document:
        image = document.pages[0].obj.Resources.XObject.P
        assert max(int(image.Width), int(image.Height)) <= 3_508


@pytest.mark.parametrize("size", [(120, 60), (900, 200), (400, 400)])
async def test_a_logo_is_no_document(sandbox: Sandbox, size: tuple[int, int]) -> None:
    assert await as_pdf(sandbox, saved(a_photo(size), "PNG")) is None


def a_png_that_claims(width: int, height: int) -> bytes:
    """A PNG of one bit a pixel whose rows are all white: 144 million pixels take 18 kB."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    engine = zlib.compressobj(9)
    row = b"\0" + b"\xff" * ((width + 7) // 8)
    rows = b"".join(engine.compress(row * 100) for _ in range(height // 100)) + engine.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def a_tiff_of(pages: int) -> bytes:
    """A TIFF whose pages all show the same white strip of 600 x 600 bits."""
    strip = b"\xff" * 45_000
    entries = [(256, 600), (257, 600), (258, 1), (259, 1), (262, 1), (273, 8), (277, 1)]
    entries += [(278, 600), (279, len(strip))]
    said = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    size = 2 + len(said) + 4
    first = 8 + len(strip)
    content = b"II*\0" + struct.pack("<I", first) + strip
    for n in range(1, pages + 1):
        after = first + n * size if n < pages else 0
        content += struct.pack("<H", len(entries)) + said + struct.pack("<I", after)
    return content


@pytest.mark.parametrize("side", [12_000, 30_000])
async def test_a_picture_beyond_all_photos_is_refused_before_it_is_unpacked(
    sandbox: Sandbox, side: int
) -> None:
    content = a_png_that_claims(side, side)
    assert len(content) < 200_000
    with pytest.raises(Unreadable, match=rf"claims {side:,} x {side:,} pixels"):
        await as_pdf(sandbox, content)


async def test_a_tiff_of_three_thousand_pages_is_refused(sandbox: Sandbox) -> None:
    content = a_tiff_of(3_000)
    assert len(content) < 400_000
    with pytest.raises(Unreadable, match="more than 50 pages"):
        await as_pdf(sandbox, content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        saved(a_photo(), "JPEG")[:500],
        saved(a_photo(), "PNG")[:300],
        saved(a_photo(), "GIF"),
        a_heic()[:400],
        b"II*\0\xff\xff\xff\xff",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 900 900\n",
    ],
    ids=["nothing", "start", "zeros", "cut jpeg", "cut png", "gif", "cut heic", "tiff", "eps"],
)
async def test_what_is_no_whole_picture_is_said_to_be_damaged(
    sandbox: Sandbox, content: bytes
) -> None:
    with pytest.raises(Unreadable, match="damaged"):
        await as_pdf(sandbox, content)
