"""A configuration as it lies on disk: where it is looked for, how it is read, what is wrong with it.

What its sections hold is said in `maild.config.settings`; what teams may say, in `maild.rules`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import InitSettingsSource

from maild.config import problems
from maild.config.environment import Environment, overrides
from maild.config.files import NOTHING, Files, Instead, Tree, add_own, load
from maild.config.settings import Maild, Settings
from maild.config.values import MaybePath
from maild.errors import ConfigError, KeyProblem
from maild.model.said import placed

OWN: Final = "teams.d"  # in data_dir: a file for each team whose people change it on the pages
PLACES: Final = (Path("maild.toml"), Path("/etc/maild/maild.toml"))


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration as it was found. `settings` is None when there is an error outside [team].

    `teams` and `connectors` (the kind of each by its name) are there in any case, so that the teams'
    problems can be told too.
    """

    path: Path
    settings: Settings | None
    problems: tuple[KeyProblem, ...]
    teams: Mapping[str, Any]
    connectors: Mapping[str, str]
    tree: Tree

    def where(self, key: str) -> str:
        """The place of a key, such as "maild.toml:33"; of what it stands in when it is missing."""
        return self.tree.where(key)

    def in_order(self, more: Iterable[KeyProblem] = ()) -> tuple[KeyProblem, ...]:
        """Its problems and `more` of the teams, in the order of files and lines."""
        return tuple(sorted((*self.problems, *more), key=self.tree.order))

    def line(self, problem: KeyProblem, *, level: str = "") -> str:
        """A problem as a person reads it: "file:line: key: what, and what to do"."""
        where = filter(None, (self.tree.place(problem), level, problem.key))
        return placed(": ".join(where), problem.message)


def secret(path: Path) -> str:
    """What a `..._file` holds, without the line end that editors add. Raises OSError."""
    return path.read_text(encoding="utf-8").rstrip("\r\n")


def find_config(given: MaybePath = None, environ: Mapping[str, str] | None = None) -> Path:
    """The configuration file: --config, MAILD_CONFIG, ./maild.toml, /etc/maild/maild.toml.

    Raises ConfigError that says where it looked.
    """
    named = given or (os.environ if environ is None else environ).get("MAILD_CONFIG")
    if named:
        if Path(named).is_file():
            return Path(named)
        raise ConfigError(f"there is no configuration file {named}", hint="maild init writes one")
    for place in PLACES:
        if place.is_file():
            return place
    raise ConfigError(
        "there is no configuration; looked at --config, MAILD_CONFIG, "
        f"./{PLACES[0]} and {PLACES[1]}",
        hint="maild init writes ./maild.toml",
    )


def read(
    path: Path, environ: Mapping[str, str] | None = None, *, instead: Instead = NOTHING
) -> Loaded:
    """Read a configuration with its includes and overrides; nothing is raised, everything is told.

    Texts in `instead` stand for files as they would be after a change.
    """
    path = path.absolute()
    environ = os.environ if environ is None else environ
    tree = load(path, instead=instead)
    tree.overridden = overrides(environ)
    add_own(tree, _own_folder(tree, environ, folder=path.parent), instead=instead)
    settings, found = _settings(tree, environ, folder=path.parent)
    # From here on the tree holds what the environment says over the files.
    told = (*tree.problems, *found, *problems.found_beside(tree.tables))
    teams = tree.tables.get("team")
    return Loaded(
        path=path,
        settings=None if any(one.level == "error" for one in told) else settings,
        problems=told,
        teams=teams if isinstance(teams, dict) else {},
        connectors=problems.connector_kinds(tree.tables),
        tree=tree,
    )


def _own_folder(tree: Tree, environ: Mapping[str, str], *, folder: Path) -> Path:
    """The folder of the teams' own files, as far as it is known before anything is checked."""
    maild = tree.tables.get("maild")
    said = environ.get(tree.overridden.get("maild.data_dir", ""))
    said = said or (maild.get("data_dir") if isinstance(maild, dict) else None)
    return folder / (said if isinstance(said, str) else Maild().data_dir) / OWN


def _settings(
    tree: Tree, environ: Mapping[str, str], *, folder: Path
) -> tuple[Settings | None, list[KeyProblem]]:
    """The sections as values, or what is wrong with them: environment over files over defaults."""
    sources = (
        Environment(Settings, environ, folder),
        Files(Settings, tree),
        # The defaults that are relative paths start at the file, as written ones do.
        InitSettingsSource(Settings, {"maild": _places(folder)}),
    )
    try:
        return Settings.said_by(*sources), []
    except ValidationError as fault:
        return None, problems.in_words(fault, Settings)


def _places(folder: Path) -> dict[str, str]:
    plain = Maild()
    return {
        "data_dir": str(folder / plain.data_dir),
        "secret_file": str(folder / plain.secret_file),
    }
