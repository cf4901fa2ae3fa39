"""The lock files fit pyproject.toml: whoever changes a dependency runs `make lock`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-ocr.lock", "requirements-dev.lock")
PINNED = re.compile(r"^([a-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    return dict(PINNED.findall((ROOT / lock).read_text()))


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def unmet(wanted: list[str], pinned: dict[str, str]) -> list[str]:
    requirements = [Requirement(line) for line in wanted]
    return [
        str(one)
        for one in requirements
        if not one.specifier.contains(pinned.get(canonicalize_name(one.name), "0"))
    ]


def groups(*names: str) -> list[str]:
    table = project()["dependency-groups"]
    return [line for name in names for line in table[name] if isinstance(line, str)]


def test_the_runtime_lock_holds_what_maild_runs_on_and_is_built_with() -> None:
    wanted = project()["project"]["dependencies"] + groups("build")
    assert unmet(wanted, pins("requirements.lock")) == []


def test_the_dev_lock_holds_the_runtime_lock_and_every_tool() -> None:
    dev = pins("requirements-dev.lock")
    assert pins("requirements.lock").items() <= dev.items()
    assert unmet(groups("check", "test", "bench", "lock", "build"), dev) == []


def test_the_lock_with_ocr_holds_the_runtime_lock_and_the_extra() -> None:
    read = pins("requirements-ocr.lock")
    assert (
        pins("requirements.lock").items() <= read.items() <= pins("requirements-dev.lock").items()
    )
    assert unmet(project()["project"]["optional-dependencies"]["ocr"], read) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    entries = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(entries) == len(PINNED.findall(text)) > 30
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
