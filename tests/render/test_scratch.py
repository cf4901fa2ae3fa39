"""The empty folders of child processes: made, locked, and cleared when nobody uses them any more."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from maild import scratch
from maild.scratch import EmptyFolder

# Makes one in a process of its own, says where, and waits.
HOLDER = """
import sys
from maild.scratch import EmptyFolder
print(EmptyFolder().path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /tmp of its own, where nothing is too young."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(scratch, "_SETTLED_AFTER", -1.0)
    return tmp_path


@contextmanager
def held(*, killed: bool = False) -> Iterator[Path]:
    """A folder of another process, which is killed before or after it is looked at."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir()
        if killed:
            process.kill()
            process.wait()
        yield folder
        process.kill()


def test_what_a_killed_process_left_is_gone_at_the_next_start_and_what_is_used_is_not() -> None:
    with held() as used, held(killed=True) as left:
        mine = EmptyFolder()
        assert (left.exists(), used.is_dir(), mine.path.is_dir()) == (False, True, True)
        mine.remove()
        assert not mine.path.exists()


def test_a_young_one_a_full_one_and_what_only_bears_the_name_stay(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, other, link = (temporary / f"maild-empty-{name}" for name in ("full", "file", "link"))
    full.mkdir()
    (full / "kept").touch()
    other.touch()
    (temporary / "elsewhere").mkdir()
    link.symlink_to(temporary / "elsewhere")
    scratch.clear_left_behind()
    assert full.is_dir()
    assert other.is_file()
    assert link.is_symlink()
    assert (temporary / "elsewhere").is_dir()
    monkeypatch.setattr(scratch, "_SETTLED_AFTER", 60.0)
    young = temporary / "maild-empty-young"
    young.mkdir()
    scratch.clear_left_behind()
    assert young.is_dir()


def test_nobody_can_write_into_it() -> None:
    made = EmptyFolder()
    assert made.path.stat().st_mode & 0o777 == 0o500
    assert list(made.path.iterdir()) == []
    made.remove()
