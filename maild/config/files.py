"""The files of a configuration as one tree of tables that knows its places, and as a source of settings.

Text to tables, includes, relative paths; what keys mean is the business of `settings`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from maild.config import lines
from maild.config.paths import Tables, with_paths
from maild.errors import KeyProblem

Instead = Mapping[Path, str]
NOTHING: Final[Instead] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TomlFile:
    """One file: its tables and its text. `shown` is its name as a person is told."""

    shown: str
    text: str
    tables: Tables
    path: Path

    def line(self, key: str) -> int | None:
        """The line on which this file has a key, or None."""
        return _lines(self.text).get(split(key))


@dataclass(slots=True)
class Tree:
    """Everything that was read, merged, with what was wrong on the way.

    `places` tells where a problem stands that its key cannot tell, such as a mistake of syntax.
    """

    files: list[TomlFile] = field(default_factory=list)
    tables: Tables = field(default_factory=dict)
    problems: list[KeyProblem] = field(default_factory=list)
    places: dict[KeyProblem, tuple[str, int]] = field(default_factory=dict)
    overridden: dict[str, str] = field(default_factory=dict)  # key -> name in the environment
    _places_of_keys: dict[lines.Path, tuple[str, int]] = field(default_factory=dict)

    def tell(self, shown: str, line: int, message: str, *, key: str = "") -> None:
        """Note a problem that stands in one line of one file."""
        problem = KeyProblem(key, message)
        self.problems.append(problem)
        self.places[problem] = (shown, line)

    def where(self, key: str) -> str:
        """The file and line of a key, or of what it stands in; or its name in the environment."""
        if key in self.overridden:
            return self.overridden[key]
        inside = [name for over, name in self.overridden.items() if over.startswith(f"{key}.")]
        if inside and split(key) not in self._index():
            return inside[0]
        return "{}:{}".format(*self._find(key))

    def said(self, path: lines.Path) -> tuple[str, int] | None:
        """The file and line that say just this; None for what no file says."""
        return self._index().get(path)

    def place(self, problem: KeyProblem) -> str:
        """The file and line that a problem is about."""
        if problem in self.places:
            return "{}:{}".format(*self.places[problem])
        return self.where(problem.key)

    def order(self, problem: KeyProblem) -> tuple[int, int]:
        """Where a problem stands among others: by file as they were read, then by line."""
        shown, line = self.places.get(problem) or self._find(problem.key)
        ranks = {file.shown: rank for rank, file in enumerate(self.files)}
        return ranks.get(shown, len(ranks)), line

    def _find(self, key: str) -> tuple[str, int]:
        path, index = split(key), self._index()
        for length in range(len(path), 0, -1):
            if found := index.get(path[:length]):
                return found
        return (self.files[0].shown if self.files else "", 1)

    def _index(self) -> dict[lines.Path, tuple[str, int]]:
        """The first place of every key of every file; made when the first problem is told."""
        if not self._places_of_keys:
            for file in reversed(self.files):
                for path, line in _lines(file.text).items():
                    self._places_of_keys[path] = (file.shown, line)
        return self._places_of_keys


class Files(PydanticBaseSettingsSource):
    """What the files say. It comes after other sources, and takes over what they say in its tree.

    So whoever judges tables rather than settings judges what is in force, even where it is so wrong
    that it makes no settings.
    """

    def __init__(self, settings: type[BaseSettings], tree: Tree) -> None:
        super().__init__(settings)
        self._tree = tree

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 - its signature
        """One section as the files have it, as the library may ask for it."""
        return self._tree.tables.get(field_name), field_name, False

    def __call__(self) -> Tables:
        """All tables, with what earlier sources say over them."""
        self._tree.tables = _over(self._tree.tables, self.current_state)
        return self._tree.tables


def load(path: Path, *, instead: Instead = NOTHING) -> Tree:
    """Read a configuration file and what it includes; texts in `instead` stand for those of the disk."""
    tree = Tree()
    if main := _read(path, tree, instead):
        include = main.tables.pop("include", [])
        _add(tree, main)
        for one in _included(path, include, tree):
            if file := _read(one, tree, instead):
                _add(tree, file)
    return tree


def add_own(tree: Tree, folder: Path, *, instead: Instead = NOTHING) -> None:
    """Read the files of teams that lie in a folder of maild's own; there is nothing else in them."""
    known = {one.path.resolve() for one in tree.files}
    try:
        found = sorted(folder.glob("*.toml"))
    except OSError as fault:
        said = f"the teams in {shown_path(folder)} cannot be looked at ({fault.strerror})"
        tree.problems.append(KeyProblem("maild.data_dir", said, "warning"))
        return
    for one in found:
        if one.resolve() in known or not (file := _read(one, tree, instead)):
            continue
        for name in file.tables:
            if name not in {"team", "include"}:  # `include` is told of where files are added
                said = f"only teams stand here; write [{name}] in the first file"
                tree.tell(file.shown, file.line(name) or 1, said, key=name)
        own = {name: value for name, value in file.tables.items() if name in {"team", "include"}}
        _add(tree, replace(file, tables=own))


