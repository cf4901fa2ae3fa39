"""Every value that is in force, as it would stand in a file, with the place that says it.

What is secret stays hidden: secrets have files of their own, and whatever else may carry one (an
address with a login in it, a header, the path of a webhook) is shown without it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from maild.config.lines import Path
from maild.config.loaded import Loaded

HIDDEN: Final = "•••"
By = Literal["file", "environment", "default"]

_SECRET: Final = re.compile(
    r"password|passphrase|secret|token|api_?key|authorization|cookie", re.IGNORECASE
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One value. `source` is "maild.toml:12", the name of a variable, or empty for a default."""

    path: Path
    value: str
    by: By
    source: str = ""

    @property
    def key(self) -> str:
        """What it is called in `maild check`: "team.acme.rules[1].to"."""
        return named(self.path)

    @property
    def section(self) -> str:
        """The table it stands in: "connector.smtp.relay"."""
        return named(self.path[:-1])

    @property
    def name(self) -> str:
        """What it is called in its table."""
        return named(self.path[-1:])


def effective(loaded: Loaded) -> tuple[Setting, ...]:
    """All values in the order of the sections, teams last; none while something in them is wrong."""
    if loaded.settings is None:
        return ()
    tables = loaded.settings.model_dump(mode="json", by_alias=True)
    return tuple(
        Setting(path, _shown(path, value), *_source(loaded, path))
        for path, value in _leaves(tables)
    )


def named(path: Path) -> str:
    """A path as it is told to people."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            quoted = step if _BARE.fullmatch(step) else json.dumps(step, ensure_ascii=False)
            text += f".{quoted}" if text else quoted
    return text


def _leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _leaves(inner, (*path, str(key)))
        case list() if any(isinstance(one, dict) for one in value):
            for n, inner in enumerate(value):
                yield from _leaves(inner, (*path, n))
        case _:
            yield path, value


def _source(loaded: Loaded, path: Path) -> tuple[By, str]:
    tree, dotted = loaded.tree, ".".join(map(str, path))
    for key, name in tree.overridden.items():
        if dotted == key or dotted.startswith(f"{key}."):
            return "environment", name
    # A list may be written as tables of their own, and what is written inline has a line too.
    place = tree.said(path)
    return ("file", "{}:{}".format(*place)) if place else ("default", "")


def _shown(path: Path, value: Any) -> str:
    """A value as TOML has it, without what is secret."""
    name = str(path[-1])
    is_file = name.endswith("_file")
    if value and not is_file and (_SECRET.search(name) or "headers" in path):
        return HIDDEN
    if path[:2] == ("alarm", "command") and value:
        return _plain([value[0], *([HIDDEN] if value[1:] else [])])
    if isinstance(value, str) and "://" in value:
        return _plain(_address(value, bare=path[:2] == ("alarm", "webhook")))
    if isinstance(value, int) and not isinstance(value, bool) and re.search(r"size|disk", name):
        return f'"{value // _MEGABYTE}MB"' if value and value % _MEGABYTE == 0 else str(value)
    return _plain(value)


def _address(value: str, *, bare: bool) -> str:
    """An address without a login and a query; `bare` ones without a path, which is their secret."""
    parts = urlsplit(value)
    host = parts.netloc.rpartition("@")[2]
    login = f"{HIDDEN}@" if "@" in parts.netloc else ""
    path = (f"/{HIDDEN}" if parts.path.strip("/") else parts.path) if bare else parts.path
    return f"{parts.scheme}://{login}{host}{path}{f'?{HIDDEN}' if parts.query else ''}"


def _plain(value: Any) -> str:
    return '""' if value is None else json.dumps(value, ensure_ascii=False)
