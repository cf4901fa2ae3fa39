"""The files that a team's own people change on the pages: found, checked as they would be, written whole.

The file stays the one truth. What may be asked for and by whom is decided in `maild.partners`; a change
that `maild check` would refuse is never written, and what was there before lies beside it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from maild import teams
from maild.config.edit import Value, changed
from maild.config.files import TomlFile, shown_path
from maild.config.loaded import OWN, read
from maild.errors import KeyProblem, UserError
from maild.model.said import Said, placed
from maild.store.disk import flush_folder, locked
from maild.teams import Checked

BEFORE: Final = ".before"  # what a file was called before its last change: "acme.toml.before"
PICTURE: Final = ".logo.png"
_MARK: Final = 16
_PICTURES_KEPT: Final = 2  # the one that is named, and the one before
_LARGEST_PICTURE: Final = 2 << 20
_OVERTAKEN: Final = Said(
    "overtaken",
    "Somebody changed this meanwhile; nothing of yours was written. Look at it as it is now, and"
    " change it again.",
)


@dataclass(frozen=True, slots=True)
class TeamFile:
    """A team as it is written. `mark` changes with the file; `why_not` says why it is not changed here."""

    slug: str
    path: Path
    values: Mapping[str, Any]
    mark: str
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Beside:
    """A picture that goes beside a team's file and is named in it. Its name changes with its content."""

    slug: str
    content: bytes

    @property
    def name(self) -> str:
        """What it is called in the folder, and in the team's file."""
        return f"{self.slug}.{hashlib.sha256(self.content).hexdigest()[:_MARK]}{PICTURE}"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a change: the problems that kept it from being written, or the new state."""

    problems: tuple[KeyProblem, ...]
    checked: Checked | None


class Overtaken(UserError):
    """The file was changed since it was shown."""


@dataclass(frozen=True, slots=True)
class TeamFiles:
    """The files of teams below a configuration."""

    config: Path
    data_dir: Path

    @property
    def folder(self) -> Path:
        """Where the files of teams lie that are changed on the pages."""
        return self.data_dir / OWN

    async def find(self, slug: str) -> TeamFile:
        """A team as its file has it now."""
        return await asyncio.to_thread(self._find, slug)

    async def write(
        self,
        slug: str,
        values: Mapping[tuple[str | int, ...], Value],
        *,
        seen: str,
        beside: Beside | None = None,
    ) -> Written:
        """Write these values, below the team's table, where nothing is wrong with them.

        `seen` is the mark of what was changed; `beside` is a picture that they name. Raises UserError
        where the file cannot be written, Overtaken where it was changed meanwhile.
        """
        return await asyncio.to_thread(self._write, slug, values, seen=seen, beside=beside)

    async def picture(self, slug: str, path: str | None) -> bytes | None:
        """The picture of a team that lies beside its file; None for one that somebody put elsewhere."""
        return await asyncio.to_thread(self._picture, slug, path)

    def _find(self, slug: str) -> TeamFile:
        loaded = read(self.config)
        files = [one for one in loaded.tree.files if _has(one, slug)]
        values = loaded.teams.get(slug, {})
        path = files[0].path if files else self.folder / f"{slug}.toml"
        return TeamFile(
            slug,
            path,
            values if isinstance(values, dict) else {},
            _mark(files[0].text) if files else "",
            why_not=self._why_not(slug, files),
        )

    def _why_not(self, slug: str, files: list[TomlFile]) -> str:
        wanted = shown_path(self.folder / f"{slug}.toml")
        places = ", ".join(f"{one.shown}:{one.line(f'team.{slug}')}" for one in files)
        if len(files) != 1:
            english = f"it is written in more than one file ({places}); write it in {wanted} only"
            return Said("in_many_files", english, places=places, wanted=wanted)
        if files[0].path != self.folder / f"{slug}.toml":
            english = f"it is written in {places}; move its tables to {wanted}"
            return Said("written_elsewhere", english, places=places, wanted=wanted)
        if not os.access(files[0].path, os.W_OK) or not os.access(self.folder, os.W_OK):
            return Said("not_writable", f"maild may not write {wanted}", wanted=wanted)
        return ""

    def _picture(self, slug: str, path: str | None) -> bytes | None:
        file = Path(path or "")
        mine = file.name.startswith(f"{slug}.") and file.name.endswith(PICTURE)
        if not mine or file.parent != self.folder or not file.is_file():
            return None
        with file.open("rb") as opened:
            return opened.read(_LARGEST_PICTURE)

    def _write(
        self,
        slug: str,
        values: Mapping[tuple[str | int, ...], Value],
        *,
        seen: str,
        beside: Beside | None,
    ) -> Written:
        found = self._find(slug)
        if found.why_not:
            raise UserError(placed(slug, found.why_not))
        with locked(self.folder, fcntl.LOCK_EX):
            old = found.path.read_bytes()
            mark, text = _mark_of(old), old.decode("utf-8-sig")
            if mark != seen:
                raise Overtaken(_OVERTAKEN)
            new = changed(text, {("team", slug, *place): one for place, one in values.items()})
            # A file that names a picture is good only where that is.
            fresh = _put_beside(found.path, beside) if beside else None
            checked = teams.check(self.config, instead={found.path: new})
            problems = tuple(one for one in checked.problems if _stops(one, slug))
            if problems or (slug not in {one.slug for one in checked.teams}):
                if fresh:
                    fresh.unlink()
                return Written(problems, None)
            if new != text:
                bom = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
                _replace(found.path, old=old, new=bom + new.encode())
            if beside:
                _drop_older(found.path.parent, slug)
            return Written((), checked)


def _has(file: TomlFile, slug: str) -> bool:
    team = file.tables.get("team")
    return isinstance(team, dict) and slug in team


def _stops(problem: KeyProblem, slug: str) -> bool:
    mine = problem.key == f"team.{slug}" or problem.key.startswith(f"team.{slug}.")
    return mine and problem.level == "error"


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK]


def _mark_of(content: bytes) -> str:
    return _mark(content.decode("utf-8-sig"))


def _replace(path: Path, *, old: bytes, new: bytes) -> None:
    """Put a new file in the place of the old, which lies beside it from then on."""
    mode = path.stat().st_mode & 0o777
    try:
        _put(path.with_name(path.name + BEFORE), old, mode=mode)
        _put(path, new, mode=mode)
        flush_folder(path.parent)
    except OSError as fault:
        raise _not_written(path, fault) from fault


def _not_written(path: Path, fault: OSError) -> UserError:
    file, why = shown_path(path), fault.strerror or str(fault)
    return UserError(Said("not_written", f"{file} cannot be written: {why}", file=file, why=why))


def _put_beside(file: Path, picture: Beside) -> Path | None:
    """Put a picture beside a team's file; where it is, unless the same lay there already."""
    path = file.with_name(picture.name)
    known = path.exists()
    try:
        _put(path, picture.content, mode=file.stat().st_mode & 0o777)
        flush_folder(file.parent)
    except OSError as fault:
        raise _not_written(path, fault) from fault
    return None if known else path


def _drop_older(folder: Path, slug: str) -> None:
    """Keep the newest pictures of a team, and no more than a few."""
    found = folder.glob(f"{slug}.*{PICTURE}")
    newest_first = sorted(found, key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for one in newest_first[_PICTURES_KEPT:]:
        one.unlink(missing_ok=True)


def _put(path: Path, content: bytes, *, mode: int) -> None:
    made = path.with_name(f".{path.name}.new")
    descriptor = os.open(made, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    made.rename(path)
