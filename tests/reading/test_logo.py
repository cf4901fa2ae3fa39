"""Logos of strangers become plain pictures, or are refused for a reason that has a name."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable

import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from maild.reading.logo import LARGEST, NoLogo, plain_logo
from maild.reading.sandbox import Sandbox
from maild.render.logo import read_logo

pytestmark = pytest.mark.anyio

CANARY = b"KANARIEVOGEL"


@pytest.fixture(scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


def a_mark(mode: str = "RGB", size: tuple[int, int] = (600, 200)) -> Image.Image:
    """A field that is dark on the left and light on the right."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 2, size[1]), fill=20)
    return picture.convert(mode)


def saved(picture: Image.Image, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def with_everything() -> bytes:
    """A PNG that carries texts, EXIF, and a ZIP archive behind its end."""
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("XML:com.adobe.xmp", CANARY.decode(), zip=True)
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    behind = io.BytesIO()
    with zipfile.ZipFile(behind, "w") as archive:
        archive.writestr(CANARY.decode(), CANARY)
    content = saved(a_mark(), pnginfo=info, exif=exif, icc_profile=CANARY * 20)
    return content + b"<script>" + CANARY + b"</script>" + behind.getvalue()


def turned() -> bytes:
    """A JPEG that a camera held on its side, with where that was."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    return saved(a_mark(size=(200, 600)), "JPEG", exif=exif, comment=CANARY)


def claims(width: int, height: int) -> bytes:
    """A PNG of some bytes that says it has so many dots."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack("!I", len(data)) + name + data + struct.pack("!I", check)

    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + data + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a text that takes 600 MB when it is unpacked."""
    info = PngImagePlugin.PngInfo()
    content = saved(a_mark(), pnginfo=info)
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(600)) + packer.flush()
    data = b"Comment\0\0" + packed
    text = (
        struct.pack("!I", len(data))
        + b"zTXt"
        + data
        + struct.pack("!I", zlib.crc32(b"zTXt" + data))
    )
    return content[:33] + text + content[33:]


SVG = (
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)

REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "empty"),
    "a photo of 1.2 MB": (lambda: saved(a_mark(), "JPEG") + bytes(LARGEST), "large"),
    "a drawing": (lambda: SVG, "drawing"),
    "a drawing that is called a picture": (lambda: b"\xef\xbb\xbf\n" + SVG.upper(), "drawing"),
    "a page": (lambda: b"<!DOCTYPE html><script>alert(1)</script>", "kind"),
    "a PDF": (lambda: b"%PDF-1.7\n%%EOF", "kind"),
    "a GIF": (lambda: saved(a_mark("P"), "GIF"), "kind"),
    "a TIFF": (lambda: saved(a_mark(), "TIFF"), "kind"),
    "a drawing behind the first bytes of a PNG": (lambda: b"\x89PNG\r\n\x1a\n" + SVG, "damaged"),
    "the first bytes of a JPEG": (lambda: b"\xff\xd8\xff", "damaged"),
    "half a picture": (lambda: saved(a_mark())[:200], "damaged"),
    "400 million dots": (lambda: claims(20_000, 20_000), "pixels"),
    "more dots than there are numbers": (lambda: claims(2**31 - 1, 2**31 - 1), "pixels"),
    "no dots": (lambda: claims(0, 0), "damaged"),
    "dots that are not there": (lambda: claims(2_000, 2_000), "damaged"),
    "a text of 600 MB": (text_bomb, "damaged"),
    "a dot": (lambda: saved(a_mark(size=(600, 1))), "small"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_no_logo_is_refused_by_name(sandbox: Sandbox, name: str) -> None:
    make, why = REFUSED[name]
    with pytest.raises(NoLogo) as refused:
        await plain_logo(sandbox, make())
    assert refused.value.why == why


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "L", "P", "1", "I;16"])
async def test_each_kind_of_picture_keeps_what_it_shows(sandbox: Sandbox, mode: str) -> None:
    content = await plain_logo(sandbox, saved(a_mark(mode)))
    assert content.startswith(b"\x89PNG")
    made = opened(content)
    assert made.mode == ("RGBA" if mode in {"RGBA", "LA"} else "RGB")
    left, right = made.convert("L").resize((2, 1)).tobytes()
    assert left < right


async def test_a_jpeg_for_print_has_the_colours_of_a_screen(sandbox: Sandbox) -> None:
    made = opened(await plain_logo(sandbox, saved(a_mark("RGB").convert("CMYK"), "JPEG")))
    assert made.mode == "RGB"


@pytest.mark.parametrize("make", [with_everything, turned])
async def test_only_the_dots_come_through(sandbox: Sandbox, make: Callable[[], bytes]) -> None:
    content = make()
    assert CANARY in content
    made = await plain_logo(sandbox, content)
    assert CANARY not in made
    assert made.endswith(b"IEND\xaeB`\x82")
    picture = opened(made)
    assert picture.info == {}
    assert not picture.getexif()
    assert picture.width > picture.height, "it stands upright"


async def test_a_large_one_is_made_as_small_as_it_is_printed(sandbox: Sandbox) -> None:
    noise = Image.effect_noise((3_000, 900), 80)
    content = saved(noise, "JPEG", quality=40)
    assert len(content) < LARGEST
    made = await plain_logo(sandbox, content)
    assert opened(made).size == (1142, 343)
    assert read_logo(made).width == 58.0, "what came through can be printed"


async def test_what_is_see_through_stays_so(sandbox: Sandbox) -> None:
    picture = Image.new("RGBA", (100, 50), (200, 0, 0, 0))
    made = opened(await plain_logo(sandbox, saved(picture)))
    assert made.getchannel("A").getextrema() == (0, 0)
