"""The drop-folder door: files that programs or people put into a folder are handed in.

It looks once a second and takes a file only when it did not change between two looks, so a file
that is still being written is left alone. It relies on no notification of the system, since network
folders have none. What is taken lies in `done/` afterwards, what is refused in `refused/` with its
reason beside it. When the process dies between storing and moving, the file is handed in again and
recognised.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from maild.errors import ConfigError, DocumentError
from maild.intake.desk import Desk, Submission
from maild.log import incoming
from maild.model.ids import new_id
from maild.reading.names import split_name
from maild.reading.wrap import wrap

DONE: Final = "done"
REFUSED: Final = "refused"
LOOK_EVERY: Final = 1.0  # seconds
_UNFINISHED: Final = (".part", ".tmp", ".partial", ".crdownload", "~")
MAX_SIZE: Final = 35_000_000

# A file that cannot be handed in through a fault of ours is tried again, less and less often.
_REST: Final = (5, 15, 60, 300)  # looks


@dataclass(frozen=True, slots=True)
class FolderOptions:
    """A folder and the team whose documents lie in it."""

    name: str
    path: Path
    team: str
    tag: str | None = None


@dataclass(slots=True)
class FolderDoor:
    """Watches one folder. `look` is one look; `run` looks until it is told to stop."""

    desk: Desk
    options: FolderOptions
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    _resting: dict[str, int] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)

    def prepare(self) -> None:
        """Make the folder and its two siblings inside. Raises ConfigError when that fails."""
        try:
            for folder in (DONE, REFUSED):
                (self.options.path / folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"folder.{self.options.name}.path: {self.options.path} cannot be used ({error})"
            ) from error

    async def run(self, stop: asyncio.Event) -> None:
        """Look every second until `stop` is set; a file in hand is finished first."""
        self.prepare()
        while not stop.is_set():
            await self.look()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await stop.wait()

    async def look(self) -> int:
        """Look once and hand in what did not change since the last look; how many groups."""
        groups = _groups(await asyncio.to_thread(self._steady))
        for group in groups:
            await self._hand_in(group)
        return len(groups)

    def _steady(self) -> list[Path]:
        """Files that are as they were at the last look; those of one base name only together."""
        now: dict[str, tuple[int, int]] = {}
        with os.scandir(self.options.path) as entries:
            for entry in entries:
                if not _is_wanted(entry):
                    continue
                with contextlib.suppress(FileNotFoundError):
                    stat = entry.stat(follow_symlinks=False)
                    now[entry.name] = (stat.st_size, stat.st_mtime_ns)
        moving = {_stem(name) for name, state in now.items() if self._seen.get(name) != state}
        self._seen = now
        self._resting = {
            name: left - 1 for name, left in self._resting.items() if left > 1 and name in now
        }
        return [
            self.options.path / name
            for name in sorted(now)
            if _stem(name) not in moving and name not in self._resting
        ]

    async def _hand_in(self, group: list[Path]) -> None:
        try:
            files = await asyncio.to_thread(_read, group)
            await self.desk.accept(
                Submission(
                    team=self.options.team,
                    door="folder",
                    raw=wrap(files),
                    received_at=self.desk.now(),
                    tag=self.options.tag,
                    peer=self.options.name,
                )
            )
            where, text = DONE, ""
        except DocumentError as fault:
            where = REFUSED
            text = "\n".join(str(one) for one in fault.problems) or str(fault)
        except Exception as error:  # noqa: BLE001 - one of the three places: the door
            incoming.door_failed(door="folder", incident=new_id("i"), error=error)
            self._rest(group)
            return
        await asyncio.to_thread(_move, group, self.options.path / where, text)

    def _rest(self, group: Iterable[Path]) -> None:
        for path in group:
            count = self._failures.get(path.name, 0)
            self._failures[path.name] = count + 1
            self._resting[path.name] = _REST[min(count, len(_REST) - 1)]


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    return (
        entry.is_file(follow_symlinks=False)
        and not name.startswith(".")
        and not name.endswith(_UNFINISHED)
    )


def _stem(name: str) -> str:
    return split_name(name)[0].casefold()


def _groups(files: Iterable[Path]) -> list[list[Path]]:
    """Files of one base name together: an invoice as XML and as PDF."""
    found: dict[str, list[Path]] = {}
    for path in files:
        found.setdefault(_stem(path.name), []).append(path)
    return list(found.values())


def _read(group: Iterable[Path]) -> list[tuple[str, bytes]]:
    files = []
    left = MAX_SIZE
    for path in group:
        size = path.stat().st_size
        left -= size
        if left < 0:
            raise DocumentError(
                f"{path.name} has {size:,} bytes; at most {MAX_SIZE:,} are taken at once"
            )
        files.append((path.name, path.read_bytes()))
    return files


def _move(group: Iterable[Path], folder: Path, text: str) -> None:
    """Move files away, never over another one; the reason is written before the first leaves."""
    for path in group:
        target = _free(folder / path.name)
        if text:
            target.with_name(f"{target.name}.txt").write_text(f"{text}\n", encoding="utf-8")
        path.rename(target)


def _free(target: Path) -> Path:
    stem, extension = split_name(target.name)
    n = 1
    free = target
    while free.exists():
        n += 1
        free = target.with_name(f"{stem}-{n}{extension}")
    return free
