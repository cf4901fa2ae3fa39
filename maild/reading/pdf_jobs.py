"""What is done to a PDF of a stranger, inside the child: its embedded files, and the text of its pages.

Two jobs, since two libraries do them: when one dies over a file, the other's answer still stands.
`maild.reading.pdf` asks for them; nothing else may import this module. Nothing is rendered here, so
that a page of any size costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

import pikepdf
import pypdfium2

from maild.errors import Unreadable
from maild.reading.names import type_of
from maild.reading.packed import pack
from maild.reading.pictured import is_picture
from maild.reading.rows import Piece, Source, in_rows, words_of

FIRST_PAGES: Final = 10
LAST_PAGES: Final = 3
MOST_FILES: Final = 50
MOST_BYTES: Final = 100_000_000  # of all embedded files together, unpacked
# Of the XML among them, which alone crosses the pipe: a bill with all its enclosures inside.
MOST_XML: Final = 20_000_000
# A page of dense text has 100 kB of instructions, a map may have ten MB; 800 MB is a bomb
# (purchase_reading.md C3).
MOST_INSTRUCTIONS: Final = 64_000_000
# A dense page has 5,000; what is looked for in them is looked for in the daemon.
MOST_CHARACTERS: Final = 20_000
_TREE_NODES: Final = 500
_CHUNK: Final = 1 << 20
_QUARTER: Final = math.pi / 2
_Sides: TypeAlias = tuple[float, float, float, float]


class _TooMuch(Exception):
    """A stream unpacks to more than its budget."""


def files(payload: bytes) -> bytes:
    """Tell whether a PDF opens, how many pages it has, and the files inside it; XML with its bytes."""
    try:
        document = pikepdf.open(io.BytesIO(payload))
    except pikepdf.PasswordError:
        return pack({"state": "locked", "pages": 0, "files": []})
    except pikepdf.PdfError:
        return pack({"state": "damaged", "pages": 0, "files": []})
    with document:
        _check_pages(document)
        told: list[dict[str, Any]] = []
        bodies: list[bytes] = []
        left, xml_left = MOST_BYTES, MOST_XML
        for name, spec in _specs(document):
            body = _body(spec, budget=left)
            if body is None:
                continue
            left -= len(body)
            media_type = type_of(body)
            given = media_type == "application/xml" and len(body) <= xml_left
            told.append(
                {
                    "name": name[:500],
                    "relationship": _name(spec.get("/AFRelationship")),
                    "media_type": media_type,
                    "size": len(body),
                    "sha256": hashlib.sha256(body).hexdigest(),
                    "given": given,
                }
            )
            if given:
                xml_left -= len(body)
                bodies.append(body)
        return pack({"state": "open", "pages": len(document.pages), "files": told}, bodies)


def text(payload: bytes) -> bytes:
    """The text of the first and last pages, row by row as it is printed, then as the file has it."""
    said: list[str] = []
    for _, page in _pages(payload):
        with contextlib.suppress(pypdfium2.PdfiumError):
            printed = page.get_textpage()
            words = words_of(_characters(page, printed))
            said += [" ".join(one.text for one in row) for row in in_rows(words)]
            said.append(printed.get_text_range(0, min(printed.count_chars(), MOST_CHARACTERS)))
    return pack({"text": "\n".join(said)})


def words(payload: bytes) -> bytes:
    """The words of the first and last pages with their boxes, in the order in which they are printed."""
    told: list[dict[str, Any]] = []
    for number, page in _pages(payload):
        with contextlib.suppress(pypdfium2.PdfiumError):
            width, height = page.get_size()
            found = words_of(_characters(page, page.get_textpage()))
            boxes = [(one.text, *(round(side, 1) for side in one[1:])) for one in found]
            told.append({"number": number, "width": width, "height": height, "words": boxes})
            seen = is_picture(page, [one.text for one in found])
            told[-1]["source"] = Source.PICTURE if seen else Source.TEXT
    return pack({"sheets": told})


def _pages(payload: bytes) -> Iterator[tuple[int, pypdfium2.PdfPage]]:
    """The first and last pages with their numbers; one that cannot be read says nothing of the others."""
    try:
        document = pypdfium2.PdfDocument(payload)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("the pages of the PDF cannot be read: it is damaged") from error
    for at in _chosen(len(document)):
        with contextlib.suppress(pypdfium2.PdfiumError):
            yield at + 1, document[at]


def _chosen(pages: int) -> Sequence[int]:
    """Which pages are looked at: totals stand on the first or the last."""
    last = range(max(FIRST_PAGES, pages - LAST_PAGES), pages)
    return [*range(min(FIRST_PAGES, pages)), *last]


def _check_pages(document: pikepdf.Pdf) -> None:
    """Refuse a page whose instructions unpack beyond all reason, before a renderer meets it."""
    for at in _chosen(len(document.pages)):
        contents: Any = document.pages[at].obj.get("/Contents")
        streams = list(contents) if isinstance(contents, pikepdf.Array) else [contents]
        left = MOST_INSTRUCTIONS
        for stream in streams[:_TREE_NODES]:
            if not isinstance(stream, pikepdf.Stream):
                continue
            try:
                left -= len(_unpacked(stream, budget=left))
            except _TooMuch:
                size = MOST_INSTRUCTIONS // 1_000_000
                raise Unreadable(
                    f"page {at + 1} of the PDF unpacks to more than {size} MB; no honest page does"
                ) from None


def _specs(document: pikepdf.Pdf) -> Iterator[tuple[str, Any]]:
    """The file specifications of the document, each once, by /AF, name tree and pages' pins."""
    root: Any = document.Root
    seen: set[Any] = set()
    found = [*_array(root.get("/AF")), *_tree(root), *_pins(document)]
    for spec in found:
        if not isinstance(spec, pikepdf.Dictionary):
            continue
        embedded: Any = spec.get("/EF")
        stream = _stream_of(embedded)
        mark = stream.objgen if stream is not None else None
        if stream is None or mark in seen:
            continue
        seen.add(mark)
        yield _name(spec.get("/UF")) or _name(spec.get("/F")), spec
        if len(seen) >= MOST_FILES:
            return


