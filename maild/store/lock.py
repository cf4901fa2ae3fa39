"""The state lock: one daemon for one data folder. The CLI writes without it.

The kernel keeps the lock and drops it when the daemon dies, however it dies; the number in the file
is for people.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from maild.errors import UserError
from maild.store.disk import PRIVATE, make_folder

_NAME: Final = "maild.lock"

# SQLite's WAL needs memory that two machines cannot share (sqlite.org/wal.html section 1), and locks
# on these file systems are a matter of luck.
_NETWORK: Final = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "fuse.sshfs",
        "glusterfs",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb3",
        "smbfs",
    }
)


class StateLock:
    """The lock of one data folder, held from `acquire` to `release`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock. Raises UserError when another daemon has it or the disk is a network's."""
        make_folder(self._data_dir)
        kind = file_system(self._data_dir, mounts=_mounts())
        if kind in _NETWORK:
            raise UserError(
                f"data_dir {self._data_dir} lies on a network file system ({kind})",
                hint="name a folder on a local disk: SQLite loses data on network file systems",
            )
        path = self._data_dir / _NAME
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            os.close(descriptor)
            raise UserError(
                f"another maild runs on {self._data_dir} (process {_written(path) or 'unknown'})",
                hint="stop it first, or name another data_dir",
            ) from fault
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back. Safe to call twice."""
        if self._descriptor is not None:
            # The file stays: removing it would let a third process lock a name nobody sees.
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def holder(data_dir: Path) -> int | None:
    """The process id of the daemon that runs on this folder; None when none does."""
    path = data_dir / _NAME
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        # Shared, so that two who look at the same time do not see each other.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _written(path)
    finally:
        os.close(descriptor)
    return None


def file_system(folder: Path, *, mounts: str) -> str:
    """The type of the file system that a folder lies on; `mounts` is as in /proc/mounts.

    Empty when it is not known.
    """
    wanted = folder.resolve()
    best, kind = -1, ""
    for line in mounts.splitlines():
        _, mounted, found, *_ = line.split(" ")
        # Spaces are written as octal escapes (fstab(5)); a later line covers an earlier one.
        point = Path(mounted.replace("\\040", " "))
        if wanted.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), found
    return kind


def _written(path: Path) -> int | None:
    text = path.read_text(encoding="ascii").strip()
    return int(text) if text.isdigit() else None


def _mounts() -> str:
    try:
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
