"""A large thing on its way in: written to a nameless file while it comes, hashed on the way.

The file lies in the blob store's folder `parts` until `BlobStore.stage` gives it its name. Its lock
tells a sweep that the writer lives; the kernel drops the lock when the writer dies. Nothing here
knows what the bytes mean, or runs in a loop: writing blocks, so it belongs in a thread.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from maild.store.disk import PRIVATE

READ_AT_ONCE: Final = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Spooled:
    """Bytes in a file of the store, complete.

    Whoever made it closes it; until then it can be read, and staged. A `nameless` one is not
    durable before it is staged, and gone when it is closed without. `path` is where it lies before
    it is staged. `len()` tells its size, as for bytes.
    """

    path: Path
    sha256: str
    size: int
    descriptor: int
    nameless: bool = True

    def __len__(self) -> int:
        return self.size

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        """Its bytes from `start` on, all or at most `size`. Raises OSError."""
        wanted = self.size - start if size is None else min(size, self.size - start)
        pieces = []
        while wanted > 0:
            piece = os.pread(self.descriptor, wanted, start)
            if not piece:
                raise OSError(f"{self.path} has become shorter while it was read")
            pieces.append(piece)
            start, wanted = start + len(piece), wanted - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> None:
        """Forget it; a nameless file that was not staged is gone. Once only."""
        if self.nameless:
            _drop(self.path, self.descriptor)
        else:
            os.close(self.descriptor)


@dataclass(frozen=True, slots=True)
class Filed:
    """A large blob under its name in the store, opened for each piece: nothing is left to close."""

    path: Path
    size: int

    def __len__(self) -> int:
        return self.size

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        """Its bytes from `start` on, all or at most `size`. Raises OSError."""
        with contextlib.closing(opened(self.path)) as spooled:
            # By the size it had: one that has become shorter is no end of the message.
            return replace(spooled, size=self.size).read(size, start=start)


Original = bytes | Spooled  # what came in, byte for byte: in memory when it is small


def bytes_of(original: Original) -> bytes:
    """All of it. Reads the disk when it is large: bounded by what the doors take, and slow."""
    return original if isinstance(original, bytes) else original.read()


def beginning_of(original: Original, size: int) -> bytes:
    """Its first bytes, at most so many."""
    return original[:size] if isinstance(original, bytes) else original.read(size)


def sha256_of(original: Original) -> str:
    """Its name in the blob store."""
    return hashlib.sha256(original).hexdigest() if isinstance(original, bytes) else original.sha256


def opened(path: Path) -> Spooled:
    """A file that has its sha256 for a name. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    return Spooled(path, path.name, os.fstat(descriptor).st_size, descriptor, nameless=False)


class Spool:
    """One such file while it is written. Ended by `finish` or by `discard`, in any thread."""

    def __init__(self, folder: Path) -> None:
        """`folder` is there already. Raises OSError."""
        self._path = folder / secrets.token_hex(8)
        self._descriptor = open_locked(self._path)
        self._digest = hashlib.sha256()
        self._size = 0
        # A client that leaves discards its file while a thread may still write to it.
        self._lock = threading.Lock()
        self._open = True

    def write(self, piece: bytes | bytearray) -> None:
        """Append. Raises OSError; does nothing after the end."""
        with self._lock:
            if self._open:
                self._digest.update(piece)
                write_all(self._descriptor, piece)
                self._size += len(piece)

    def finish(self) -> Spooled:
        """Complete: from now on it is the caller's to close."""
        with self._lock:
            self._open = False
            return Spooled(self._path, self._digest.hexdigest(), self._size, self._descriptor)

    def discard(self) -> None:
        """Drop what is there, unless it was finished. Safe to call twice."""
        with self._lock:
            if self._open:
                self._open = False
                _drop(self._path, self._descriptor)


def open_locked(part: Path) -> int:
    """Make a file that only we may read, with the lock that keeps a sweep away; its descriptor."""
    while True:
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC
        descriptor = os.open(part, flags, PRIVATE)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # a sweep came between the two calls and removed it


def write_all(descriptor: int, content: bytes | bytearray) -> None:
    """Write all of it, in as many calls as the system wants."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def remove_if_dead(part: Path) -> bool:
    """Remove a file whose writer has died."""
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(descriptor)
    return True


def _drop(path: Path, descriptor: int) -> None:
    # Its name is its own, never used again: after a rename there is nothing to remove here.
    path.unlink(missing_ok=True)
    os.close(descriptor)
