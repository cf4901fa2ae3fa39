"""The two configurations that people start from: the full example and what `maild init` writes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from maild.config.initial import BOUGHT, OURS, SOLD, Answers, initial_config, slug_of
from maild.config.loaded import Loaded, read
from maild.config.mailbox import MailboxRule
from maild.config.schema import schema
from maild.config.settings import (
    Account,
    Folder,
    Log,
    Maild,
    Outbox,
    Render,
    Settings,
    SmtpConnector,
    Smtpd,
)
from maild.errors import KeyProblem
from maild.model.document import BILL_KINDS
from maild.model.team import Team
from maild.rules.lint import lint
from maild.rules.profiles import PROFILES
from maild.rules.schema import read_teams

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"


def checked(path: Path) -> tuple[Loaded, tuple[Team, ...], list[KeyProblem]]:
    """A configuration with its teams, and everything that is to be said about it."""
    found = read(path, {})
    teams, problems = read_teams(found.teams, connectors=found.connectors, kinds=found.connectors)
    return found, teams, [*found.problems, *problems, *lint(teams)]


def uncommented() -> str:
    """The example with every default written out."""
    return re.sub(r"^# (?=[a-z_]+ = )", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_example_has_nothing_wrong_with_it() -> None:
    assert checked(EXAMPLE)[2] == []


def test_every_default_that_the_example_shows_is_the_codes(tmp_path: Path) -> None:
    shown = tmp_path / "shown.toml"
    # The one key that is an example and no default, since it names files.
    shown.write_text(uncommented().replace('include = ["teams.d/*.toml"]\n', ""), encoding="utf-8")
    plain = tmp_path / "plain.toml"
    plain.write_bytes(EXAMPLE.read_bytes())
    assert checked(shown)[0].settings is not None
    with_defaults, teams, problems = checked(shown)
    without, same_teams, _ = checked(plain)
    assert [one for one in problems if one.level == "error"] == []
    assert with_defaults.settings is not None
    assert without.settings is not None
    for section in (
        "maild",
        "smtpd",
        "antivirus",
        "reading",
        "folder",
        "mailbox",
        "account",
        "connector",
        "outbox",
        "alarm",
        "render",
        "web",
        "log",
    ):
        assert getattr(with_defaults.settings, section) == getattr(without.settings, section)
    assert teams == same_teams


def keys_of(model: type[BaseModel], path: str = "") -> set[str]:
    """Every key that a configuration may have, with * for names of the person's own."""
    found = set()
    for name, field in model.model_fields.items():
        key, kind = f"{path}{field.alias or name}", field.annotation
        if get_origin(kind) is dict:
            key, kind = f"{key}.*", get_args(kind)[1]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= keys_of(kind, f"{key}.")
        elif name != "team" or path:
            found.add(key)
    return found


def of_mailboxes(boxes: Iterable[dict[str, Any]]) -> set[str]:
    """The keys of mailboxes, with those of the tables in them."""
    found = set()
    for one in boxes:
        found |= {f"mailbox.*.{key}" for key in one if key not in {"senders", "after"}}
        found |= {f"mailbox.*.after.{key}" for key in one["after"]}
        found |= {"mailbox.*.senders.*"} if one["senders"] else set()
        assert {field.alias or name for name, field in MailboxRule.model_fields.items()} == {
            key for rule in one["rules"] for key in rule
        }
    return found


def below(table: dict[str, Any]) -> Iterator[str]:
    """The keys of a table and of the tables in it; those of headers are the person's own."""
    for key, value in table.items():
        if key == "headers":
            yield f"{key}.*"
        elif isinstance(value, dict):
            yield from (f"{key}.{one}" for one in below(value))
        else:
            yield key


