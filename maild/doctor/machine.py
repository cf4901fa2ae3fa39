"""What maild needs of its machine: room on the disk, a clock that is right, a sound SQLite, shut files."""

from __future__ import annotations

import ctypes
import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from maild.config.problems import SECRETS
from maild.config.settings import Settings
from maild.doctor.finding import Finding, Level
from maild.outbox.retry import BUILT
from maild.store.vitals import Vitals

GIGABYTE: Final = 1_000_000_000
# Before it, two processes that write can damage the file (sqlite.org/wal.html#walresetbug).
SOUND_SQLITE: Final = (3, 51, 3)
SLACK: Final = timedelta(minutes=2)
_TIMEX_SIZE: Final = 256  # octets; struct timex has 208 on 64-bit Linux
_UNSYNCHRONISED: Final = 5  # TIME_ERROR of adjtimex(2)


def disk(settings: Settings) -> Iterator[Finding]:
    """Room where documents are kept; the door refuses mail under twice its largest (mail.md 6.1)."""
    folder, least = settings.maild.data_dir, 2 * settings.smtpd.max_size
    free = shutil.disk_usage(folder).free
    level: Level = "error" if free < least else "warning" if free < GIGABYTE else "good"
    hint = "make room, or move data_dir to a larger disk" if level != "good" else ""
    said = f"{free / GIGABYTE:.1f} GB free"
    yield Finding("disk", str(folder), level, said, next=hint)
    if mode := stat.S_IMODE(folder.stat().st_mode) & 0o077:
        said = f"others on this machine can look into it (mode {mode:03o})"
        yield Finding("disk", str(folder), "warning", said, next=f"chmod go= {folder}")


def secrets(settings: Settings) -> Iterator[Finding]:
    """The files that hold passwords and keys: there, and shut."""
    for key, path in _files(settings, ""):
        if not path.exists():
            continue  # the configuration has told, or maild makes it when it is first needed
        mode = stat.S_IMODE(path.stat().st_mode)
        # A group may be let in on purpose (a service's own); the key that opens the database not.
        forbidden = 0o077 if key == "maild.secret_file" else 0o007
        if mode & forbidden:
            said = f"others on this machine can read {path} (mode {mode:03o})"
            yield Finding("secrets", key, "error", said, next=f"chmod 600 {path}")
        else:
            yield Finding("secrets", key, "good", f"{path} is shut (mode {mode:03o})")


def clock(now: datetime, *, vitals: Vitals) -> Iterator[Finding]:
    """Whether the clock can be right: set, not behind what was written down, kept by somebody."""
    hint = "set it, and let chrony or systemd-timesyncd keep it"
    if now < BUILT:
        yield Finding(
            "clock", "now", "error", f"it says {now:%Y-%m-%d}; it was never set", next=hint
        )
    elif vitals.latest is not None and vitals.latest > now + SLACK:
        said = f"it says {now:%Y-%m-%d %H:%M}, but something was written at {vitals.latest:%Y-%m-%d %H:%M}"
        yield Finding("clock", "now", "error", f"{said} (UTC)", next=hint)
    elif not _is_kept():
        said = "nothing keeps it right (the kernel says unsynchronised)"
        yield Finding("clock", "now", "warning", said, next="run chrony or systemd-timesyncd")
    else:
        yield Finding("clock", "now", "good", f"{now:%Y-%m-%d %H:%M:%S} UTC, kept right")


def sqlite(version: str, *, vitals: Vitals) -> Iterator[Finding]:
    """Whether this SQLite keeps what it is given."""
    if tuple(int(one) for one in version.split(".")) < SOUND_SQLITE:
        least = ".".join(map(str, SOUND_SQLITE))
        said = f"{version} can damage the database when two processes write; {least} does not"
        yield Finding("sqlite", "version", "error", said, next="pip install pysqlite3")
    elif vitals.journal != "wal":
        said = f"{version}, but the journal is {vitals.journal} and not wal"
        yield Finding("sqlite", "journal", "error", said, next="start `maild run` once")
    else:
        yield Finding("sqlite", "version", "good", f"{version}, WAL")


def scans(*, ocr: bool) -> Iterator[Finding]:
    """Whether scans and photos are read, which takes an extra. One may well do without."""
    if ocr:
        yield Finding("reading", "ocr", "good", "scans and photos are read")
    else:
        said = "scans and photos of purchases are not read: they wait for a person"
        yield Finding("reading", "ocr", "note", said, next='to read them: install "maild[ocr]"')


def _files(section: BaseModel | Any, key: str) -> Iterator[tuple[str, Path]]:
    """Every key that names a file with a secret, in whatever section."""
    for name in type(section).model_fields:
        value = getattr(section, name)
        full = f"{key}.{name}" if key else name
        if isinstance(value, BaseModel):
            yield from _files(value, full)
        elif isinstance(value, dict):
            for inner, one in value.items():
                if isinstance(one, BaseModel):
                    yield from _files(one, f"{full}.{inner}")
        elif name in SECRETS and isinstance(value, Path):
            yield full, value


def _is_kept() -> bool:
    """What adjtimex(2) says; where there is none (macOS), nothing is known against the clock."""
    try:
        ask = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return True
    # All zero: `modes` is the first field, and none means to look and not to set.
    return int(ask(ctypes.create_string_buffer(_TIMEX_SIZE))) != _UNSYNCHRONISED
