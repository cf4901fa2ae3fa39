"""Accounts at Exact Online: the site, what is registered there, and one user once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.samples import loaded, said
from tests.promised import PROMISED

ACCOUNT = """
[account.acme-exact]
provider = "exact"
team = "acme"
address = "boekhouding@acme.example"
site = "be"
client_id = "{6731de76-14a6-49ae-97bc-6eba6914391e}"
client_secret_file = "exact.secret"
redirect_uri = "https://acme.example/exact"
"""
GOOD = PROMISED + ACCOUNT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the configuration lies, with the secret of the registration beside it."""
    (tmp_path / "exact.secret").write_text("x")
    (tmp_path / "exact.secret").chmod(0o600)
    return tmp_path


@pytest.mark.parametrize(
    ("written", "site"),
    [
        ("be", "https://start.exactonline.be"),
        ("uk", "https://start.exactonline.co.uk"),
        ("https://exact.example/", "https://exact.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
    ids=["a country", "another", "an address", "this machine"],
)
def test_a_site_is_a_country_or_an_address(folder: Path, written: str, site: str) -> None:
    found = loaded(folder, GOOD.replace('"be"', f'"{written}"'))
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.account["acme-exact"].site == site


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"be"', '"bee"', '"bee" is no site of Exact Online; did you mean "be"?'),
        ('"be"', '"http://exact.example"', "is no https address"),
        ('site = "be"\n', "", "account.acme-exact: site is missing; write one of nl, be,"),
        ('redirect_uri = "https://acme.example/exact"\n', "", "redirect_uri is missing"),
        ('provider = "exact"', 'provider = "google"', 'go with provider = "exact"'),
    ],
    ids=["a slip", "no TLS", "no site", "no address to end at", "of another"],
)
def test_what_is_wrong_is_told(folder: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    lines = said(loaded(folder, GOOD.replace(old, new)), folder)
    assert any(told in line for line in lines), lines


def test_one_user_of_one_registration_is_one_account(folder: Path) -> None:
    twice = ACCOUNT.replace("acme-exact", "again").replace("boek", "Boek")
    [line] = said(loaded(folder, GOOD + twice), folder)
    assert "account.again.address: account.acme-exact is the same user" in line
