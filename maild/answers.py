"""What maild can say without its store: what a file holds, its schemas, a line for the users file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from maild import teams
from maild.config.schema import schema
from maild.errors import ConfigError, UserError
from maild.intake import payload
from maild.intake.evaluation import evaluate
from maild.intake.inspect import LARGEST
from maild.intake.inspect_mail import Inspector
from maild.intake.opening import Opener
from maild.intake.users import hash_password
from maild.model.team import Team
from maild.reading.labels import Tables
from maild.reading.reader import MailReader
from maild.reading.sandbox import Sandbox
from maild.rules import identity
from maild.rules.book import RuleBook
from maild.rules.profiles import PROFILES
from maild.store.spool import Spool

NO_LABELS: Tables = MappingProxyType({})
PROFILE_NAMES = tuple(sorted(PROFILES))


async def inspect_files(
    paths: Iterable[Path], *, team: Team | None = None, labels: Tables = NO_LABELS
) -> AsyncIterator[dict[str, Any]]:
    """The object of `maild inspect --json` for each file. Raises UserError at one it cannot open."""
    with TemporaryDirectory(prefix="maild-inspect-") as folder:
        sandbox = Sandbox(1, labels=labels)
        try:
            reader = MailReader(sandbox, lambda: Spool(Path(folder)))
            inspector = Inspector(reader, Opener(sandbox), team)
            for path in paths:
                yield await inspector.inspect(str(path), _content(path))
        finally:
            await sandbox.close()


async def evaluate_folder(
    folder: Path, *, team: Team | None = None, labels: Tables = NO_LABELS
) -> dict[str, Any]:
    """The object of `maild eval --json`. Raises UserError when there is nothing to score in it."""
    sandbox = Sandbox(1, labels=labels)
    try:
        return await evaluate(sandbox, folder, team=team)
    finally:
        await sandbox.close()


def labels_named(*, config: str | None) -> Tables:
    """The labels that a configuration adds. Raises ConfigError for a file of them that is wrong."""
    found, problems = teams.labels_of(teams.check(config).loaded.settings)
    if problems:
        raise ConfigError(problems)
    return found


def team_named(slug: str, *, config: str | None) -> Team:
    """A team of the configuration. Raises ConfigError, or UnknownTeam with the nearest name."""
    checked = teams.check(config)
    if slug in checked.broken or checked.loaded.settings is None:
        raise ConfigError(checked.errors)
    return RuleBook(checked.teams).team(slug)


def json_schema(what: str) -> dict[str, Any]:
    """The JSON schema of "document" (what maild takes in) or "config" (less the teams' tables)."""
    if what == "document":
        return payload.schema()
    if what == "config":
        return schema()
    raise UserError(f'there is no schema "{what}"; there are document and config')


def users_file_line(name: str, password: str) -> str:
    """A line of `smtpd.users_file`. Raises UserError for a name that cannot stand there."""
    if not name or ":" in name or any(char.isspace() for char in name):
        raise UserError(f'"{name}" cannot be a user name; leave out colons and spaces')
    return f"{name}:{hash_password(password)}"


def vat_trouble(number: str) -> str | None:
    """What keeps a VAT number from being one, or None; a doubt about another country's is none."""
    problem = identity.vat_problem(number)
    return problem.message if problem and problem.level == "error" else None


def kinds_taken(profile: str) -> tuple[str, ...]:
    """The kinds of document that the inbox of that profile takes."""
    return tuple(kind.value for kind in PROFILES[profile].kinds)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as fault:
        raise UserError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
