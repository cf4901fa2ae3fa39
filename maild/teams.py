"""The rule book from the configuration: read whole, checked whole, swapped whole.

Here configuration and rules meet, so that every problem can be told with its file and line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from maild.config.codabox import UPLOAD_WANTED
from maild.config.files import NOTHING, Instead
from maild.config.loaded import Loaded, find_config, read
from maild.config.settings import Settings
from maild.errors import ConfigError, KeyProblem
from maild.model.automatic import Automatic
from maild.model.team import Team
from maild.reading import own_labels
from maild.reading.labels import Tables
from maild.render import letter
from maild.rules.automatic import extended
from maild.rules.book import RuleBook, address_key
from maild.rules.lint import lint
from maild.rules.schema import read_teams


@dataclass(frozen=True, slots=True)
class Checked:
    """A configuration with its teams, and all that is to be said about it, as lines for a person.

    `broken` names the teams that have an error of their own; `general` tells that something else is
    wrong too.
    """

    loaded: Loaded
    teams: tuple[Team, ...]
    errors: tuple[str, ...]
    remarks: tuple[str, ...]
    broken: frozenset[str]
    general: bool
    problems: tuple[KeyProblem, ...] = ()


def check(path: str | Path | None, *, instead: Instead = NOTHING) -> Checked:
    """Read and check a configuration. Raises ConfigError only when there is no file at all.

    Texts in `instead` stand for files as they would be after a change.
    """
    loaded = read(find_config(Path(path) if path else None), instead=instead)
    teams, told = read_teams(loaded.teams, connectors=loaded.connectors, kinds=loaded.connectors)
    told = (*told, *lint(teams), *_texts(teams), *_senders(teams, loaded.settings))
    told = (*told, *_uploads(teams, loaded.settings), *_links(teams, loaded.settings))
    told = (*told, *_labels(loaded.settings))
    found = loaded.in_order(told)
    return Checked(
        loaded=loaded,
        teams=teams,
        errors=tuple(loaded.line(one) for one in found if one.level == "error"),
        remarks=tuple(_remark(loaded, one) for one in found if one.level != "error"),
        broken=frozenset(team for one in told if (team := _broken(one))),
        general=loaded.settings is None or any(one.level == "error" for one in loaded.problems),
        problems=found,
    )


def labels_of(settings: Settings | None) -> tuple[Tables, tuple[str, ...]]:
    """The labels that a configuration adds to those of maild, and what is wrong with their file."""
    path = settings.reading.labels if settings else None
    if path is None:
        return {}, ()
    try:
        with path.open("rb") as file:
            content = file.read(own_labels.LARGEST + 1)
        if len(content) > own_labels.LARGEST:
            return {}, (f"{path}: it has more than {own_labels.LARGEST:,} bytes",)
        found, problems = own_labels.read(content.decode("utf-8"))
    except OSError as fault:
        return {}, (f"{path}: cannot be read ({fault.strerror or fault})",)
    except UnicodeDecodeError:
        return {}, (f"{path}: it is no text in UTF-8; save it as such",)
    return found, tuple(f"{path}: {one}" for one in problems)


def _labels(settings: Settings | None) -> Iterator[KeyProblem]:
    for one in labels_of(settings)[1]:
        yield KeyProblem("reading.labels", one, "error")


def _texts(teams: tuple[Team, ...]) -> tuple[KeyProblem, ...]:
    """A team's own texts are checked by those who use them."""
    return tuple(
        KeyProblem(f"team.{team.slug}.branding.texts", problem)
        for team in teams
        for problem in letter.problems(team)
    )


def _senders(teams: tuple[Team, ...], settings: Settings | None) -> Iterator[KeyProblem]:
    """A connector that may not send as a team's domain would have every mail refused."""
    for team in teams:
        domain = address_key(parseaddr(team.sender)[1]).rpartition("@")[2]
        used = {one.via for one in team.recipients} | {team.notices_via, team.via}
        for name, connector in settings.connector.smtp.items() if settings else ():
            allowed = connector.from_domains
            if name in used and allowed and domain not in allowed:
                said = f"connector {name} sends as {', '.join(allowed)} only (from_domains)"
                yield KeyProblem(
                    f"team.{team.slug}.from", f"{said}; {domain} is none of them", "error"
                )


def _uploads(teams: tuple[Team, ...], settings: Settings | None) -> Iterator[KeyProblem]:
    """Nothing is sent to CodaBox before the operator says how."""
    mute = {
        name
        for name, one in (settings.connector.codabox.items() if settings else ())
        if not one.send.path
    }
    for team in teams:
        for one in team.recipients:
            if one.via in mute:
                said = f'"{one.via}" cannot send: {UPLOAD_WANTED}'
                yield KeyProblem(f"team.{team.slug}.recipients.{one.name}.via", said)


def _links(teams: tuple[Team, ...], settings: Settings | None) -> Iterator[KeyProblem]:
    """Who gets a link must be able to follow it."""
    if settings is None or (settings.web.listen and settings.web.url):
        return
    for team in teams:
        for one in team.recipients:
            if one.by_link:
                said = "a link leads to the pages: write `listen` and `url` in [web]"
                yield KeyProblem(f"team.{team.slug}.recipients.{one.name}.packages", said)


def _remark(loaded: Loaded, problem: KeyProblem) -> str:
    return loaded.line(problem, level=problem.level)


def _broken(problem: KeyProblem) -> str | None:
    """The team that an error belongs to: "acme" for "team.acme.rules[1].to"."""
    match = re.match(r"team\.([^.\[]+)", problem.key)
    return match[1] if match and problem.level == "error" else None


class Shelf:
    """Holds the rule book that is in force."""

    def __init__(self, checked: Checked) -> None:
        """Raises ConfigError with every problem: a daemon does not start on half a configuration."""
        if checked.errors:
            raise ConfigError(checked.errors, hint="maild check says the same without starting")
        self._written = RuleBook(checked.teams)
        self._automatic: tuple[Automatic, ...] = ()
        self.book = self._written

    @property
    def written(self) -> RuleBook:
        """The book as the configuration has it, without what partners switched on."""
        return self._written

    def current(self) -> RuleBook:
        """The book, for parts that ask each time they need it."""
        return self.book

    def add(self, automatic: tuple[Automatic, ...]) -> None:
        """Put in what partners switched on, in place of what they had on before."""
        if automatic != self._automatic:
            self._automatic = automatic
            self.book = self._extended()

    def reload(self, checked: Checked) -> tuple[list[str], tuple[str, ...]]:
        """Put in the new book: returns the teams that changed, and the problems that remain.

        A team with an error keeps its last good rules while the others change. When something else
        than a team is wrong, everything stays.
        """
        if checked.general:
            return [], checked.errors
        good = [team for team in checked.teams if team.slug not in checked.broken]
        old = {team.slug: team for team in self.book.teams}
        self._written = self._written.replace(good, broken=checked.broken)
        self.book = self._extended()
        new = {team.slug: team for team in self.book.teams}
        changed = sorted(slug for slug in old.keys() | new.keys() if old.get(slug) != new.get(slug))
        return changed, checked.errors

    def _extended(self) -> RuleBook:
        return RuleBook(extended(team, self._automatic) for team in self._written.teams)
