"""Finding, reading and judging a configuration; every problem with its file and line."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from maild.config.loaded import find_config, read
from maild.config.values import Listen
from maild.errors import ConfigError
from maild.rules.lint import lint
from maild.rules.schema import read_teams
from tests.config.samples import loaded, said
from tests.promised import PROMISED


def test_the_promised_configuration_works_as_written(tmp_path: Path) -> None:
    found = loaded(tmp_path, PROMISED)
    assert found.problems == ()
    teams, problems = read_teams(found.teams, connectors=found.connectors, kinds=found.connectors)
    assert [one for one in (*problems, *lint(teams)) if one.level == "error"] == []
    settings = found.settings
    assert settings is not None
    assert settings.maild.data_dir == tmp_path / "state"
    assert settings.smtpd.listen == (Listen("127.0.0.1", 2525),)
    assert settings.smtpd.allow == (ip_network("127.0.0.0/8"),)
    assert settings.connector.smtp["relay"].port == 2526
    assert settings.outbox.deadline == timedelta(days=5)
    assert teams[0].sender == "Acme BV <facturen@acme.example>"
    assert teams[0].recipients[1].address == "Acme.Verkoop@Inbox.Example"


def test_an_empty_file_is_a_configuration(tmp_path: Path) -> None:
    found = loaded(tmp_path, "")
    assert found.problems == ()
    assert found.settings is not None
    assert found.settings.maild.data_dir == tmp_path / "state"
    assert found.settings.smtpd.max_size == 35_000_000


def test_every_problem_is_told_at_once_with_file_and_line(tmp_path: Path) -> None:
    found = loaded(
        tmp_path,
        """\
        [maild]
        hostnme = "post.example"
        [smtp]
        [smtpd]
        listen = "127.0.0.1"
        allow = [
          "127.0.0.0/8",
          "everybody",
        ]
        max_size = "40 huge"
        max_recipients = "many"
        [connector.smtp.relay]
        host = "mail.example"
        tls = "startls"
        password = "geheim"
        [connector.smtp.clear]
        host = "mail.example"
        tls = "none"
        [connector.smtp.empty]
        [outbox]
        retry = 5
        [folder.in]
        path = "in"
        team = "acm"
        [team.acme]
        """,
    )
    assert found.settings is None
    assert said(found, tmp_path) == [
        'maild.toml:2: maild.hostnme: unknown key; did you mean "hostname"?',
        'maild.toml:3: smtp: unknown section; did you mean "smtpd"?',
        (
            'maild.toml:5: smtpd.listen: write an address and a port, such as "127.0.0.1:2525" or '
            '"[::1]:2525", not "127.0.0.1"'
        ),
        (
            'maild.toml:6: smtpd.allow: write networks such as "127.0.0.0/8" or "192.0.2.7", not '
            '"everybody"'
        ),
        'maild.toml:10: smtpd.max_size: write a size with its unit, such as "25MB", not "40 huge"',
        'maild.toml:11: smtpd.max_recipients: write a whole number, not "many"',
        (
            "maild.toml:14: connector.smtp.relay.tls: write 'starttls', 'implicit' or 'none', not "
            '"startls"; did you mean "starttls"?'
        ),
        (
            "maild.toml:15: connector.smtp.relay.password: secrets do not stand in this file; write "
            "password_file and put it in a file of its own"
        ),
        (
            'maild.toml:16: connector.smtp.clear: tls = "none" is accepted for loopback only, and '
            'mail.example is another machine; write "starttls" or "implicit"'
        ),
        "maild.toml:19: connector.smtp.empty.host: is missing",
        (
            'maild.toml:21: outbox.retry: write a duration with its unit, such as "30s", "15m" or '
            '"5d", not 5'
        ),
        'maild.toml:24: folder.in.team: there is no team "acm"; did you mean "acme"?',
    ]
    assert "geheim" not in str(found.problems)


def test_problems_of_teams_are_told_beside_those_of_sections(tmp_path: Path) -> None:
    found = loaded(tmp_path, PROMISED.replace('"none"', '"nine"').replace('"owner"]', '"ownr"]'))
    _, problems = read_teams(found.teams, connectors=found.connectors, kinds=found.connectors)
    lines = [found.line(one).removeprefix(f"{tmp_path}/") for one in found.in_order(problems)]
    assert [line.split(": ")[0] for line in lines] == ["maild.toml:12", "maild.toml:34"]
    assert 'team.acme.rules[1].to: "ownr" is no recipient of team acme; did you mean' in lines[1]


def test_a_connector_has_a_name_that_no_other_has_of_whatever_kind(tmp_path: Path) -> None:
    text = PROMISED.replace("[team.acme]", '[connector.folder.relay]\npath = "x"\n[team.acme]', 1)
    [problem] = loaded(tmp_path, text).problems
    assert str(problem) == (
        "connector.folder.relay: connector.smtp.relay has this name already; call one of them otherwise"
    )


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ('[maild]\nhostname = "x\n', 2, "this is not TOML at column"),
        ("[maild]\n[maild]\n", 2, "this is not TOML at column"),
        ("[maild\n", 1, "this is not TOML"),
        ("a = " + "[" * 5000, 1, "brackets are nested too deeply"),
        ("[maild]\nhostname = ", 2, "this is not TOML at the end of the file"),
    ],
)
def test_a_mistake_of_syntax_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, sentence: str
) -> None:
    found = loaded(tmp_path, text)
    assert found.settings is None
    [problem] = said(found, tmp_path)
    assert problem.startswith(f"maild.toml:{line}: {sentence}")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_bytes(b'[maild]\nhostname = "\xff"\n')
    [problem] = read(tmp_path / "maild.toml", {}).problems
    assert "no UTF-8" in problem.message


def test_the_mark_that_some_editors_put_first_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_bytes(b'\xef\xbb\xbf[maild]\r\nhostname = "post.example"\r\n')
    assert read(tmp_path / "maild.toml", {}).problems == ()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ('[smtpd]\nusers_file = "maild.toml"', "passwords are taken over TLS only"),
        ('[smtpd]\ntls_cert_file = "maild.toml"', "belong together"),
        ('[connector.smtp.a]\nhost = "x"\nusername = "u"', "belong together"),
        ('[connector.smtp.a]\nhost = "x"\ntls = "implicit"', "usually 465"),
        ('[connector.smtp."A b"]\nhost = "x"', "small letters"),
        ('[connector.smtp.a]\nhost = "x"\nport = 99999', "99999 is more than 65535"),
        ("[connector.smtp]\na = 3", "a table is needed here, not 3"),
        ('[maild]\nhostname = "post example"', '"post example" is no host name'),
        ("maild = 3", "a table is needed here, not 3"),
        ("team = 3", "a table is needed here, not 3"),
        ("connector = []", "a table is needed here"),
        ("[outbox]\nretry = []", "at least one pause"),
        ("[render]\nworkers = 1.5", "a whole number, not 1.5"),
        ("include = 7", "write a list of files"),
    ],
)
def test_what_does_not_fit_together_is_an_error(tmp_path: Path, section: str, said: str) -> None:
    found = loaded(tmp_path, section)
    assert found.settings is None
    assert any(said in one.message for one in found.problems if one.level == "error")


def test_a_door_that_is_open_to_everybody_is_a_warning(tmp_path: Path) -> None:
    found = loaded(tmp_path, '[smtpd]\nallow = ["0.0.0.0/0"]\n')
    assert [one.level for one in found.problems] == ["warning"]
    assert found.settings is not None


class TestFinding:
    def test_the_option_comes_before_the_environment_and_that_before_the_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        for name in ("maild.toml", "one.toml", "two.toml"):
            (tmp_path / name).touch()
        environ = {"MAILD_CONFIG": "two.toml"}
        assert find_config(Path("one.toml"), environ) == Path("one.toml")
        assert find_config(None, environ) == Path("two.toml")
        assert find_config(None, {}) == Path("maild.toml")

    def test_a_file_that_was_named_and_is_not_there_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"gone\.toml"):
            find_config(tmp_path / "gone.toml", {})

    def test_no_file_at_all_says_where_it_looked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        if Path("/etc/maild/maild.toml").exists():
            pytest.skip("this machine has a maild of its own")
        with pytest.raises(ConfigError, match=r"--config, MAILD_CONFIG, ./maild.toml and /etc/"):
            find_config(None, {})
