"""Folders that are still there after a power cut, and locks on them. Nothing here knows what for."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600  # what is stored is other people's invoices


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each entry durable; nobody else may look into them."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    flush_folder(folder.parent)


def make_file(path: Path) -> None:
    """Make an empty file if there is none, its name durable; nobody else may read it."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, PRIVATE))
        flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Write the names in a folder to the disk: fsync of a file leaves its name behind."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path, how: int) -> Iterator[int]:
    """Hold a lock on a folder (LOCK_SH to write into it, LOCK_EX to remove from it), opened."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, how)
        yield descriptor
    finally:
        os.close(descriptor)
