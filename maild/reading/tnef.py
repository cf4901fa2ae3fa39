"""winmail.dat: what Outlook wraps its attachments in when it thinks the other side is Outlook (TNEF).

Reads the files and their names, nothing else: no calendar entries, no text in RTF. Format:
[MS-OXTNEF] (attributes) and [MS-OXCDATA] 2.11 (property types). Every length is checked against what
is there, so a damaged stream gives the files before the damage.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

MAGIC: Final = b"\x78\x9f\x3e\x22"  # 0x223E9F78, little-endian ([MS-OXTNEF] 2.1.3.1)
MAX_FILES: Final = 200
MAX_PROPERTIES: Final = 5_000
_MAX_LEVELS: Final = 5  # mails attached to mails, each a stream of its own

# Attributes, type and id together ([MS-OXTNEF] 2.1.3.2).
_CODEPAGE: Final = 0x00069007
_NEW_ATTACHMENT: Final = 0x00069002
_TITLE: Final = 0x00018010
_DATA: Final = 0x0006800F
_PROPERTIES: Final = 0x00069005

# Properties of an attachment ([MS-OXCMSG] 2.2.2).
_ATTACH_DATA: Final = 0x3701
_ATTACH_FILENAME: Final = 0x3704
_ATTACH_LONG_FILENAME: Final = 0x3707
_ATTACH_MIME_TAG: Final = 0x370E
_ATTACH_CONTENT_ID: Final = 0x3712
_DISPLAY_NAME: Final = 0x3001

_STRING8, _UNICODE, _OBJECT, _BINARY = 0x001E, 0x001F, 0x000D, 0x0102
_VARIABLE: Final = frozenset({_STRING8, _UNICODE, _OBJECT, _BINARY})
# What a value of fixed length takes, padded to four ([MS-OXCDATA] 2.11.1).
_FIXED: Final = {
    0x0001: 0,
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_MANY: Final = 0x1000  # several values of the type
_NAMED: Final = 0x8000  # ids from here on carry a name


@dataclass(frozen=True, slots=True)
class Attached:
    """A file in a stream. `name` is as it was given, or empty."""

    name: str
    content: bytes
    declared: str
    content_id: str | None


@dataclass(slots=True)
class _Draft:
    """What is known of an attachment while its attributes come by, in any order."""

    title: bytes = b""
    data: bytes | None = None
    properties: dict[int, bytes | str] | None = None


class _Damaged(Exception):
    """The stream ends, or says something impossible, in the middle of a thing."""


def read_tnef(content: bytes, *, level: int = 1) -> list[Attached]:
    """The files of a stream, with those of mails inside it. What is damaged ends the list early."""
    if not content.startswith(MAGIC) or level > _MAX_LEVELS:
        return []
    codepage = "windows-1252"
    drafts: list[_Draft] = []
    for attribute, data in _attributes(content):
        if attribute == _CODEPAGE and len(data) >= 4:
            codepage = f"cp{struct.unpack_from('<I', data)[0]}"
        elif attribute == _NEW_ATTACHMENT:
            if len(drafts) >= MAX_FILES:
                break
            drafts.append(_Draft())
        elif drafts:
            _note(drafts[-1], attribute, data=data)
    return [one for draft in drafts for one in _finished(draft, codepage=codepage, level=level)]


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute: a byte of level, its id, its length, its data, a checksum (not compared)."""
    at = len(MAGIC) + 2
    while at + 9 <= len(content):
        attribute, length = struct.unpack_from("<II", content, at + 1)
        at += 9
        if at + length > len(content):
            return
        yield attribute, content[at : at + length]
        at += length + 2


def _note(draft: _Draft, attribute: int, *, data: bytes) -> None:
    if attribute == _TITLE:
        draft.title = data
    elif attribute == _DATA:
        draft.data = data
    elif attribute == _PROPERTIES:
        draft.properties = _properties(data)


def _finished(draft: _Draft, *, codepage: str, level: int) -> Iterator[Attached]:
    said = draft.properties or {}
    inner = said.get(_ATTACH_DATA)
    # An attached mail: the id of its interface (16 bytes), then a stream like this one.
    if isinstance(inner, bytes) and inner[16:].startswith(MAGIC):
        yield from read_tnef(inner[16:], level=level + 1)
        return
    data = draft.data if draft.data is not None else inner
    if not isinstance(data, bytes):
        return
    yield Attached(
        name=_text(said, _ATTACH_LONG_FILENAME, codepage=codepage)
        or _text(said, _ATTACH_FILENAME, codepage=codepage)
        or _decoded(draft.title, codepage=codepage)
        or _text(said, _DISPLAY_NAME, codepage=codepage),
        content=data,
        declared=_text(said, _ATTACH_MIME_TAG, codepage=codepage).lower()
        or "application/octet-stream",
        content_id=_text(said, _ATTACH_CONTENT_ID, codepage=codepage) or None,
    )


def _text(said: dict[int, bytes | str], key: int, *, codepage: str) -> str:
    value = said.get(key, "")
    return value if isinstance(value, str) else _decoded(value, codepage=codepage)


def _decoded(raw: bytes, *, codepage: str) -> str:
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode(codepage)
    except (LookupError, ValueError):
        return raw.decode("windows-1252", "replace")


def _properties(data: bytes) -> dict[int, bytes | str]:
    """The properties of text and bytes that stand before any damage; a text in Unicode as str."""
    reader = _Reader(data)
    found: dict[int, bytes | str] = {}
    try:
        for _ in range(min(reader.number(), MAX_PROPERTIES)):
            kind, key = reader.short(), reader.short()
            if key >= _NAMED:
                reader.skip_name()
            values = _values(reader, kind)
            if values:
                found.setdefault(key, values[0])
    except _Damaged:
        pass
    return found


def _values(reader: _Reader, kind: int) -> list[bytes | str]:
    base = kind & ~_MANY
    if base in _VARIABLE:
        # Also a single value comes with a count, which is one.
        return [_value(reader, base) for _ in range(reader.count())]
    if base not in _FIXED:
        raise _Damaged
    reader.skip(_FIXED[base] * (reader.count() if kind & _MANY else 1))
    return []


def _value(reader: _Reader, base: int) -> bytes | str:
    raw = reader.padded(reader.number())
    return raw.decode("utf-16-le", "replace").rstrip("\0") if base == _UNICODE else raw


class _Reader:
    """A place in some bytes, never beyond their end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self) -> int:
        return int.from_bytes(self._take(4), "little")

    def short(self) -> int:
        return int.from_bytes(self._take(2), "little")

    def count(self) -> int:
        """How many values follow; each takes at least four bytes, so it cannot be any number."""
        count = self.number()
        if count * 4 > len(self._data) - self._at + 4:
            raise _Damaged
        return count

    def padded(self, length: int) -> bytes:
        data = self._take(length)
        self.skip(-length % 4)
        return data

    def skip(self, length: int) -> None:
        self._take(length)

    def skip_name(self) -> None:
        """The name of a property: a GUID and a number, or a GUID and a text."""
        self.skip(16)
        if self.number() == 0:
            self.skip(4)
        else:
            self.padded(self.number())

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self._at:
            raise _Damaged
        start, self._at = self._at, self._at + length
        return self._data[start : self._at]