def _tree(root: Any) -> Iterator[Any]:
    """The values of the name tree of embedded files (ISO 32000-1, 7.9.6), however it is nested."""
    names: Any = root.get("/Names")
    top = names.get("/EmbeddedFiles") if isinstance(names, pikepdf.Dictionary) else None
    nodes, met = [top], 0
    while nodes and met < _TREE_NODES:
        node = nodes.pop()
        met += 1
        if isinstance(node, pikepdf.Dictionary):
            yield from _array(node.get("/Names"))[1::2]
            nodes += _array(node.get("/Kids"))


def _pins(document: pikepdf.Pdf) -> Iterator[Any]:
    """Files that are pinned to the first pages (ISO 32000-1, 12.5.6.15), or associated with them."""
    for at in range(min(FIRST_PAGES, len(document.pages))):
        page: Any = document.pages[at].obj
        yield from _array(page.get("/AF"))
        for pin in _array(page.get("/Annots")):
            if isinstance(pin, pikepdf.Dictionary) and pin.get("/Subtype") == "/FileAttachment":
                yield pin.get("/FS")


def _array(value: Any) -> list[Any]:
    return list(value)[:_TREE_NODES] if isinstance(value, pikepdf.Array) else []


def _stream_of(embedded: Any) -> pikepdf.Stream | None:
    if not isinstance(embedded, pikepdf.Dictionary):
        return None
    for key in ("/F", "/UF"):
        stream: Any = embedded.get(key)
        if isinstance(stream, pikepdf.Stream):
            return stream
    return None


def _body(spec: Any, *, budget: int) -> bytes | None:
    """The bytes of an embedded file; None when they are out of bounds or cannot be unpacked."""
    stream = _stream_of(spec.get("/EF"))
    if stream is None:
        return None
    with contextlib.suppress(_TooMuch, pikepdf.PdfError, zlib.error, ValueError):
        return _unpacked(stream, budget=budget)
    return None


def _unpacked(stream: pikepdf.Stream, *, budget: int) -> bytes:
    """A stream's bytes. Flate, even over Flate, is unpacked within a budget; others only once.

    Raises _TooMuch beyond it.
    """
    raw: bytes = stream.read_raw_bytes()
    filters: Any = stream.get("/Filter")
    named = [str(filters)] if isinstance(filters, pikepdf.Name) else [*map(str, _array(filters))]
    if not set(named) <= {"/FlateDecode", "/Fl"} or "/DecodeParms" in stream:
        if len(named) > 2:
            raise _TooMuch
        raw = stream.read_bytes()
    else:
        for _ in named:
            raw = _inflated(raw, budget=budget)
    if len(raw) > budget:
        raise _TooMuch
    return raw


def _inflated(raw: bytes, *, budget: int) -> bytes:
    """What Flate unpacks to. What comes before damage counts, as every reader has it."""
    engine = zlib.decompressobj()
    made, size = [], 0
    while raw and not engine.eof:
        try:
            part = engine.decompress(raw, _CHUNK)
        except zlib.error:
            break
        raw = engine.unconsumed_tail
        made.append(part)
        size += len(part)
        if size > budget:
            raise _TooMuch
    return b"".join(made)


def _name(value: Any) -> str:
    """A name or text of the PDF as text; empty for anything else."""
    return str(value).lstrip("/") if isinstance(value, pikepdf.Name | pikepdf.String) else ""


def _characters(page: pypdfium2.PdfPage, printed: pypdfium2.PdfTextPage) -> Iterator[Piece]:
    """The characters of a page, those that are read from the side turned to where they are read.

    Loose boxes, since tight ones put a comma on another line than its digits (purchase_reading.md A1).
    What runs along the edge of a page comes below all its rows: it belongs to none of them.
    """
    raw, box = pypdfium2.raw, pypdfium2.raw.FS_RECTF()
    code_of, angle_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetCharAngle
    box_of, text = raw.FPDFText_GetLooseCharBox, printed.raw
    size = page.get_size()
    turned = page.get_rotation() // 90 % 4
    width, height = size[::-1] if turned % 2 else size
    for at in range(min(printed.count_chars(), MOST_CHARACTERS)):
        code = code_of(text, at)
        if code < 32 or 0xD800 <= code < 0xE000:
            continue
        box_of(text, at, box)
        angle = angle_of(text, at)
        sides = (box.left, height - box.top, box.right, height - box.bottom)
        if turned or angle:
            # Quarters by which the print is turned on the paper, clockwise.
            quarter = round(angle / _QUARTER) % 4
            sides = _upright(sides, quarter, paper=(width, height))
            if (quarter + turned) % 4:
                left, top, right, bottom = sides
                sides = (left, top + sum(size), right, bottom + sum(size))
        yield Piece(chr(code), *sides)


def _upright(sides: _Sides, quarter: int, *, paper: tuple[float, float]) -> _Sides:
    """A box on the paper as it is when one turns the paper so that the print in it stands upright."""
    width, height = paper
    for _ in range(-quarter % 4):
        left, top, right, bottom = sides
        sides = (height - bottom, left, height - top, right)
        width, height = height, width
    return sides
