"""Files that include others, and files that a configuration names."""

from __future__ import annotations

from pathlib import Path

from maild.config.loaded import read, secret
from tests.config.samples import loaded, said


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
