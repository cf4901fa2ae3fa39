"""Archives become the files in them, under one budget for all that lies in one mail.

Runs in a child process only (see `maild.reading.sandbox`): what is opened here may be built to harm.
Nothing is written to a disk, sizes that an archive states are not believed, and what cannot be
opened is said in words. The limits are those of purchase_reading.md C3 and mail.md 6.2.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from maild.errors import Problem
from maild.reading.tnef import Attached, read_tnef

MAX_TOTAL: Final = 200_000_000
MAX_ENTRIES: Final = 1_000
MAX_RATIO: Final = 100
MAX_LEVELS: Final = 2  # an archive in an archive, and no more
# Text packs a hundredfold without bad intent: below this size nobody is harmed.
_HARMLESS: Final = 1_000_000
_PIECE: Final = 1 << 16
# A line of a directory takes 46 bytes and a name; a directory far above that only costs memory.
_MAX_DIRECTORY: Final = MAX_ENTRIES * 1_000
_DIRECTORY_END: Final = struct.Struct("<4s4H2LH")  # APPNOTE.TXT 4.3.16
_UTF8_NAME: Final = 0x800  # APPNOTE.TXT 4.4.4, bit 11
_ENCRYPTED: Final = 0x1

ARCHIVES: Final = frozenset({"application/zip", "application/ms-tnef"})
# Known by content, opened by nobody here: a person has to.
UNOPENED: Final = {
    "application/vnd.rar": "RAR",
    "application/x-7z-compressed": "7z",
    "application/gzip": "gzip",
}


class Sealed(Exception):
    """An archive that stays closed; `problem` says why. It is kept as it came."""

    def __init__(self, code: str, message: str) -> None:
        self.problem = Problem(code, "", message)
        super().__init__(message)


class Bomb(Sealed):
    """An archive built to harm, or one that unfolds beyond all bounds: with it, all around it stays closed."""

    def __init__(self, message: str) -> None:
        super().__init__("archive_bomb", message)


@dataclass(frozen=True, slots=True)
class Inside:
    """A file in an archive, with what the archive says of it."""

    name: str
    content: bytes = field(repr=False)
    declared: str = "application/octet-stream"
    content_id: str | None = None


@dataclass(slots=True)
class Budget:
    """What the archives of one mail may still unfold to, over all levels."""

    bytes: int = MAX_TOTAL
    entries: int = MAX_ENTRIES

    def take_entry(self) -> None:
        """One more file. Raises Bomb."""
        self.entries -= 1
        if self.entries < 0:
            raise Bomb(f"its archives hold more than {MAX_ENTRIES:,} files")

    def take_bytes(self, count: int) -> None:
        """So many more bytes. Raises Bomb."""
        self.bytes -= count
        if self.bytes < 0:
            raise Bomb(f"its archives unfold to more than {MAX_TOTAL // 1_000_000} MB")


def open_archive(content: bytes, *, media_type: str, level: int, budget: Budget) -> list[Inside]:
    """The files of an archive, not those of archives inside it.

    `media_type` is one of `ARCHIVES`, `level` 1 for an archive that lies in the mail itself. Raises
    Sealed.
    """
    if level > MAX_LEVELS:
        raise Bomb(f"archives lie in one another, more than {MAX_LEVELS} deep")
    if media_type == "application/ms-tnef":
        return [_from_outlook(one, budget=budget) for one in read_tnef(content)]
    try:
        return list(_from_zip(content, budget=budget))
    except Sealed:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error) as error:
        raise Sealed("damaged_archive", f"the ZIP file is damaged ({error})") from error


def _from_outlook(found: Attached, *, budget: Budget) -> Inside:
    budget.take_entry()
    budget.take_bytes(len(found.content))
    return Inside(found.name, found.content, found.declared, found.content_id)


def _from_zip(content: bytes, *, budget: Budget) -> Iterator[Inside]:
    _check_directory(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = [one for one in archive.infolist() if not one.is_dir()]
        if len(entries) > MAX_ENTRIES:
            raise Bomb(
                f"the archive holds {len(entries):,} files; at most {MAX_ENTRIES:,} are read"
            )
        # Entries on one body unfold many times what lies there (purchase_reading.md C3).
        if sum(one.compress_size for one in entries) > len(content):
            raise Bomb("entries of the archive lie upon one another")
        for entry in entries:
            if not _is_of_no_use(entry.filename):
                budget.take_entry()
                yield Inside(_entry_name(entry), _unfolded(archive, entry, budget=budget))


def _check_directory(content: bytes) -> None:
    """Refuse a directory that would take hundreds of megabytes before its first entry is seen."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 66_000))
    if at < 0 or at + _DIRECTORY_END.size > len(content):
        raise Sealed("damaged_archive", "the ZIP file is damaged: its end is missing")
    size = _DIRECTORY_END.unpack_from(content, at)[5]
    if size > _MAX_DIRECTORY:
        raise Bomb(f"the archive's directory has {size:,} bytes; it holds too many files")


def _unfolded(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, *, budget: Budget) -> bytes:
    """The bytes of an entry, counted while they come: the size that it states may be a lie."""
    if entry.flag_bits & _ENCRYPTED:
        raise Sealed(
            "encrypted_archive",
            "the ZIP file is protected with a password; send the files without one",
        )
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        # LZMA may ask for gigabytes before it gives a byte.
        raise Sealed(
            "unopened_archive",
            f"the ZIP file is packed in a way that maild does not open (method "
            f"{entry.compress_type}); pack it as an ordinary ZIP file",
        )
    ceiling = max(_HARMLESS, MAX_RATIO * entry.compress_size)
    content = bytearray()
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            budget.take_bytes(len(piece))
            content += piece
            if len(content) > ceiling:
                raise Bomb(f"a file in the archive unfolds to over {MAX_RATIO} times its size")
    return bytes(content)


def _entry_name(entry: zipfile.ZipInfo) -> str:
    """Its name; Windows writes UTF-8 without saying so, or the code page of DOS."""
    if entry.flag_bits & _UTF8_NAME:
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename


def _is_of_no_use(name: str) -> bool:
    """What file managers leave behind (macOS, Windows)."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return name.startswith("__MACOSX/") or base in {".DS_Store", "Thumbs.db", "desktop.ini"}
