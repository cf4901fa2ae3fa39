"""Disk, clock, SQLite and the files that must be shut."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from maild.config.settings import Settings
from maild.doctor import machine
from maild.doctor.finding import Finding
from maild.store.vitals import Vitals
from tests.config.samples import loaded
from tests.config.test_accounts import GOOD

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CALM = Vitals("wal", NOW - timedelta(hours=1))


class Usage(NamedTuple):
    """What `shutil.disk_usage` gives."""

    free: int


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A configuration whose files with secrets are there and shut."""
    for name in ("client.secret", "maild.secret"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    (tmp_path / "state").mkdir(mode=0o700)
    text = GOOD + f'client_secret_file = "{tmp_path}/client.secret"\n'
    found = loaded(tmp_path, text).settings
    assert found is not None
    return found


def levels(found: Iterable[Finding]) -> list[str]:
    return [one.level for one in found]


@pytest.mark.parametrize(
    ("free", "level"),
    [(69_999_999, "error"), (999_999_999, "warning"), (1_000_000_000, "good")],
)
def test_the_disk_needs_room_for_two_of_the_largest_mails(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free: int, level: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free))
    assert levels(machine.disk(settings)) == [level]


def test_a_folder_that_others_can_look_into_is_told(settings: Settings) -> None:
    settings.maild.data_dir.chmod(0o755)
    [_, told] = machine.disk(settings)
    assert (told.level, told.next) == ("warning", f"chmod go= {settings.maild.data_dir}")


def test_every_file_with_a_secret_is_looked_at(settings: Settings, tmp_path: Path) -> None:
    found = {one.about: one.level for one in machine.secrets(settings)}
    assert found == {"maild.secret_file": "good", "account.acme-mail.client_secret_file": "good"}
    (tmp_path / "client.secret").chmod(0o604)
    (tmp_path / "maild.secret").chmod(0o640)
    told = {one.about: one for one in machine.secrets(settings)}
    assert {one.level for one in told.values()} == {"error"}
    assert told["maild.secret_file"].next == f"chmod 600 {tmp_path}/maild.secret"


@pytest.mark.parametrize(
    ("now", "latest", "said"),
    [
        (datetime(1970, 1, 1, 0, 5, tzinfo=UTC), None, "it was never set"),
        (NOW, NOW + timedelta(hours=1), "but something was written at 2026-11-24 13:00"),
    ],
)
def test_a_clock_that_cannot_be_right_is_an_error(
    now: datetime, latest: datetime | None, said: str
) -> None:
    [told] = machine.clock(now, vitals=Vitals("wal", latest))
    assert told.level == "error"
    assert said in told.said


def test_a_clock_that_nobody_keeps_is_a_warning_and_no_more() -> None:
    [told] = machine.clock(NOW, vitals=CALM)
    assert told.level in {"good", "warning"}  # what the kernel of this machine says


@pytest.mark.parametrize(
    ("version", "journal", "level"),
    [("3.40.1", "wal", "error"), ("3.51.3", "wal", "good"), ("3.53.4", "delete", "error")],
)
def test_a_sqlite_that_loses_data_is_an_error(version: str, journal: str, level: str) -> None:
    assert levels(machine.sqlite(version, vitals=Vitals(journal, None))) == [level]


def test_scans_are_read_or_it_says_what_to_install() -> None:
    (there,), (missing,) = list(machine.scans(ocr=True)), list(machine.scans(ocr=False))
    assert (there.level, there.next) == ("good", "")
    assert missing.level == "note"
    assert "maild[ocr]" in missing.next
