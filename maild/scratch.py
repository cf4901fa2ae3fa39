"""The empty folder in which child processes run, and those that a killed daemon left behind.

Each folder is locked for as long as its process lives, so that whoever starts next can tell a folder
that nobody uses from another daemon's, also in another container with the same /tmp.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Final

_PREFIX: Final = "maild-empty-"
# Between its making and its locking a folder looks left behind; no start takes so long.
_SETTLED_AFTER: Final = 60.0


class EmptyFolder:
    """The only folder that a child can call its own: empty, and not to be written to."""

    def __init__(self) -> None:
        """Make and lock it, after the ones that were left behind are gone."""
        clear_left_behind()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self.path.chmod(0o500)

    def remove(self) -> None:
        """Remove it and its lock."""
        with contextlib.suppress(OSError):
            self.path.rmdir()
        os.close(self._lock)


def clear_left_behind() -> None:
    """Remove the empty folders of our user that no process holds any more."""
    for one in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        # Somebody else may be at it too; what cannot be removed now is the next start's.
        with contextlib.suppress(OSError):
            _clear(one)


def _clear(folder: Path) -> None:
    found = folder.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not ours or time.time() - found.st_ctime < _SETTLED_AFTER:
        return
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder.rmdir()  # which only an empty one allows
    finally:
        os.close(held)
