from __future__ import annotations

import subprocess
import sys

BROKEN = """
from maild.cli import main

def wheel() -> None:
    raise RuntimeError("a wheel came off")

main.maild.command()(wheel)
main.main()
"""


def test_a_fault_of_ours_ends_with_its_own_exit_code() -> None:
    said = subprocess.run(
        [sys.executable, "-c", BROKEN, "wheel"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 70
    assert "a wheel came off" in said.stderr


def test_the_version_is_told_without_a_configuration() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "maild", "--version"], capture_output=True, text=True, check=True
    )
    assert said.stdout.startswith("maild ")
