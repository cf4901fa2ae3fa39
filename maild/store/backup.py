"""A backup: one tar file with the database, large blobs, team files, and last of all the list of them.

Of the configuration only `teams.d` is in it, which people change on the pages.

Tar, since each system can open it without maild, it is written and read in one pass, and what it
holds is compressed already or does not compress (PDF, mails in base64). The list comes last: a
file that ends too early has none. Nothing here knows of the daemon, which may run meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final

from maild.config.loaded import OWN
from maild.errors import UserError
from maild.store.disk import PRIVATE, flush_folder, locked
from maild.store.holdings import blob_path, digest_of, large_blobs, looking, snapshot

DATABASE: Final = "maild.db"
MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
# What `maild.team_files` writes into teams.d; whatever else lies there is not ours.
OF_TEAMS: Final = re.compile(rf"{re.escape(OWN)}/[^/.][^/]*\.(toml|toml\.before|logo\.png)")
MOST_MANIFEST: Final = 512 * 1024 * 1024  # four million blobs are 450 MB of it

Progress = Callable[[int, int], None]  # files done, files in all


@dataclass(frozen=True, slots=True)
class Written:
    """A backup that is complete. `lost` are blobs that were missing or damaged in the store."""

    file: Path
    size: int
    files: int
    lost: tuple[str, ...]


def write(
    data_dir: Path, file: Path, *, version: str, taken_at: datetime, progress: Progress
) -> Written:
    """Write the store of a data folder into a new file, whole or not at all.

    Raises UserError when that file is there already or the store cannot be read.
    """
    if file.exists():
        raise UserError(f"{file} is there already", hint="name a new file; none is overwritten")
    if not file.parent.is_dir():
        raise UserError(f"there is no folder {file.parent}", hint="make it, or name another one")
    if not (data_dir / DATABASE).is_file():
        raise UserError(f"there is no database in {data_dir}", hint="`maild run` makes one")
    try:
        # In the same folder, so that the last step is a rename.
        with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as work:
            copy, part = Path(work) / DATABASE, Path(work) / "part"
            snapshot(data_dir / DATABASE, copy)
            head = {"format": FORMAT, "maild": version, "taken_at": taken_at.isoformat()}
            written = _pack(data_dir, part, copy=copy, head=head, progress=progress)
            part.rename(file)
            flush_folder(file.parent)
    except OSError as fault:
        raise UserError(f"no backup was made: {fault}") from fault
    return Written(file, file.stat().st_size, *written)


def _pack(
    data_dir: Path, part: Path, *, copy: Path, head: dict[str, Any], progress: Progress
) -> tuple[int, tuple[str, ...]]:
    """Write the tar file; how many files are in it, and the blobs that are not."""
    with looking(copy) as connection:
        keys = large_blobs(connection)
    paths = [blob_path(key) for key in keys]
    _keep_young(data_dir, paths)
    sums: dict[str, str] = {}
    lost: list[str] = []
    descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
    with os.fdopen(descriptor, "wb") as out:
        # GNU's form: names of ours fit everywhere, and a database may be larger than 8 GB.
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
            sums[DATABASE] = _add(tar, copy, name=DATABASE)
            for done, (key, path) in enumerate(zip(keys, paths, strict=True), start=1):
                # Looked at before: what is in a tar file cannot be taken out again.
                if digest_of(data_dir / path) == key:
                    sums[path.as_posix()] = _add(tar, data_dir / path, name=path.as_posix())
                else:
                    lost.append(key)
                progress(done, len(keys))
            sums |= _add_teams(tar, data_dir)
            content = json.dumps(head | {"files": sums, "lost": lost}, indent=0).encode()
            if len(content) > MOST_MANIFEST:
                raise UserError("no backup was made: the store holds more than 4 million files")
            tar.addfile(_entry(MANIFEST, len(content)), io.BytesIO(content))
        out.flush()
        os.fsync(out.fileno())
    return len(sums), tuple(lost)


def _add_teams(tar: tarfile.TarFile, data_dir: Path) -> dict[str, str]:
    """Put in the files of teams as they are at one moment; the sha256 of each by its name."""
    folder = data_dir / OWN
    if not folder.is_dir():
        return {}
    with locked(folder, fcntl.LOCK_SH):
        found = {f"{OWN}/{one.name}": one for one in sorted(folder.iterdir()) if one.is_file()}
        return {
            name: _add(tar, path, name=name)
            for name, path in found.items()
            if OF_TEAMS.fullmatch(name)
        }


def _keep_young(data_dir: Path, paths: Iterable[Path]) -> None:
    """Make blobs young, so that none is taken for an orphan before it is copied.

    A row may be forgotten right after the snapshot; the daemon then removes bytes that nothing
    names, but none that is younger than a day (`BlobStore.clear_orphans`).
    """
    for path in paths:
        target = data_dir / path
        if target.is_file():
            with locked(target.parent, fcntl.LOCK_SH):
                if target.is_file():
                    os.utime(target)


def _add(tar: tarfile.TarFile, path: Path, *, name: str) -> str:
    with path.open("rb") as file:
        hashing = _Hashing(file)
        tar.members.clear()  # type: ignore[attr-defined]  # it would keep a record of each
        tar.addfile(_entry(name, os.fstat(file.fileno()).st_size), hashing)
    return hashing.digest.hexdigest()


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, PRIVATE
    return entry


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.digest.update(piece)
        return piece


def free_enough(folder: Path, size: int) -> bool:
    """Whether a folder's disk has room for so many bytes."""
    return shutil.disk_usage(folder).free > size
