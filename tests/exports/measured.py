"""A command as a process, with the most memory that it held."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# The system's own count for an ended child begins with what its parent held, so the process tells.
_CODE = """
import atexit, sys
from pathlib import Path
at = sys.argv.pop(1)
atexit.register(lambda: Path(at).write_text(Path("/proc/self/status").read_text()))
from maild.cli.main import main
main()
"""
# As it is installed: with its modules compiled, which some environments forbid.
_INSTALLED = {key: one for key, one in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Done:
    """How long it took in seconds, and its peak in megabytes (10^6)."""

    took: float
    megabytes: float


def measured(folder: Path, *arguments: str, within: float) -> Done:
    """Run `maild` with these arguments in a folder; it has to succeed."""
    status = folder / "status.txt"
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", _CODE, str(status), *arguments],
        cwd=folder,
        env=_INSTALLED,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=within,
    )
    took = time.perf_counter() - began
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert found
    return Done(took, int(found[1]) * 1024 / 1e6)
