"""Finding, reading and judging a configuration; every problem with its file and line."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from textwrap import dedent

import pytest

from maild.config import Loaded, find_config, read, secret
from maild.config_values import Listen
from maild.errors import ConfigError
from maild.rules.lint import lint
from maild.rules.schema import read_teams

# The configuration that the project promises to take as it is.
PROMISED = """\
[maild]
data_dir = "state"
hostname = "post.example"

[smtpd]
listen = "127.0.0.1:2525"        # "127.0.0.1:0" picks a free port
allow = ["127.0.0.0/8"]          # who may hand in without a login

[connector.smtp.relay]
host = "127.0.0.1"
port = 2526
tls = "none"                     # "starttls" is the default; "none" is accepted for loopback only

[team.acme]
name = "Acme BV"
vat = "BE0123456749"
language = "nl"
addresses = ["acme@post.example"]
from = "Acme BV <facturen@acme.example>"

[team.acme.recipients]
accountant = { via = "relay", address = "an@kantoor.example", profile = "mailbox" }
books      = { via = "relay", address = "Acme.Verkoop@Inbox.Example", profile = "yuki" }
owner      = { via = "relay", address = "baas@acme.example", profile = "mailbox" }

[[team.acme.rules]]
name = "invoices and credit notes to the accountant and into the books"
kinds = ["invoice", "credit_note"]
to = ["accountant", "books"]

[[team.acme.rules]]
name = "quotes to the owner"
kinds = ["quote"]
to = ["owner"]

[[team.acme.rules]]
name = "what we buy, to the accountant"
kinds = ["purchase_invoice", "purchase_credit_note"]
to = ["accountant"]
"""


def loaded(
    folder: Path, text: str, *, environ: dict[str, str] | None = None, **more: str
) -> Loaded:
    """What `read` makes of a maild.toml with this text, and of files beside it."""
    for name, content in more.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), encoding="utf-8")
    (folder / "maild.toml").write_text(dedent(text), encoding="utf-8")
    return read(folder / "maild.toml", environ or {})


def said(of: Loaded, folder: Path) -> list[str]:
    """Its problems as a person reads them, without the folder."""
    return [of.line(one).replace(f"{folder}/", "") for one in of.in_order()]


def test_the_promised_configuration_works_as_written(tmp_path: Path) -> None:
    found = loaded(tmp_path, PROMISED)
    assert found.problems == ()
    teams, problems = read_teams(found.teams, connectors=found.connectors)
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
    _, problems = read_teams(found.teams, connectors=found.connectors)
    lines = [found.line(one).removeprefix(f"{tmp_path}/") for one in found.in_order(problems)]
    assert [line.split(": ")[0] for line in lines] == ["maild.toml:12", "maild.toml:34"]
    assert 'team.acme.rules[1].to: "ownr" is no recipient of team acme; did you mean' in lines[1]


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


class TestIncludes:
    def test_teams_come_from_files_of_their_own_with_their_own_lines(self, tmp_path: Path) -> None:
        found = loaded(
            tmp_path,
            'include = ["teams.d/*.toml"]\n[maild]\n',
            teams__b_toml='[team.b]\nname = "B"\n',
            teams__a_toml='\n[team.a]\nname = "A"\nbranding.logo = "a.svg"\n',
        )
        (tmp_path / "teams").rename(tmp_path / "teams.d")
        found = read(tmp_path / "maild.toml", {})
        assert list(found.teams) == ["a", "b"]
        assert found.where("team.a.name") == f"{tmp_path}/teams.d/a.toml:3"
        assert found.where("team.b.vat") == f"{tmp_path}/teams.d/b.toml:1"
        assert found.teams["a"]["branding"]["logo"] == f"{tmp_path}/teams.d/a.svg"

    def test_one_key_in_two_files_is_an_error_that_names_both(self, tmp_path: Path) -> None:
        found = loaded(
            tmp_path,
            'include = ["more.toml"]\n[team.a]\nname = "A"\n',
            more_toml='[team.a]\nvat = "x"\nname = "B"\n',
        )
        assert said(found, tmp_path) == [
            f"more.toml:3: team.a.name: is said in {tmp_path}/maild.toml:3 already; leave one of "
            "them out".replace(f"{tmp_path}/", "")
        ]

    def test_a_broken_file_is_told_and_the_others_are_read(self, tmp_path: Path) -> None:
        found = loaded(
            tmp_path,
            'include = ["*.team.toml", "gone.toml"]\n[maild]\nhostnme = ""\n',
            a_team_toml="[team.a]\nname = \n",
            b_team_toml='include = []\n[team.b]\nname = "B"\n',
        )
        assert list(found.teams) == ["b"]
        assert [line.split(": ")[0] for line in said(found, tmp_path)] == [
            "maild.toml:1",
            "maild.toml:3",
            "b.team.toml:1",
            "a.team.toml:2",
        ]


class TestEnvironment:
    def test_a_variable_overrides_a_key_and_lists_are_written_as_in_the_file(
        self, tmp_path: Path
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

    def test_a_wrong_variable_is_told_by_its_name(self, tmp_path: Path) -> None:
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


class TestFiles:
    def test_files_that_cannot_be_read_are_told(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "file").touch()
        found = loaded(
            tmp_path,
            """\
            [maild]
            data_dir = "file"
            [smtpd]
            users_file = "gone"
            tls_cert_file = "folder"
            tls_key_file = "file"
            [team.a.branding]
            logo = "file/x"
            """,
        )
        told = said(found, tmp_path)
        assert told[0] == "maild.toml:2: maild.data_dir: file is no folder"
        assert told[1] == "maild.toml:4: smtpd.users_file: there is no file gone"
        assert told[2] == "maild.toml:5: smtpd.tls_cert_file: folder is a folder"
        assert told[3].startswith("maild.toml:6: smtpd.tls_key_file: everybody here can read file")
        assert told[4].startswith("maild.toml:8: team.a.branding.logo: file/x cannot be read")

    def test_two_folders_with_one_path_are_told(self, tmp_path: Path) -> None:
        text = "[team.a]\n" + "".join(
            f'[folder.{name}]\npath = "in"\nteam = "a"\n' for name in ("one", "two")
        )
        [line] = said(loaded(tmp_path, text), tmp_path)
        assert line == "maild.toml:6: folder.two.path: folder.one watches in already"

    def test_a_secret_is_read_without_the_line_end_of_its_editor(self, tmp_path: Path) -> None:
        (tmp_path / "relay.password").write_text(" geheim \r\n", encoding="utf-8")
        assert secret(tmp_path / "relay.password") == " geheim "


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
        with pytest.raises(ConfigError, match="gone.toml"):
            find_config(tmp_path / "gone.toml", {})

    def test_no_file_at_all_says_where_it_looked(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        if Path("/etc/maild/maild.toml").exists():
            pytest.skip("this machine has a maild of its own")
        with pytest.raises(ConfigError, match=r"--config, MAILD_CONFIG, ./maild.toml and /etc/"):
            find_config(None, {})