def written(tables: dict[str, Any]) -> set[str]:
    """The keys of the example's sections, in the form of `keys_of`."""
    found = {f"folder.*.{key}" for one in tables["folder"].values() for key in one}
    found |= {f"account.*.{key}" for one in tables["account"].values() for key in one}
    found |= of_mailboxes(tables["mailbox"].values())
    for kind, named in tables["connector"].items():
        for one in named.values():
            found |= {f"connector.{kind}.*.{key}" for key in below(one)}
    # What is said of one call holds for the other, and is written once.
    found |= {
        key.replace(".http.", ".codabox.")
        for key in found
        if key.startswith(("connector.http.*.send.", "connector.http.*.poll."))
    }
    for section in (
        "maild",
        "smtpd",
        "antivirus",
        "reading",
        "outbox",
        "alarm",
        "render",
        "web",
        "log",
    ):
        found |= {f"{section}.{key}" for key in tables[section]}
    return found


def test_the_example_names_every_key_of_every_section_and_no_other() -> None:
    assert written(tomllib.loads(uncommented())) == keys_of(Settings)
    assert {f"folder.*.{key}" for key in Folder.model_fields} <= keys_of(Settings)
    assert {f"account.*.{key}" for key in Account.model_fields} <= keys_of(Settings)
    assert {f"connector.smtp.*.{key}" for key in SmtpConnector.model_fields} <= keys_of(Settings)


@pytest.mark.parametrize("section", [Maild, Smtpd, SmtpConnector, Outbox, Render, Log])
def test_the_schema_shows_each_default_as_a_file_may_have_it(section: type[BaseModel]) -> None:
    shown = schema()["$defs"][section.__name__]["properties"]
    assert set(shown) == set(section.model_fields)
    defaults = {key: one["default"] for key, one in shown.items() if "default" in one}
    needed = {key: "x" for key in shown if key not in defaults} | {"tls": "starttls"}
    given = {key: needed[key] for key in needed if key in shown}
    assert section.model_validate(defaults | given) == section.model_validate(given)


@pytest.mark.parametrize(
    "key",
    ["name", "vat", "addresses", "from", "via", "reply_to", "people", "notices", "notices_via", "language", "time_zone", "holidays",
     "mode", "branding", "recipients", "rules"],
)  # fmt: skip
def test_the_example_names_every_key_of_a_team(key: str) -> None:
    assert key in tomllib.loads(uncommented())["team"]["acme"]


def answers(**changed: Any) -> Answers:
    fields: dict[str, Any] = {
        "company": "Acme BV",
        "vat": "BE0123456749",
        "address": "acme@post.example",
        "sender": "facturen@acme.example",
        "owner": "baas@acme.example",
        "accountant": "An@kantoor.example",
    }
    return Answers(**(fields | changed))


@pytest.mark.parametrize("profile", PROFILES)
def test_the_first_configuration_has_no_error_for_any_inbox(tmp_path: Path, profile: str) -> None:
    takes = tuple(kind for kind in SOLD + BOUGHT + OURS if kind in PROFILES[profile].kinds)
    path = tmp_path / "maild.toml"
    path.write_text(initial_config(answers(profile=profile, takes=takes)), encoding="utf-8")
    found, [team], problems = checked(path)
    assert [str(one) for one in problems if one.level != "note"] == []
    assert found.settings is not None
    assert team.mode == "shadow"
    assert {kind for rule in team.rules for kind in rule.conditions.kinds} >= set(BILL_KINDS)


def test_the_first_configuration_serves_a_company_that_is_its_own_accountant(
    tmp_path: Path,
) -> None:
    path = tmp_path / "maild.toml"
    path.write_text(initial_config(answers(accountant="Baas@acme.example")), encoding="utf-8")
    _, [team], problems = checked(path)
    assert [str(one) for one in problems if one.level != "note"] == []
    assert [one.name for one in team.recipients] == ["accountant"]


@given(
    company=st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp"]), min_size=1)
)
def test_any_name_of_a_company_survives_being_written(company: str) -> None:
    tables = tomllib.loads(initial_config(answers(company=company)))
    assert tables["team"][slug_of(company)]["name"] == company


@pytest.mark.parametrize(
    ("company", "slug"),
    [
        ("Acme BV", "acme"),
        ("Bakkerij Peeters & Zoon nv", "bakkerij-peeters-zoon"),
        ("BV", "bv"),
        ("Ω", "company"),
    ],
)
def test_a_team_is_named_after_its_company(company: str, slug: str) -> None:
    assert slug_of(company) == slug
