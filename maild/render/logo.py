"""A team's logo made safe to print: an allow-list for SVG, a size limit for PNG.

It runs in the child that typesets. A logo that is refused is left out and said; it never stops a bill.
"""

from __future__ import annotations

import base64
import re
import struct
from dataclasses import dataclass

from lxml import etree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}href"
# Drawing only: no script, style sheet, foreign object, animation, text (its font may be missing), link,
# or image inside the image.
_SHAPES = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon")
_GROUPS = ("svg", "g", "defs", "symbol", "use", "clipPath", "mask", "title", "desc")
_PAINTS = ("linearGradient", "radialGradient", "stop")
_ELEMENTS = frozenset((*_SHAPES, *_GROUPS, *_PAINTS))
# A reference to anything but a part of the same file, as in fill="url(https://...)".
_URL = re.compile(r"url\(\s*['\"]?\s*(?!#)(?!['\"\s])")
_MOST_BYTES = 2 << 20
_MOST_PIXELS = 8_000_000
_PNG = b"\x89PNG\r\n\x1a\n"
# The room on the letterhead, in millimetres.
_WIDTH, _HEIGHT = 58.0, 19.0


class BadLogo(ValueError):
    """The file is no logo that can be printed; the text says why, for a person."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo as an SVG document, and how wide it is printed."""

    svg: bytes
    width: float  # millimetres


def read_logo(content: bytes) -> Logo:
    """The logo in `content`, an SVG or PNG file. Raises BadLogo."""
    if len(content) > _MOST_BYTES:
        raise BadLogo(f"the logo has {len(content)} bytes; at most {_MOST_BYTES} are printed")
    return _read_png(content) if content.startswith(_PNG) else _read_svg(content)


def _read_png(content: bytes) -> Logo:
    """Wrap the picture in an SVG, since the typesetter takes files from memory as text only."""
    if len(content) < 33 or content[12:16] != b"IHDR":
        raise BadLogo("the logo is a damaged PNG file")
    width, height = struct.unpack("!II", content[16:24])
    if not 0 < width * height <= _MOST_PIXELS:
        raise BadLogo(f"the logo has {width} x {height} pixels; at most 8 million are printed")
    data = base64.b64encode(content).decode("ascii")
    svg = (
        f'<svg xmlns="{_SVG}" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
    )
    return Logo(svg=svg.encode(), width=_fit(width, height))


def _read_svg(content: bytes) -> Logo:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        raise BadLogo(f"the logo is neither a PNG nor a readable SVG file ({fault})") from fault
    if root.tag != f"{{{_SVG}}}svg" or root.getroottree().docinfo.doctype:
        raise BadLogo("the logo is not a plain SVG file: its root must be <svg>, without a DOCTYPE")
    for element in root.iter():
        _check_element(element)
    return Logo(svg=etree.tostring(root), width=_fit(*_size(root)))


def _check_element(element: etree._Element) -> None:
    """Refuse what does more than draw. Comments and foreign editors' notes are harmless."""
    if not isinstance(element.tag, str):
        return
    name = etree.QName(element)
    if name.namespace == _SVG and name.localname not in _ELEMENTS:
        raise BadLogo(f"the logo contains <{name.localname}>; draw it with paths and plain shapes")
    for key, value in element.attrib.items():
        text = str(value).strip().lower()
        reaches_out = str(key) in ("href", _XLINK) and not text.startswith("#")
        if reaches_out or (_URL.search(text)):
            raise BadLogo(f'the logo points outside itself ({key}="{str(value)[:80]}")')


def _size(root: etree._Element) -> tuple[float, float]:
    """Width and height in any unit; only their ratio matters."""
    try:
        box = [float(part) for part in root.get("viewBox", "").replace(",", " ").split()]
        if len(box) == 4:
            return box[2], box[3]
        width, height = (root.get(key, "").rstrip("pxtm ") for key in ("width", "height"))
        return float(width), float(height)
    except ValueError:
        raise BadLogo("the logo has no size: give its <svg> a viewBox") from None


def _fit(width: float, height: float) -> float:
    """How wide to print a picture of that shape, so that it fills its room and no more."""
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        raise BadLogo("the logo has no size: give its <svg> a viewBox")
    return min(_WIDTH, _HEIGHT * width / height)
