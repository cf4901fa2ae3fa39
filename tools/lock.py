"""Write the three lock files from pyproject.toml: requirements.lock, and with -ocr and -dev in its name.

All hold versions and hashes for Linux and macOS on every Python we support, and no addresses: who
installs decides where from. The first is what maild runs on and is built with; the second is that
with the extra `maild[ocr]`; the third is the second plus the tools of development. Versions are the same in all.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
RUNTIME, OCR, DEV = "requirements.lock", "requirements-ocr.lock", "requirements-dev.lock"
HEADER = "# Made by `make lock` from pyproject.toml; do not edit.\n"
ALWAYS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet"),
)


def main() -> None:
    """Write the locks; arguments such as --upgrade are passed to `uv pip compile`."""
    extra = sys.argv[1:]
    compile_lock(RUNTIME, ["--group", "build", *extra])
    read = ["--extra", "ocr"]
    compile_lock(OCR, ["--group", "build", *read, "--constraint", RUNTIME, *extra])
    compile_lock(DEV, ["--group", "dev", *read, "--constraint", OCR, *extra])


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
