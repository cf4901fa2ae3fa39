"""What the environment says over the files."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from maild.config.environment import overrides
from maild.config.values import Listen
from tests.config.samples import loaded, said
from tests.promised import PROMISED


def test_a_variable_overrides_a_key_and_lists_are_written_as_in_the_file(
    tmp_path: Path,
) -> None:
    environ = {
        "MAILD_CONFIG": "elsewhere",
        "MAILD_SMTPD__LISTEN": "127.0.0.1:0",
        "MAILD_SMTPD__ALLOW": '["10.0.0.0/8"]',
        "MAILD_CONNECTOR__SMTP__RELAY__PORT": "2600",
        "MAILD_MAILD__DATA_DIR": "other",
        "MAILD_TEAM__ACME__MODE": "shadow",
        "MAILDIR": "/var/mail",
    }
    found = loaded(tmp_path, PROMISED, environ=environ)
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.smtpd.listen == (Listen("127.0.0.1", 0),)
    assert found.settings.smtpd.allow == (ip_network("10.0.0.0/8"),)
    assert found.settings.connector.smtp["relay"].port == 2600
    assert found.settings.maild.data_dir == tmp_path / "other"
    assert found.teams["acme"]["mode"] == "shadow"


def test_a_wrong_variable_is_told_by_its_name(tmp_path: Path) -> None:
    environ = {
        "MAILD_SMTPD__LISTN": "x",
        "MAILD_LOG__LEVEL": "loud",
        "MAILD_LGO__LEVEL": "info",
    }
    told = said(loaded(tmp_path, "", environ=environ), tmp_path)
    assert sorted(told) == [
        'MAILD_LGO__LEVEL: lgo: unknown section; did you mean "log"?',
        "MAILD_LOG__LEVEL: log.level: write 'debug', 'info', 'warning' or 'error', not \"loud\"",
        'MAILD_SMTPD__LISTN: smtpd.listn: unknown key; did you mean "listen"?',
    ]


def test_lists_and_tables_of_teams_and_sections_are_written_as_in_the_file(tmp_path: Path) -> None:
    environ = {
        "MAILD_TEAM__ACME__PEOPLE": '["an@kantoor.example"]',
        "MAILD_FOLDER__IN": '{ path = "in", team = "acme" }',
        "MAILD_OUTBOX__RETRY": '["1m", "1h"]',
        "MAILD_CONNECTOR__SMTP__SPARE": '{ host = "mail.example" }',
        "MAILD_CONNECTOR__SMTP__SPARE__PORT": "2600",
    }
    found = loaded(tmp_path, PROMISED, environ=environ)
    assert found.problems == ()
    assert found.settings is not None
    assert found.teams["acme"]["people"] == ["an@kantoor.example"]
    assert found.settings.folder["in"].path == tmp_path / "in"
    assert found.settings.outbox.retry == (timedelta(minutes=1), timedelta(hours=1))
    assert found.settings.connector.smtp["spare"].host == "mail.example"
    assert found.connectors == {"relay": "smtp", "spare": "smtp"}


def test_what_the_files_say_wrongly_is_no_problem_under_a_right_variable(tmp_path: Path) -> None:
    found = loaded(tmp_path, '[log]\nlevel = "loud"\n', environ={"MAILD_LOG__LEVEL": "debug"})
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.log.level == "debug"


@pytest.mark.parametrize("name", ["MAILD_CONFIG", "MAILD_LOG", "MAILD_LOG__", "maild_log__level"])
def test_a_name_of_another_form_is_not_ours(tmp_path: Path, name: str) -> None:
    assert overrides({name: "loud"}) == {}
    assert loaded(tmp_path, "", environ={name: "loud"}).problems == ()


def test_the_processs_own_environment_is_not_looked_at_beside_the_given_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAILD_LOG__LEVEL", "debug")
    monkeypatch.setenv("MAILD_LGO__LEVEL", "debug")
    found = loaded(tmp_path, "", environ={"MAILD_LOG__FORMAT": "json"})
    assert found.problems == ()
    assert found.settings is not None
    assert (found.settings.log.level, found.settings.log.format) == ("info", "json")