def split(key: str) -> lines.Path:
    """A key such as "team.acme.rules[1].to" as the path that leads to it."""
    return tuple(
        int(part[1:-1]) if part.startswith("[") else part
        for part in re.findall(r"\[\d+\]|[^.\[\]]+", key)
    )


def shown_path(path: Path) -> str:
    """A path as a person is told: from the working folder where it lies in it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _read(path: Path, tree: Tree, instead: Instead) -> TomlFile | None:
    shown = shown_path(path)
    try:
        text = instead[path] if path in instead else path.read_bytes().decode("utf-8-sig")
        tables = _parsed(text)
    except OSError as fault:
        tree.tell(shown, 1, f"the file cannot be read ({fault.strerror})")
    except UnicodeDecodeError as fault:
        tree.tell(shown, 1, f"byte {fault.start} is no UTF-8; save the file as UTF-8")
    except tomllib.TOMLDecodeError as fault:
        tree.tell(shown, *_syntax(str(fault), text))
    except RecursionError:
        tree.tell(shown, 1, "brackets are nested too deeply to be meant")
    else:
        return TomlFile(shown, text, with_paths(tables, path.parent), path)
    return None


def _syntax(message: str, text: str) -> tuple[int, str]:
    place = re.search(r" \(at line (\d+), column (\d+)\)", message)
    line = int(place[1]) if place else text.count("\n") + 1
    said = re.sub(r" \(at .*\)$", "", message)
    column = f" at column {place[2]}" if place else " at the end of the file"
    return line, f"this is not TOML{column}: {said[:1].lower()}{said[1:]}"


# A file is parsed once per content: a reload with one changed team file costs one file.
@lru_cache(maxsize=4096)
def _parsed(text: str) -> Tables:
    return tomllib.loads(text)


@lru_cache(maxsize=4096)
def _lines(text: str) -> dict[lines.Path, int]:
    try:
        return lines.key_lines(text)
    except RecursionError:  # brackets deeper than anything that maild has a key for
        return {}


def _included(path: Path, patterns: object, tree: Tree) -> Iterable[Path]:
    if isinstance(patterns, str):
        patterns = [patterns]
    if not isinstance(patterns, list) or not all(isinstance(one, str) for one in patterns):
        tree.problems.append(
            KeyProblem("include", 'write a list of files, such as ["teams.d/*.toml"]')
        )
        return []
    found: dict[Path, None] = {}
    for pattern in patterns:
        files = sorted(
            Path(path.anchor).glob(str((path.parent / pattern).relative_to(path.anchor)))
        )
        if not files and not re.search(r"[*?\[]", pattern):
            tree.problems.append(KeyProblem("include", f'there is no file "{pattern}"'))
        found.update(dict.fromkeys(one for one in files if one != path))
    return found


def _add(tree: Tree, file: TomlFile) -> None:
    earlier = list(tree.files)
    tree.files.append(file)
    if earlier and "include" in file.tables:
        tree.tell(
            file.shown,
            file.line("include") or 1,
            "only the first file may include others",
            key="include",
        )
    added = {key: value for key, value in file.tables.items() if key != "include"}
    tree.tables = _merged(tree, added, tree.tables, key="", file=file)


def _merged(tree: Tree, new: Tables, old: Tables, *, key: str, file: TomlFile) -> Tables:
    merged = dict(old)
    for name, value in new.items():
        inner = f"{key}.{name}" if key else name
        if name not in old:
            merged[name] = value
        elif isinstance(value, dict) and isinstance(old[name], dict):
            merged[name] = _merged(tree, value, old[name], key=inner, file=file)
        else:
            said = f"is said in {_first(tree, inner)} already; leave one of them out"
            tree.tell(file.shown, file.line(inner) or 1, said, key=inner)
    return merged


def _first(tree: Tree, key: str) -> str:
    places = (f"{one.shown}:{line}" for one in tree.files if (line := one.line(key)))
    return next(places, "another file")


def _over(below: Tables, above: Tables) -> Tables:
    merged = dict(below)
    for name, value in above.items():
        under = merged.get(name)
        both = isinstance(value, dict) and isinstance(under, dict)
        merged[name] = _over(under, value) if both and isinstance(under, dict) else value
    return merged
