"""Accounts that let maild in by consent, and the connectors that use them."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild import teams
from maild.config.loaded import read
from tests.config.samples import loaded, said
from tests.promised import PROMISED

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sending.md"
ACCOUNT = """
[account.acme-mail]
provider = "microsoft"
team = "acme"
address = "facturen@acme.example"
client_id = "6731de76-14a6-49ae-97bc-6eba6914391e"
"""
BY_CONSENT = PROMISED.replace(
    'tls = "none"', 'tls = "none"\nauth = "xoauth2"\naccount = "acme-mail"'
)
GOOD = BY_CONSENT + ACCOUNT


def test_a_connector_may_log_in_by_the_consent_of_an_account(tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD)
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.account["acme-mail"].redirect_uri == "http://localhost"
    assert found.settings.maild.secret_file == tmp_path / "maild.secret"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'account = "acme-mail"',
            'account = "acme-mial"',
            'connector.smtp.relay.account: there is no account "acme-mial"; did you mean "acme-mail"?',
        ),
        (
            'account = "acme-mail"',
            "",
            'connector.smtp.relay: auth = "xoauth2" logs in by consent: name an [account.NAME]',
        ),
        (
            'auth = "xoauth2"',
            "",
            'connector.smtp.relay: account = "..." goes with auth = "xoauth2"',
        ),
        (
            'team = "acme"',
            'team = "acne"',
            'account.acme-mail.team: there is no team "acne"; did you mean "acme"?',
        ),
        (
            'provider = "microsoft"',
            'provider = "mircosoft"',
            "account.acme-mail.provider: write 'microsoft', 'google' or 'exact', not \"mircosoft\"",
        ),
        (
            'address = "facturen@acme.example"\nclient_id',
            'address = "facturen"\nclient_id',
            'account.acme-mail.address: "facturen" is no mail address',
        ),
        (
            'client_id = "6731',
            'client_secret = "geheim"\nclient_id = "6731',
            "account.acme-mail.client_secret: secrets do not stand in this file;",
        ),
        (
            'client_id = "6731',
            'token_url = "http://login.example/token"\nclient_id = "6731',
            'account.acme-mail.token_url: "http://login.example/token" is no https address',
        ),
        (
            'client_id = "6731',
            'client_secret_file = "nowhere"\nclient_id = "6731',
            "account.acme-mail.client_secret_file: there is no file",
        ),
        (
            'client_id = "6731',
            'scopes = "mail"\nclient_id = "6731',
            "account.acme-mail.scopes: write a list, such as",
        ),
    ],
)
def test_what_is_wrong_with_an_account_is_told(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    lines = said(loaded(tmp_path, GOOD.replace(old, new)), tmp_path)
    assert any(told in line for line in lines), lines


def test_a_secret_file_that_everybody_can_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "maild.secret").write_text("x")
    (tmp_path / "maild.secret").chmod(0o644)
    [line] = said(
        loaded(tmp_path, GOOD.replace("[maild]", '[maild]\nsecret_file = "maild.secret"')), tmp_path
    )
    assert "everybody here can read" in line


@pytest.mark.parametrize(
    ("domains", "told"),
    [
        ([], ""),
        (["acme.example", "other.example"], ""),
        (
            ["other.example"],
            "connector relay sends as other.example only (from_domains); acme.example is none of",
        ),
    ],
    ids=["any", "its own", "another's"],
)
def test_a_team_sends_as_a_domain_of_its_connector(
    tmp_path: Path, domains: list[str], told: str
) -> None:
    path = tmp_path / "maild.toml"
    limited = f'tls = "none"\nfrom_domains = {domains}'
    path.write_text(PROMISED.replace('tls = "none"', limited), encoding="utf-8")
    assert read(path, {}).settings is not None
    errors = teams.check(path).errors
    assert bool(errors) == bool(told)
    assert all(told in one and "team.acme.from" in one for one in errors)


def test_a_return_address_that_is_none_is_told_as_an_address(tmp_path: Path) -> None:
    wrong = PROMISED.replace('tls = "none"', 'tls = "none"\nreturn_address = "bounces"')
    [line] = said(loaded(tmp_path, wrong), tmp_path)
    assert '"bounces" is no mail address' in line


def test_the_configuration_that_the_page_shows_has_nothing_wrong_with_it(tmp_path: Path) -> None:
    shown = PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    team = 'name = "Acme BV"\nvat = "BE0123456749"\naddresses = ["acme@post.example"]\n'
    rest = """
    [team.acme.recipients]
    accountant = { address = "an@kantoor.example" }

    [[team.acme.rules]]
    to = ["accountant"]
    """
    path = tmp_path / "maild.toml"
    path.write_text(shown.replace("[team.acme]\n", f"[team.acme]\n{team}") + rest, encoding="utf-8")
    checked = teams.check(path)
    assert checked.errors == ()
    assert checked.teams[0].recipients[0].via == "acme"
