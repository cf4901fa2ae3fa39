"""Every fault that docs/faults.md lists has a test; that the tests exist is looked at in test_pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
ROWS = [
    [cell.strip() for cell in line.strip("| ").split(" | ")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith(("| Fault |", "| ---"))
]


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_fault_has_what_happens_and_a_test(row: list[str]) -> None:
    fault, happens, tests = row
    assert fault
    assert happens
    assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`(, `tests/[\w/]+\.py::test_\w+`)*", tests)


def test_no_fault_is_listed_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)
