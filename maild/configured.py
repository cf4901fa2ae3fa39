"""What is configured: each value in force with its source, what is wrong, what a reload changes; and the reload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maild import teams
from maild.config.effective import Setting, effective
from maild.config.settings import Settings
from maild.errors import ConfigError
from maild.log import running
from maild.reading.sandbox import Sandbox
from maild.teams import Checked, Shelf

Fate = Literal["new", "changed", "gone", "kept"]


@dataclass(frozen=True, slots=True)
class Change:
    """A value that stands otherwise in the files now; it takes a restart. Empty: it is not there."""

    key: str
    now: str
    then: str
    source: str


@dataclass(frozen=True, slots=True)
class Configured:
    """The values in force, and the files as they are by now.

    `errors` and `remarks` are what `maild check` says. `teams` are those that a reload changes; "kept"
    has an error and keeps its last good rules. `stuck`: nothing is taken over before the errors are gone.
    """

    file: str
    settings: tuple[Setting, ...]
    errors: tuple[str, ...]
    remarks: tuple[str, ...]
    teams: tuple[tuple[str, Fate], ...]
    changes: tuple[Change, ...]
    stuck: bool


def configured(in_force: Checked, shelf: Shelf) -> Configured:
    """What runs now, beside what the files say now."""
    path = in_force.loaded.path
    held = effective(in_force.loaded)
    try:
        fresh = teams.check(path)
    except ConfigError as fault:
        return Configured(str(path), held, fault.problems, (), (), (), stuck=True)
    return Configured(
        str(path),
        held,
        fresh.errors,
        fresh.remarks,
        () if fresh.general else tuple(_teams(shelf, fresh)),
        () if fresh.general else tuple(_changes(held, effective(fresh.loaded))),
        stuck=fresh.general,
    )


def reread(path: Path, shelf: Shelf) -> tuple[list[str], tuple[str, ...]]:
    """Put in force what the files say of teams now, and say so in the log.

    Returns the teams that changed, and the problems that remain. A team with an error keeps its last
    good rules; when something else is wrong, all do.
    """
    try:
        changed, problems = shelf.reload(teams.check(path))
    except ConfigError as fault:
        changed, problems = [], fault.problems
    if problems:
        running.book_kept(problems=list(problems))
    if changed or not problems:
        running.book_reloaded(teams=len(shelf.book.teams), changed=changed)
    return changed, problems


def reread_labels(settings: Settings, sandbox: Sandbox) -> tuple[str, ...]:
    """Take over the words of yours by which figures are found, as their file has them now.

    Returns what is wrong with the file; then the words of before stay.
    """
    found, problems = teams.labels_of(settings)
    if not problems and found != sandbox.labels:
        sandbox.labels = dict(found)
        words = [one for table in found.values() for meaning in table.values() for one in meaning]
        running.labels_reloaded(words=len(words))
    return problems


def _teams(shelf: Shelf, fresh: Checked) -> Iterator[tuple[str, Fate]]:
    old = {team.slug: team for team in shelf.written.teams}
    new = {team.slug: team for team in fresh.teams}
    for slug in sorted(old.keys() | new.keys() | fresh.broken):
        if slug in fresh.broken:
            yield slug, "kept"
        elif slug not in old:
            yield slug, "new"
        elif slug not in new:
            yield slug, "gone"
        elif old[slug] != new[slug]:
            yield slug, "changed"


def _changes(held: tuple[Setting, ...], fresh: tuple[Setting, ...]) -> Iterator[Change]:
    """What differs outside the teams, which alone are read again by a running maild."""
    old = {one.key: one for one in held if one.path[0] != "team"}
    new = {one.key: one for one in fresh if one.path[0] != "team"}
    for key in [*new, *(one for one in old if one not in new)]:
        now, then = old.get(key), new.get(key)
        said = (now.value if now else "", then.value if then else "")
        if said[0] != said[1]:
            yield Change(key, said[0], said[1], then.source if then else "")
