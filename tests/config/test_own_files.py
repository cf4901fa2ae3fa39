"""The teams in data_dir/teams.d are read with the configuration, and nothing else is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild import teams

MAIN = """\
[connector.smtp.relay]
host = "127.0.0.1"
port = 2526
tls = "none"
"""
ACME = """\
[team.acme]
name = "Acme BV"
vat = "BE0123456749"
addresses = ["acme@post.example"]

[[team.acme.rules]]
name = "all of it is kept"
to = []
"""


def written(tmp_path: Path, own: str, *, main: str = MAIN, folder: str = "state") -> Path:
    config = tmp_path / "maild.toml"
    config.write_text(main, "utf-8")
    there = tmp_path / folder / "teams.d"
    there.mkdir(parents=True)
    (there / "acme.toml").write_text(own, "utf-8")
    return config


def test_a_team_of_its_own_file_is_there(tmp_path: Path) -> None:
    checked = teams.check(written(tmp_path, ACME))
    assert checked.errors == ()
    assert [one.slug for one in checked.teams] == ["acme"]


def test_the_folder_is_in_the_data_dir_wherever_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = written(tmp_path, ACME, main=f'{MAIN}\n[maild]\ndata_dir = "kept"\n', folder="kept")
    assert [one.slug for one in teams.check(config).teams] == ["acme"]
    monkeypatch.setenv("MAILD_MAILD__DATA_DIR", "elsewhere")
    assert teams.check(config).teams == ()


def test_a_file_that_is_included_too_is_read_once(tmp_path: Path) -> None:
    config = written(tmp_path, ACME, main=f'include = ["state/teams.d/*.toml"]\n{MAIN}')
    assert teams.check(config).errors == ()


def test_what_is_no_team_is_told_and_has_no_effect(tmp_path: Path) -> None:
    own = f'{ACME}\n[connector.smtp.mine]\nhost = "evil.example"\n'
    checked = teams.check(written(tmp_path, own))
    error = checked.errors[0]
    assert "acme.toml:10: connector: only teams stand here" in error
    assert "mine" not in checked.loaded.connectors


def test_a_team_that_is_written_twice_is_told(tmp_path: Path) -> None:
    checked = teams.check(written(tmp_path, ACME, main=f"{MAIN}\n{ACME}"))
    assert any("is said in" in one for one in checked.errors)


def test_a_text_stands_for_a_file_of_the_disk(tmp_path: Path) -> None:
    config = written(tmp_path, ACME)
    own = config.parent / "state" / "teams.d" / "acme.toml"
    checked = teams.check(config, instead={own: ACME.replace("Acme BV", "Acme NV")})
    assert [one.name for one in checked.teams] == ["Acme NV"]
    assert own.read_text("utf-8") == ACME
