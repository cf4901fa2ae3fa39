"""Lightens XML that carries files: a copy for reading, in which short stand-ins take their place.

Belgian invoices carry their own PDF (BG-24), and some carry twenty megabytes of scans. Runs in a
child process; the original goes on byte for byte, and only the copy is read in the daemon.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from typing import Final

from lxml import etree

from maild.errors import Unreadable
from maild.ubl.xml import parse

LIGHTEN: Final = f"{__name__}:lighten"
HEAVY: Final = 256_000  # bytes of XML; below, the daemon reads the original as it is
_HEAVY_FILE: Final = 64_000  # characters of base64
_START: Final = 1024  # as much of a file as its type is told by (`maild.reading.names.type_of`)


@dataclass(frozen=True, slots=True)
class Lightened:
    """XML to read, and what each stand-in in it stands for."""

    xml: bytes = field(repr=False)
    files: tuple[tuple[bytes, bytes], ...] = field(repr=False)


def lighten(content: bytes) -> bytes:
    """Job: the copy to read alone; empty where there is none."""
    found = lightened(content)
    return b"" if found is None else found.xml


def lightened(content: bytes) -> Lightened | None:
    """The copy of a heavy XML file; None when it is light, carries nothing, or cannot be read."""
    if len(content) <= HEAVY:
        return None
    try:
        root = parse(content)
    except Unreadable:
        return None  # whoever reads the original will say why
    files = []
    for element in root.iter("{*}EmbeddedDocumentBinaryObject"):
        file = _decoded(element.text or "")
        if file is not None:
            stand_in = _stand_in(file)
            element.text = base64.b64encode(stand_in).decode("ascii")
            files.append((stand_in, file))
    if not files:
        return None
    xml: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return Lightened(xml, tuple(files))


def _decoded(text: str) -> bytes | None:
    """A large file; None for a small or a damaged one, which stay where they are."""
    if len(text) <= _HEAVY_FILE:
        return None
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _stand_in(file: bytes) -> bytes:
    """A few bytes that look like the file to whoever asks what it is, and that only it can have.

    A PDF is told from a scrap of one by its having an object (`maild.intake.pairing.embedded`).
    """
    mark = b" obj" if b" obj" in file else b""
    return b"%b\n%b %b" % (file[:_START], mark, hashlib.sha256(file).hexdigest().encode())
