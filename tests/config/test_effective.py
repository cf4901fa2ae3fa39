"""Every value in force is told with the place that says it, and nothing secret is."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.config.effective import HIDDEN, Setting, effective
from maild.config.loaded import read
from tests.config.test_example import EXAMPLE

SAID = """include = ["more.toml"]

[smtpd]
listen = ["127.0.0.1:0", "[::1]:0"]
max_size = "20MB"

[alarm]
webhook = "https://hooks.example/services/T0/KANARIE"
command = ["/usr/bin/ring", "KANARIE"]
webhook_token_file = "token"

[connector.http.shop]
url = "https://an:KANARIE@api.shop.example/v1?key=KANARIE"
[connector.http.shop.send]
path = "in"
headers = { X-Api-Key = "KANARIE" }

[mailbox.acme]
host = "imap.example"
username = "in@acme.example"
password_file = "mail.secret"
team = "acme"
senders = { "a.b@x.example" = "acme" }
[[mailbox.acme.rules]]
from = "*@x.example"
[[mailbox.acme.rules]]
take = "mail"
[team.acme]
name = "Acme"
"""


def told(folder: Path, environ: dict[str, str] | None = None, more: str = "") -> dict[str, Setting]:
    (folder / "maild.toml").write_text(SAID, "utf-8")
    (folder / "more.toml").write_text(f'[outbox]\nretry = "10m"\n{more}', "utf-8")
    for name in ("token", "mail.secret"):
        (folder / name).write_text("KANARIE", "utf-8")
        (folder / name).chmod(0o600)
    loaded = read(folder / "maild.toml", environ or {})
    assert loaded.settings is not None, loaded.problems
    return {one.key: one for one in effective(loaded)}


@pytest.mark.parametrize(
    ("key", "value", "source"),
    [
        ("smtpd.listen", '["127.0.0.1:0", "[::1]:0"]', "maild.toml:4"),
        ("smtpd.max_size", '"20MB"', "maild.toml:5"),
        ("smtpd.idle_timeout", '"5m"', ""),
        ("smtpd.tls_cert_file", '""', ""),
        ("mailbox.acme.idle", "true", ""),
        ("mailbox.acme.after.action", '"move"', ""),
        ("mailbox.acme.rules[0].from", '["*@x.example"]', "maild.toml:25"),
        ("mailbox.acme.rules[1].take", '"mail"', "maild.toml:27"),
        ('mailbox.acme.senders."a.b@x.example"', '"acme"', "maild.toml:23"),
    ],
)
def test_a_value_is_told_as_it_would_be_written_with_its_line(
    tmp_path: Path, key: str, value: str, source: str
) -> None:
    found = told(tmp_path)[key]
    assert found.value == value
    assert found.source.rpartition("/")[2] == source
    assert found.by == ("file" if source else "default")


def test_an_included_file_and_the_environment_are_named(tmp_path: Path) -> None:
    found = told(tmp_path, {"MAILD_SMTPD__MAX_RECIPIENTS": "7"})
    assert found["outbox.retry"].source.endswith("more.toml:2")
    one = found["smtpd.max_recipients"]
    assert (one.value, one.by, one.source) == ("7", "environment", "MAILD_SMTPD__MAX_RECIPIENTS")


def test_nothing_secret_is_told(tmp_path: Path) -> None:
    found = told(tmp_path)
    assert "KANARIE" not in repr(found)
    assert found["alarm.webhook"].value == f'"https://hooks.example/{HIDDEN}"'
    shop = found["connector.http.shop.url"].value
    assert shop == f'"https://{HIDDEN}@api.shop.example/v1?{HIDDEN}"'
    assert found["connector.http.shop.send.headers.X-Api-Key"].value == HIDDEN
    # Where a secret lies is none.
    assert found["mailbox.acme.password_file"].value == f'"{tmp_path}/mail.secret"'


def test_every_key_of_the_example_is_told(tmp_path: Path) -> None:
    (tmp_path / "maild.toml").write_text("[maild]\n", "utf-8")
    found = {one.key for one in effective(read(tmp_path / "maild.toml", {}))}
    section = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.partition("]")[0].strip("[")
        key = line.removeprefix("# ").partition(" = ")[0]
        if section in {"maild", "smtpd", "antivirus", "outbox", "alarm", "render", "web", "log"}:
            said = line.startswith("# ") and " = " in line and key.replace("_", "").isalnum()
            assert not said or f"{section}.{key}" in found, f"{section}.{key}"
