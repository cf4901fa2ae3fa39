"""File names of strangers become safe base names; file types are told by content.

Nothing here touches a disk: a name that comes out is only fit to be used there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import Final

# Long enough for every honest name, short enough for every file system and accounting program.
MAX_NAME: Final = 120

# Marks that turn the reading order, so that "gpj.exe" shows as "exe.jpg" (CVE-2021-42574).
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_UNFIT = re.compile(r'[<>:"|?*]')  # what Windows refuses in a name
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")

_EXTENSIONS = {
    "application/pdf": ".pdf",
    "application/xml": ".xml",
    "application/json": ".json",
    "application/zip": ".zip",
    "application/ms-tnef": ".dat",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/tiff": ".tif",
    "image/heic": ".heic",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/plain": ".txt",
}

_MAGIC = (
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b\x08", "application/gzip"),
)
# Office files are ZIP files too; the name of their first entry tells (OpenDocument 1.3 part 2,
# 3.3; ECMA-376 part 2, 6.2.4), else what else they hold.
_OPEN_DOCUMENT = re.compile(rb"mimetype(application/vnd\.oasis\.opendocument\.[a-z.-]{1,40})PK")
_OFFICE = (
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
_DIRECTORY = 64_000  # bytes at the end of a ZIP file in which the names of an office file stand
# ISO/IEC 23008-12, annex B: still pictures in HEVC, one or several, and what iPhones write.
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"hevc"})
_HTML = re.compile(rb"(?i)<(!doctype\s+html|html|head|body|table|div|p|br|meta)[\s>/]")
_XHTML = re.compile(rb"(?i)<html[\s>]")
_ELEMENT = re.compile(rb"<(!--|!DOCTYPE|[A-Za-z_][\w.-]*(:[A-Za-z_][\w.-]*)?[\s/>])")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def safe_name(name: str | None, *, media_type: str, taken: Collection[str] = ()) -> str:
    """A base name that may lie on any disk, different from all that are `taken` (case ignored).

    Paths of both kinds, control characters and marks that turn the reading order go; the extension
    stays when the name is shortened. Without a usable name it is "attachment" with the extension of
    the type.
    """
    text = unicodedata.normalize("NFC", name or "")
    text = _BIDI.sub("", re.split(r"[/\\]", text.strip().rstrip("/\\"))[-1])
    text = "".join(one if one.isprintable() else " " for one in text)
    text = " ".join(_UNFIT.sub("_", text).split()).strip(" .")
    if not text:
        text = f"attachment{_EXTENSIONS.get(media_type, '.bin')}"
    if _RESERVED.match(text):
        text = f"_{text}"
    return _untaken(_shortened(text, limit=MAX_NAME), {one.casefold() for one in taken})


def split_name(name: str) -> tuple[str, str]:
    """The stem and the extension with its dot, which is at most twelve characters long."""
    stem, dot, extension = name.rpartition(".")
    if not stem or not extension or len(extension) > 11 or " " in extension:
        return name, ""
    return stem, dot + extension


def type_of(content: bytes, *, declared: str = "application/octet-stream") -> str:
    """What the content is: PDF, XML, JSON, ZIP, an image ...; `declared` where its bytes do not tell."""
    for magic, media_type in _MAGIC:
        if content.startswith(magic):
            return _office(content) or media_type if magic[:2] == b"PK" else media_type
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return "image/heic"
    # Readers allow rubbish before the header (ISO 32000-1, annex H.3.4.1).
    if b"%PDF-" in content[:1024]:
        return "application/pdf"
    start = _without_bom(content[:1024]).lstrip()
    if start.startswith(b"<"):
        if _HTML.match(start) or (start.startswith(b"<?xml") and _XHTML.search(start)):
            return "text/html"
        # Text may begin with a tag or a "<" of its own; only a declaration makes it XML.
        if start.startswith(b"<?xml") or (
            declared not in {"text/plain", "text/html"} and _ELEMENT.match(start)
        ):
            return "application/xml"
    if start[:1] == b"{" and declared in {"application/json", "application/octet-stream"}:
        return "application/json"
    return declared


def _office(content: bytes) -> str | None:
    """The type of an office file that is packed as ZIP; None for an archive of files."""
    if found := _OPEN_DOCUMENT.search(content[:200]):
        return found[1].decode("ascii")
    # The directory, with all names, stands at the end.
    names = content[-_DIRECTORY:]
    if b"[Content_Types].xml" not in names:
        return None
    return next((kind for start, kind in _OFFICE if start in names), None)


def _shortened(name: str, *, limit: int) -> str:
    stem, extension = split_name(name)
    while len(extension.encode()) + len(stem.encode()) > limit:
        stem = stem[:-1]
    return (stem.rstrip(" .") or "attachment") + extension


def _untaken(name: str, taken: Collection[str]) -> str:
    if name.casefold() not in taken:
        return name
    stem, extension = split_name(name)
    stem, _ = (
        split_name(_shortened(f"{stem}{extension}", limit=MAX_NAME - 5))
        if extension
        else (stem, "")
    )
    n = 2
    while f"{stem}-{n}{extension}".casefold() in taken:
        n += 1
    return f"{stem}-{n}{extension}"


def _without_bom(start: bytes) -> bytes:
    if start.startswith(_BOMS[0]):
        return start[3:]
    if start.startswith(_BOMS[1:]):
        return start[2:].replace(b"\0", b"")  # enough of UTF-16 to see "<?xml"
    return start
