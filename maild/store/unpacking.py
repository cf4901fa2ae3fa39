"""Reading a backup in one pass: every byte is hashed, nothing that is not ours is unpacked.

A backup may be damaged, cut short, or made by somebody else. Names are compared and never followed;
sizes are bounded by the file itself, since nothing in it is compressed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from maild.errors import UserError
from maild.store.backup import DATABASE, FORMAT, MANIFEST, MOST_MANIFEST, OF_TEAMS
from maild.store.disk import PRIVATE, make_folder
from maild.store.holdings import MOST_PROBLEMS
from maild.store.spool import READ_AT_ONCE

_BLOB: Final = re.compile(r"blobs/([0-9a-f]{2})/(\1[0-9a-f]{62})")

Place = Callable[[str], Path | None]  # where a file of the backup goes; None: it is only hashed


@dataclass(frozen=True, slots=True)
class Seen:
    """What a backup holds: when and by which maild it was taken, each file's sha256, what is wrong.

    `lost` are blobs that were not in the store any more when it was taken.
    """

    taken_at: str
    version: str
    files: dict[str, str]
    lost: tuple[str, ...]
    problems: tuple[str, ...]


def unpack(file: Path, place: Place) -> Seen:
    """Read a backup to its end, each file to where `place` says.

    Raises UserError when it is no backup or is cut short; OSError when a disk fails.
    """
    sums: dict[str, str] = {}
    problems: list[str] = []
    manifest: dict[str, Any] | None = None
    try:
        with tarfile.open(file, mode="r:") as tar:
            while (entry := tar.next()) is not None:
                tar.members.clear()  # type: ignore[attr-defined]  # it would keep a record of each
                if manifest is not None or entry.name in sums or not _ours(entry):
                    raise UserError(f'{file}: "{entry.name[:120]}" does not belong in a backup')
                content = tar.extractfile(entry)
                if content is None:
                    raise UserError(f'{file}: "{entry.name[:120]}" has no content')
                if entry.name == MANIFEST:
                    manifest = _manifest(content.read(MOST_MANIFEST + 1), file=file)
                else:
                    sums[entry.name] = _copy(content, place(entry.name))
    except FileNotFoundError as fault:
        raise UserError(f"there is no file {file}") from fault
    except (tarfile.TarError, EOFError, RecursionError, ValueError) as fault:
        raise UserError(f"{file} is no backup, or is damaged: {fault}") from fault
    if manifest is None:
        raise UserError(f"{file} is cut short or is no backup: its list of files is missing")
    problems += _compared(sums, manifest["files"])
    return Seen(
        manifest["taken_at"], manifest["maild"], sums, tuple(manifest["lost"]), tuple(problems)
    )


def _ours(entry: tarfile.TarInfo) -> bool:
    plain = entry.type in {tarfile.REGTYPE, tarfile.AREGTYPE} and entry.sparse is None
    named = any(one.fullmatch(entry.name) for one in (_BLOB, OF_TEAMS))
    return plain and (named or entry.name in {DATABASE, MANIFEST})


def _copy(content: IO[bytes], target: Path | None) -> str:
    """Hash a file of the backup and, where it has a place, write it there, durably."""
    digest = hashlib.sha256()
    if target is None:
        while piece := content.read(READ_AT_ONCE):
            digest.update(piece)
        return digest.hexdigest()
    make_folder(target.parent)
    descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as out:
        while piece := content.read(READ_AT_ONCE):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def _manifest(content: bytes, *, file: Path) -> dict[str, Any]:
    """The list of files, its shape checked. Raises UserError."""
    if len(content) > MOST_MANIFEST:
        raise UserError(f"{file}: its list of files is too long to be ours")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as fault:
        raise UserError(f"{file}: its list of files cannot be read: {fault}") from fault
    shape = {"taken_at": str, "maild": str, "files": dict, "lost": list}
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise UserError(
            f"{file}: its list of files has a form that this maild does not know",
            hint="a newer maild may have written it: restore it with that one",
        )
    if not all(isinstance(found.get(key), kind) for key, kind in shape.items()):
        raise UserError(f"{file}: its list of files lacks what every backup says")
    return found


def _compared(sums: dict[str, str], listed: dict[str, Any]) -> list[str]:
    """What differs between the files that are there and the list of them."""
    found = [f"{name}: it is not in the file" for name in listed if name not in sums]
    found += [f"{name}: the list does not name it" for name in sums if name not in listed]
    found += [
        f"{name}: its bytes are not those that were put in"
        for name, sum_ in sums.items()
        if name in listed and listed[name] != sum_
    ]
    # The name of a blob says its sha256 too, whatever the list says.
    found += [
        f"{name}: its bytes are not those of its name"
        for name, sum_ in sums.items()
        if _BLOB.fullmatch(name) and listed.get(name) == sum_ and not name.endswith(sum_)
    ]
    if DATABASE not in sums:
        found.append(f"{DATABASE}: it is not in the file")
    return found[:MOST_PROBLEMS]
