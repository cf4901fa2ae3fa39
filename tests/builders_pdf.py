"""PDFs for tests: pages of text with files inside, locked ones, and bombs. Nothing is rendered."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pikepdf

A4 = [0, 0, 595, 842]


def a_pdf(
    rows: Sequence[str] = ("Invoice 2026-001", "Total 121,00"),
    *,
    files: Mapping[str, bytes] | None = None,
    pages: int = 1,
    password: str | None = None,
) -> bytes:
    """A PDF that shows `rows` on each page, with `files` inside it."""
    document = pikepdf.new()
    for _ in range(pages):
        add_page(document, _shown(rows))
    attach(document, files or {})
    return saved(document, password=password)


def attach(document: pikepdf.Pdf, files: Mapping[str, bytes]) -> None:
    """Put files into a document."""
    for name, content in files.items():
        spec = pikepdf.AttachedFileSpec(document, content, filename=name, mime_type="text/xml")
        spec.relationship = pikepdf.Name.Alternative
        document.attachments[name] = spec


def add_page(document: pikepdf.Pdf, instructions: bytes, **entries: Any) -> pikepdf.Dictionary:
    """Append a page with these instructions and further entries; the page's dictionary."""
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1)
    font.BaseFont = pikepdf.Name.Helvetica
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=A4,
        Contents=document.make_stream(instructions),
        Resources=pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font)),
        **entries,
    )
    document.pages.append(pikepdf.Page(page))
    return page


def saved(document: pikepdf.Pdf, *, password: str | None = None) -> bytes:
    """The file, locked with a password if one is given."""
    out = io.BytesIO()
    lock = pikepdf.Encryption(user=password, owner="owner") if password is not None else False
    document.save(out, encryption=lock, static_id=password is None)
    return out.getvalue()


def flate_over_flate(size: int) -> bytes:
    """A page whose two layers of Flate unpack to `size` bytes: 800 MB take about 2 kB."""
    document = pikepdf.new()
    page = add_page(document, b"")
    packed = _packed_twice(size)
    stream = pikepdf.Stream(document, b"")
    stream.write(packed, filter=pikepdf.Array([pikepdf.Name.FlateDecode] * 2))
    page.Contents = document.make_indirect(stream)
    document.pages[0].obj.Contents = page.Contents
    out = io.BytesIO()
    document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return out.getvalue()


def file_of_flate_over_flate(size: int) -> bytes:
    """A PDF with an embedded file that unpacks to `size` bytes."""
    document = pikepdf.open(io.BytesIO(a_pdf(files={"factur-x.xml": b"x"})))
    spec = document.attachments["factur-x.xml"].obj
    spec.EF.F.write(_packed_twice(size), filter=pikepdf.Array([pikepdf.Name.FlateDecode] * 2))
    out = io.BytesIO()
    document.save(out, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False)
    return out.getvalue()


def nested_forms(
    depth: int = 9, each: int = 10, *, files: Mapping[str, bytes] | None = None
) -> bytes:
    """A page with a form that shows a form `each` times, `depth` levels deep: 10^9 times text."""
    document = pikepdf.new()
    inner: Any = None
    for _ in range(depth):
        form = pikepdf.Stream(document, b"BT /F1 9 Tf (x) Tj ET" if inner is None else b"")
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = pikepdf.Array(A4)
        if inner is not None:
            form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(X=inner))
            form.write(b"/X Do " * each)
        inner = document.make_indirect(form)
    add_page(document, b"/X Do " * each)
    document.pages[0].obj.Resources.XObject = pikepdf.Dictionary(X=inner)
    attach(document, files or {})
    return saved(document)


def huge_picture(side: int) -> bytes:
    """A page with a white picture of `side` x `side` bits: 900 million of them take 110 kB."""
    document = pikepdf.new()
    page = add_page(document, b"/P Do BT /F1 11 Tf 50 700 Td (beside) Tj ET")
    engine = zlib.compressobj(9)
    row = b"\xff" * ((side + 7) // 8)
    packed = b"".join(engine.compress(row * 100) for _ in range(side // 100)) + engine.flush()
    image: Any = pikepdf.Stream(document, b"")
    image.write(packed, filter=pikepdf.Name.FlateDecode)
    image.Type, image.Subtype = pikepdf.Name.XObject, pikepdf.Name.Image
    image.Width = image.Height = side
    image.BitsPerComponent, image.ColorSpace = 1, pikepdf.Name.DeviceGray
    page.Resources.XObject = pikepdf.Dictionary(P=document.make_indirect(image))
    document.pages[0].obj.Resources = page.Resources
    return saved(document)


def many_pages(count: int) -> bytes:
    """One page that the tree of pages names `count` times."""
    said = b"BT /F1 11 Tf 50 700 Td (one) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, b"3 0 R " * count),
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources "
            b"<< /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(said), said),
    ]
    body, places = b"%PDF-1.7\n", []
    for n, one in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (n, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 5\n0000000000 65535 f \n" + table
    return body + head + b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)


@cache
def _packed_twice(size: int) -> bytes:
    engine = zlib.compressobj(9)
    block = b" " * (1 << 20)
    parts = [engine.compress(block) for _ in range(size >> 20)]
    return zlib.compress(b"".join(parts) + engine.flush(), 9)


def _shown(rows: Sequence[str]) -> bytes:
    lines = [
        f"BT /F1 11 Tf 50 {780 - 16 * n} Td ({_escaped(row)}) Tj ET" for n, row in enumerate(rows)
    ]
    return "\n".join(lines).encode("cp1252")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
