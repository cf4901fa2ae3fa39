"""A clock that is killed at any statement goes on, and nothing is lost or done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ["2026-01", "2026-02"]


def test_a_clock_killed_at_any_statement_does_each_period_once(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "tests.clock.dying", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    lives = [json.loads(line) for line in said.stdout.splitlines()]
    assert [one["statement"] for one in lives] == list(range(1, len(lives) + 1))
    assert [one["killed"] for one in lives] == [True] * (len(lives) - 1) + [False]
    # Two ticks of three schedules and two runs; far fewer would mean that the trap does not see them.
    assert len(lives) >= 50
    for one in lives:
        assert one["did"] == {
            "monthly": dict.fromkeys(MONTHS, 1),
            "weekly": {"2026-W09": 1},
            "export": dict.fromkeys(MONTHS, 1),
        }, one
        assert {name: set(found) for name, found in one["rows"].items()} == {
            "monthly": set(MONTHS),
            "weekly": {"2026-W09"},
            "export": set(MONTHS),
        }, one
        assert one["faults"] == []
