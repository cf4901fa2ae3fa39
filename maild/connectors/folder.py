"""A folder that documents are laid in, a folder of its own for each: the relay to copy.

Whoever reads there (a sync client, an accounting program, a person) sees a document whole or not at
all: its files are written beside and take their place by one rename. Nothing is ever changed or
removed there. A document that lies there already is the proof that it was handed over, so nothing
is laid twice, however often a try was cut short.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from maild.connectors.relay import consigned
from maild.errors import Deferred, Unavailable
from maild.model.delivery import Consignment, Content, Parcel

_PIECE: Final = 1 << 20
_LONGEST_NUMBER: Final = 60
_OUT: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE}
)


class FolderConnector:
    """The folder of one [connector.folder.NAME]; a recipient's address is a folder below it."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self._path = path

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        """Lay the document there; the answer names its folder.

        Raises Unavailable when the folder cannot be written, ProfileMismatch for a mail.
        """
        goods = consigned(parcel, connector=self.name)
        place = self._path / parcel.address / _name(goods)
        try:
            if await asyncio.to_thread(place.is_dir):
                return f"{place} is there already"
            beside = place.parent / f".{place.name}.{parcel.delivery}.part"
            await asyncio.to_thread(_write, beside, goods, self._path)
            await point_of_no_return()
            await asyncio.to_thread(_rename, beside, place)
        except OSError as fault:
            raise _fault(fault, place) from fault
        return str(place)

    async def check(self) -> None:
        """Whether the folder is there and can be written. Raises Unavailable."""
        try:
            await asyncio.to_thread(_try_to_write, self._path)
        except OSError as fault:
            raise Unavailable(f"{self._path} cannot be written: {fault.strerror}") from fault

    async def close(self) -> None:
        """Nothing is kept open."""


def _name(goods: Consignment) -> str:
    """Day, kind, number, so that names sort, and our reference, so that there is one of each."""
    document = goods.document
    day = document.issued_on or document.accepted_at.date()
    number = re.sub(r"[^A-Za-z0-9._]+", "-", document.number or "")[:_LONGEST_NUMBER].strip("-._")
    return "_".join(
        part for part in (day.isoformat(), document.kind.value, number, goods.reference) if part
    )


def _write(beside: Path, goods: Consignment, root: Path) -> None:
    """Every file on the disk, in a folder that nobody looks at. Raises OSError."""
    if not root.is_dir():  # a share that is not mounted must not be made anew on the disk below it
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(root))
    if beside.exists():
        shutil.rmtree(beside)
    beside.mkdir(parents=True)
    for file in goods.files:
        _write_file(beside / file.name, file.content)
    for folder in (beside, *beside.relative_to(root).parents):
        _flush(root / folder)


def _write_file(path: Path, content: Content) -> None:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            for start in range(0, len(content), _PIECE):
                file.write(content.read(_PIECE, start=start))
        file.flush()
        os.fsync(file.fileno())


def _rename(beside: Path, place: Path) -> None:
    try:
        beside.rename(place)
    except OSError as fault:
        # Another delivery of the same document was quicker.
        if fault.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise
        shutil.rmtree(beside)
    _flush(place.parent)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _try_to_write(root: Path) -> None:
    beside = root / f".maild-{os.getpid()}.part"
    beside.mkdir()
    beside.rmdir()


def _fault(fault: OSError, place: Path) -> Deferred:
    said = f"{place} cannot be written: {fault.strerror or fault}"
    gone = fault.errno in _OUT or fault.errno == errno.ENOENT
    return Unavailable(said) if gone else Deferred(said)
