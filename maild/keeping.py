"""Backups: taken beside the daemon, looked through, put back. Every face does it through here.

What a backup is stands in `maild.store.backup`, what a restore changes in `maild.store.restore`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from maild import __version__, teams
from maild.actions import utc_now
from maild.errors import ConfigError
from maild.store import backup, restore
from maild.store.lock import StateLock


def back_up(
    config: str | Path | None, file: Path, *, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Write the store of a configuration to a new file; the store is not changed or locked.

    Raises ConfigError, UserError. `lost` names blobs that the store lacks already.
    """
    data_dir, now = _data_dir(config), utc_now()
    written = backup.write(
        data_dir, file.absolute(), version=__version__, taken_at=now, progress=progress
    )
    return {
        "file": str(written.file),
        "taken_at": now.isoformat(),
        "size": written.size,
        "files": written.files,
        "lost": list(written.lost),
    }


def verify(config: str | Path | None, file: Path | None, *, repair: bool = False) -> dict[str, Any]:
    """Say what is wrong with a backup, or with the store of a configuration when no file is named.

    `repair` counts anew in the store what is kept as counts, and says in `repaired` what was wrong with
    these; nothing else is changed. Raises UserError while a daemon runs on it.
    """
    repaired = _repaired(_data_dir(config)) if repair else ()
    if file is not None:
        found = restore.verify_file(file)
    else:
        found = restore.verify_store(_data_dir(config))
    return {
        "file": str(file) if file else None,
        "taken_at": found.taken_at,
        "files": found.files,
        "problems": list(found.problems),
        "repaired": list(repaired),
    }


def put_back(file: Path, into: Path) -> dict[str, Any]:
    """Restore a backup into an empty folder; what was to leave is held. Raises UserError."""
    done = restore.restore(file, into.absolute(), now=utc_now())
    return {
        "data_dir": str(into.absolute()),
        "taken_at": done.taken_at,
        "files": done.files,
        "held": done.held,
        "lost": list(done.lost),
    }


def _repaired(data_dir: Path) -> tuple[str, ...]:
    lock = StateLock(data_dir)
    lock.acquire()
    try:
        return restore.repair_store(data_dir)
    finally:
        lock.release()


def _data_dir(config: str | Path | None) -> Path:
    checked = teams.check(config)
    if checked.loaded.settings is None:
        raise ConfigError(checked.errors)
    return checked.loaded.settings.maild.data_dir
