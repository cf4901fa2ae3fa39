"""Write requirements.lock and requirements-dev.lock from pyproject.toml.

Both hold versions and hashes for Linux and macOS on every Python we support, and no addresses: who
installs decides where from. The first is what maild runs on and is built with; the second is that
plus the tools of development, at the same versions.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
RUNTIME, DEV = "requirements.lock", "requirements-dev.lock"
HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"
ALWAYS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet"),
)


def main() -> None:
    """Write both locks; arguments such as --upgrade are passed to `uv pip compile`."""
    extra = sys.argv[1:]
    compile_lock(RUNTIME, ["--group", "build", *extra])
    compile_lock(DEV, ["--group", "dev", "--constraint", RUNTIME, *extra])


def compile_lock(name: str, options: list[str]) -> None:
    """Resolve pyproject.toml with these options into the file `name`."""
    lock = ROOT / name
    line = [str(UV), "pip", "compile", "pyproject.toml", *ALWAYS, *options, "--output-file", name]
    subprocess.run(line, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    text = lock.read_text()
    if "://" in text:
        sys.exit(f"{name} holds an address; is a dependency named by its address?")
    lock.write_text(HEADER + text)
    print(f"{name}: {sum('==' in row for row in text.splitlines())} packages")


if __name__ == "__main__":
    main()
