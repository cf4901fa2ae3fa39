"""A Maildir on this machine as a mailbox: the same socket as IMAP, over a folder of files.

Source: Maildir as qmail defined it (`new`, `cur`, flags behind ":2,") and Maildir++ for folders
(".Name" beside them). Other programs deliver, read and move at the same time; what has gone is
not missed. There is no notification: it is looked at each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final

from maild.errors import FolderMissing, MailboxClosed, NotDone
from maild.model.mailbox import Action, Head, Look, Order, Place

VALIDITY: Final = "maildir"  # a name is never used twice, so nothing else is needed
MAX_HEAD: Final = 65_536
PIECE: Final = 1_048_576
_SEEN, _FLAGGED, _TRASHED = "S", "F", "T"


@dataclass(frozen=True, slots=True)
class MaildirOptions:
    """Where a Maildir is. `since` leaves older mail alone."""

    name: str
    path: Path
    since: date | None = None


class MaildirMailbox:
    """The `Mailbox` port over a Maildir. A uid is the part of a file's name that never changes."""

    def __init__(self, options: MaildirOptions) -> None:
        self.name = options.name
        self._options = options
        self._bell = asyncio.Event()

    async def connect(self) -> None:
        """See that the folder is there."""
        path = self._options.path
        if not await asyncio.to_thread((path / "new").is_dir):
            raise MailboxClosed(f"{path} is no Maildir: it has no folder named new")

    async def look(self, folder: str) -> Look:
        """List what lies in a folder now."""
        return await asyncio.to_thread(self._look, folder)

    async def heads(self, folder: str, uids: Sequence[str]) -> tuple[Head, ...]:
        """What is known of these messages; those that have gone are missing."""
        return await asyncio.to_thread(self._heads, folder, uids)

    async def fetch(self, heads: Sequence[Head]) -> dict[str, bytes]:
        """The bytes of small messages by their uid, less those that have gone."""
        return await asyncio.to_thread(self._fetch, heads)

    async def copy(self, head: Head, write: Callable[[bytes], None], *, most: int) -> int:
        """Write a large message piece by piece; how many bytes."""
        return await asyncio.to_thread(partial(self._copy, head, write, most=most))

    async def carry_out(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        """Do the same thing to messages of one folder; all of them are done with then."""
        return await asyncio.to_thread(self._carry_out, orders)

    async def wait(self, seconds: float) -> None:
        """Return after so long, or when woken."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        self._bell.clear()

    def wake(self) -> None:
        """Make a `wait` return at once."""
        self._bell.set()

    async def close(self) -> None:
        """Nothing is held open."""

    def _look(self, folder: str) -> Look:
        found = sorted(
            self._files(folder).items(), key=lambda one: (one[1].stat().st_mtime, one[0])
        )
        return Look(VALIDITY, tuple(uid for uid, path in found if self._wanted(path)))

    def _heads(self, folder: str, uids: Sequence[str]) -> tuple[Head, ...]:
        files, heads = self._files(folder), []
        for uid in uids:
            with contextlib.suppress(KeyError, FileNotFoundError):
                heads.append(_head(Place(folder, VALIDITY, uid), files[uid]))
        return tuple(heads)

    def _fetch(self, heads: Sequence[Head]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        files = self._files(heads[0].place.folder) if heads else {}
        for head in heads:
            with contextlib.suppress(KeyError, FileNotFoundError):
                found[head.place.uid] = files[head.place.uid].read_bytes()
        return found

    def _copy(self, head: Head, write: Callable[[bytes], None], *, most: int) -> int:
        size = 0
        try:
            file = self._files(head.place.folder)[head.place.uid].open("rb")
        except (KeyError, FileNotFoundError):
            return size
        with file:
            while size <= most and (piece := file.read(PIECE)):
                write(piece)
                size += len(piece)
        return size

    def _carry_out(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        files = self._files(orders[0].place.folder)
        try:
            for one in orders:
                if one.place.uid in files:
                    with contextlib.suppress(FileNotFoundError):  # somebody else was faster
                        self._do(one, files[one.place.uid])
        except OSError as fault:
            raise NotDone(f"{self._options.path}: {fault.strerror}") from fault
        return tuple(orders)

    def _do(self, order: Order, path: Path) -> None:
        match order.action:
            case Action.MOVE:
                target = self._made(order.target) / "cur"
                path.rename(target / _flagged(path.name, ""))
            case Action.SEEN:
                path.rename(path.parent.parent / "cur" / _flagged(path.name, _SEEN))
            case Action.FLAG:
                path.rename(path.parent.parent / "cur" / _flagged(path.name, _FLAGGED))
            case Action.DELETE:
                path.unlink()
            case Action.KEYWORD:
                raise NotDone("a Maildir knows no keywords")
            case Action.KEEP:
                pass

    def _folder(self, name: str) -> Path:
        if name.upper() == "INBOX":
            return self._options.path
        return self._options.path / f".{name.replace('/', '.')}"

    def _made(self, name: str) -> Path:
        folder = self._folder(name)
        for one in ("tmp", "new", "cur"):
            (folder / one).mkdir(parents=True, exist_ok=True)
        return folder

    def _files(self, folder: str) -> dict[str, Path]:
        """Every message of a folder by its unique name. Raises FolderMissing."""
        found: dict[str, Path] = {}
        for one in ("new", "cur"):
            try:
                with os.scandir(self._folder(folder) / one) as entries:
                    found |= {
                        entry.name.partition(":")[0]: Path(entry.path)
                        for entry in entries
                        if entry.is_file(follow_symlinks=False)
                        and not entry.name.startswith(".")
                        and _TRASHED not in entry.name.partition(":2,")[2]
                    }
            except OSError as fault:
                raise FolderMissing(
                    f'the folder "{folder}" cannot be opened: {fault.strerror}'
                ) from fault
        return found

    def _wanted(self, path: Path) -> bool:
        since = self._options.since
        with contextlib.suppress(FileNotFoundError):
            return since is None or _moment(path).date() >= since
        return False


def _moment(path: Path) -> datetime:
    """When it was delivered: the name begins with it; else the file's own time."""
    match = re.match(r"([0-9]{9,10})\.", path.name)
    seconds = float(match[1]) if match else path.stat().st_mtime
    return datetime.fromtimestamp(seconds, UTC)


def _head(place: Place, path: Path) -> Head:
    with path.open("rb") as file:
        beginning = file.read(MAX_HEAD)
    ends = [at for at in (beginning.find(b"\n\n"), beginning.find(b"\r\n\r\n")) if at >= 0]
    return Head(
        place=place,
        size=path.stat().st_size,
        arrived_at=_moment(path),
        headers=beginning[: min(ends, default=len(beginning))],
    )


def _flagged(name: str, flag: str) -> str:
    """The name with one more flag; they stand in the order of the alphabet."""
    unique, _, flags = name.partition(":2,")
    return f"{unique}:2,{''.join(sorted({*flags, *flag}))}"
