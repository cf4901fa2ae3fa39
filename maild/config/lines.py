"""On which line of a TOML file each key stands, down to elements of arrays and inline tables.

`tomllib` gives values without their places. This reads a text that `tomllib` has accepted, so it
need not find mistakes; it only has to skip what cannot hold a key.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from typing import Final

Path = tuple[str | int, ...]

_SPACE: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_INLINE_SPACE: Final = re.compile(r"[ \t]*")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\]|\\.)*"'
    r"|'[^']*'",
    re.DOTALL,
)
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
# Numbers, dates (which may hold one space), true and false: everything up to what ends a value.
_SCALAR: Final = re.compile(r"[^,\]}\n#]+")


def key_lines(text: str) -> dict[Path, int]:
    """The line, counted from 1, of every key of a valid TOML text.

    ("team", "acme", "rules", 1, "to", 0) is the first element of `to` in the second [[team.acme.rules]].
    """
    return _Reader(text.replace("\r\n", "\n")).read()


class _Reader:
    """One pass over the text; `at` is where it stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}  # arrays of tables, with the index of their last element
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def read(self) -> dict[Path, int]:
        table: Path = ()
        self._skip(_SPACE)
        while self.at < len(self.text):
            if self.text.startswith("[", self.at):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_SPACE)
        return self.found

    def _header(self) -> Path:
        line = self._line()
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path: Path = ()
        *parents, last = self._key()
        for part in parents:
            path = self._into((*path, part), line)
        path = (*path, last)
        if many:
            self.found.setdefault(path, line)
            self._arrays[path] = self._arrays.get(path, -1) + 1
        path = self._into(path, line)
        self.at = self.text.index("]", self.at) + (2 if many else 1)
        return path

    def _into(self, path: Path, line: int) -> Path:
        """The table at `path`: of an array of tables, its last element."""
        self.found.setdefault(path, line)
        if path in self._arrays:
            path = (*path, self._arrays[path])
            self.found.setdefault(path, line)
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self.found.setdefault(path, line)
        self.at += 1  # the equals sign
        self._value(path)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_INLINE_SPACE)
            if string := _STRING.match(self.text, self.at):
                parts.append(tomllib.loads(f"key = {string[0]}")["key"])
                self.at = string.end()
            elif bare := _BARE_KEY.match(self.text, self.at):
                parts.append(bare[0])
                self.at = bare.end()
            self._skip(_INLINE_SPACE)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _value(self, path: Path) -> None:
        self._skip(_INLINE_SPACE)
        if self.text.startswith("[", self.at):
            self._array(path)
        elif self.text.startswith("{", self.at):
            self._inline_table(path)
        elif string := _STRING.match(self.text, self.at):
            self.at = string.end()
        elif scalar := _SCALAR.match(self.text, self.at):
            self.at = scalar.end()

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while not self._closes("]"):
            self.found[*path, index] = self._line()
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        while not self._closes("}"):
            self._pair(path)
        self.at += 1

    def _closes(self, bracket: str) -> bool:
        self._skip(_SPACE)
        if self.text.startswith(",", self.at):
            self.at += 1
            self._skip(_SPACE)
        return self.text.startswith(bracket, self.at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def _line(self) -> int:
        return bisect.bisect_left(self._ends, self.at) + 1
