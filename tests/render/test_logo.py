"""Which logos are printed, how large, and which are refused with a reason."""

from __future__ import annotations

import struct
import zlib

import pytest

from maild.render.logo import BadLogo, read_logo

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '


def svg(body: str, *, size: str = 'viewBox="0 0 200 50"') -> bytes:
    """An SVG file."""
    return f"{HEAD}{size}>{body}</svg>".encode()


def png(width: int, height: int) -> bytes:
    """A PNG file of that size; black where its data is given at all."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack("!I", len(content)) + kind + content + struct.pack("!I", checksum)

    rows = zlib.compress(b"\x00" * (width // 8 + 2) * min(height, 500))
    head = struct.pack("!IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "width"),
    [
        (svg("<path d='M0 0h9'/>"), 58.0),
        (svg("<g/>", size='viewBox="0,0,100,100"'), 19.0),
        (svg("<rect fill=\"url('#a')\"/>", size='width="40px" height="20"'), 38.0),
        (svg("<use xlink:href='#a'/><!-- note -->"), 58.0),
        (png(300, 100), 57.0),
    ],
    ids=["wide", "square", "by size", "reference inside", "png"],
)
def test_a_logo_fills_its_room_and_no_more(content: bytes, width: float) -> None:
    assert read_logo(content).width == pytest.approx(width)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (svg("<script>1</script>"), "contains <script>"),
        (svg("<style>a{}</style>"), "contains <style>"),
        (svg("<text>Acme</text>"), "contains <text>"),
        (svg("<image href='file:///etc/passwd'/>"), "contains <image>"),
        (svg("<foreignObject/>"), "contains <foreignObject>"),
        (svg("<use href='https://x.example/a.svg#b'/>"), "points outside itself"),
        (svg("<use xlink:href='other.svg#b'/>"), "points outside itself"),
        (svg("<rect fill='url(https://x.example/a)'/>"), "points outside itself"),
        (svg("<rect style=\"fill: URL( '//x.example' )\"/>"), "points outside itself"),
        (svg("<g/>", size=""), "has no size"),
        (svg("<g/>", size='viewBox="0 0 0 10"'), "has no size"),
        (svg("<g/>", size='viewBox="0 0 nan 10"'), "has no size"),
        (b"<!DOCTYPE svg [<!ENTITY a 'b'>]>" + svg("&a;"), "DOCTYPE"),
        (b"<html/>", "root must be <svg>"),
        (b"GIF89a", "neither a PNG nor a readable SVG"),
        (b"", "neither a PNG nor a readable SVG"),
        (b"\x89PNG\r\n\x1a\n", "damaged PNG"),
        (png(8000, 2000), "8000 x 2000 pixels"),
        (png(10, 10) + bytes(3 << 20), "at most 2097152"),
    ],
)
def test_a_logo_that_does_more_than_draw_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(BadLogo, match=reason):
        read_logo(content)
