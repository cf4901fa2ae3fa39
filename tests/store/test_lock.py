from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from maild.errors import UserError
from maild.store import lock
from maild.store.lock import StateLock, holder

ROOT = Path(__file__).resolve().parents[2]
HOLDER = """
import sys, pathlib
from maild.store.lock import StateLock
StateLock(pathlib.Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_daemon_is_refused_with_the_process_that_runs(tmp_path: Path) -> None:
    first = StateLock(tmp_path)
    first.acquire()
    with pytest.raises(UserError, match=rf"process {os.getpid()}\b"):
        StateLock(tmp_path).acquire()
    first.release()
    first.release()
    StateLock(tmp_path).acquire()


def test_the_holder_is_known_while_it_runs_and_forgotten_when_it_is_killed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "state"
    assert holder(folder) is None
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"held\n"
    assert holder(folder) == child.pid
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert holder(folder) is None
    StateLock(folder).acquire()


def test_looking_takes_nothing(tmp_path: Path) -> None:
    one = StateLock(tmp_path)
    one.acquire()
    one.release()
    assert holder(tmp_path) is None
    one.acquire()
    assert holder(tmp_path) == os.getpid()
    one.release()


def test_a_network_file_system_is_refused(tmp_path: Path) -> None:
    mounts = (
        "/dev/vda / ext4 rw 0 0\n"
        f"server:/export {tmp_path}/far\\040away nfs4 rw 0 0\n"
        f"/dev/vdb {tmp_path}/far\\040away/near ext4 rw 0 0\n"
    )
    far = tmp_path / "far away"
    assert lock.file_system(far / "state", mounts=mounts) == "nfs4"
    assert lock.file_system(far / "near" / "state", mounts=mounts) == "ext4"
    assert lock.file_system(tmp_path, mounts=mounts) == "ext4"
    assert lock.file_system(tmp_path, mounts="") == ""
