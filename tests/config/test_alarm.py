"""[alarm]: what is wrong with it is said in words, with the key that has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.config.loaded import read

RELAY = '[connector.smtp.second]\nhost = "127.0.0.1"\ntls = "none"\n'


@pytest.mark.parametrize(
    ("written", "key", "said"),
    [
        ('relay = "secnd"\nto = ["a@b.example"]', "alarm.relay", 'did you mean "second"'),
        ('relay = "second"', "alarm", "relay and to belong together"),
        ('to = ["a@b.example"]', "alarm", "relay and to belong together"),
        ('webhook = "http://ntfy.example/x"', "alarm.webhook", "no https address"),
        ('webhook = "ntfy.example/x"', "alarm.webhook", "no https address"),
        ('command = "page me"', "alarm.command", "write a list"),
        ('relay = "second"\nto = ["nobody"]', "alarm.to", "nobody"),
        ('webhook_token_file = "/dev/null"', "alarm", "needs a webhook"),
        ('disk_free = "much"', "alarm.disk_free", "write a size"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, written: str, key: str, said: str) -> None:
    path = tmp_path / "maild.toml"
    path.write_text(f"{RELAY}[alarm]\n{written}\n")
    found = [one for one in read(path, {}).problems if one.level == "error"]
    assert any(one.key.startswith(key) and said in str(one) for one in found), found


def test_all_roads_together_are_right(tmp_path: Path) -> None:
    path = tmp_path / "maild.toml"
    path.write_text(
        f'{RELAY}[alarm]\nwebhook = "https://ntfy.example/x"\ncommand = ["page-me"]\n'
        'relay = "second"\nto = ["a@b.example"]\nfrom = "c@b.example"\n'
    )
    settings = read(path, {}).settings
    assert settings is not None
    assert settings.alarm.sender == "c@b.example"
