"""The pool of child processes: what a job may do, and what becomes of one that does too much."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from maild.children import ChildDied, Children, JobFailed, Limits

pytestmark = pytest.mark.anyio

JOBS = "tests.render.jobs"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
async def pool(request: pytest.FixtureRequest) -> AsyncIterator[Children]:
    """One child, warm unless the test asks for another kind."""
    made = Children(1, **getattr(request, "param", {}))
    yield made
    await made.close()


both = pytest.mark.parametrize("pool", [{}, {"fresh": True}], indirect=True, ids=["warm", "fresh"])


@both
async def test_a_job_gives_back_its_bytes(pool: Children) -> None:
    payload = bytes(range(256)) * 5000
    assert await pool.run(f"{JOBS}:echo", payload) == payload
    assert len(await pool.run(f"{JOBS}:large", b"")) == 10 << 20


@both
async def test_a_job_that_raises_says_why_and_the_next_one_works(pool: Children) -> None:
    with pytest.raises(JobFailed, match="ValueError: no such page"):
        await pool.run(f"{JOBS}:fail", b"no such page")
    assert await pool.run(f"{JOBS}:echo", b"next") == b"next"


@both
@pytest.mark.parametrize(
    ("job", "limits", "reason"),
    [
        ("hang", Limits(wall=0.3), "took longer than 0.3 s"),
        ("spin", Limits(cpu=0.1), "used more than 0.1 s of processor time"),
        ("eat", Limits(memory=512 << 20), "MemoryError"),
        ("abort", Limits(), "SIGABRT: memory allocation of 64 bytes failed"),
    ],
)
async def test_a_job_beyond_its_limits_fails_by_name_and_the_next_one_works(
    pool: Children, job: str, limits: Limits, reason: str
) -> None:
    with pytest.raises((ChildDied, JobFailed), match=reason):
        await pool.run(f"{JOBS}:{job}", b"", limits=limits)
    assert await pool.run(f"{JOBS}:echo", b"next") == b"next"


@both
async def test_what_a_library_prints_does_not_disturb_the_answer(pool: Children) -> None:
    assert await pool.run(f"{JOBS}:chatter", b"") == b"done"
    assert await pool.run(f"{JOBS}:echo", b"next") == b"next"


async def test_an_answer_that_is_too_long_is_refused(pool: Children) -> None:
    with pytest.raises(ChildDied, match="10485760 bytes; 1000 are allowed"):
        await pool.run(f"{JOBS}:large", b"", limits=Limits(answer=1000))
    assert await pool.run(f"{JOBS}:echo", b"next") == b"next"


async def test_warm_children_are_kept_and_fresh_ones_are_not(pool: Children) -> None:
    assert await pool.run(f"{JOBS}:who", b"") == await pool.run(f"{JOBS}:who", b"")
    fresh = Children(1, fresh=True, modules=[JOBS])
    assert await fresh.run(f"{JOBS}:who", b"") != await fresh.run(f"{JOBS}:who", b"")
    await fresh.close()


@pytest.mark.parametrize("pool", [{"recycle_above": 100 << 20}], indirect=True)
async def test_a_child_that_grew_too_large_is_replaced(pool: Children) -> None:
    before = await pool.run(f"{JOBS}:who", b"")
    await pool.run(f"{JOBS}:swell", b"")
    assert await pool.run(f"{JOBS}:who", b"") != before


async def test_a_child_that_died_while_idle_costs_no_job(pool: Children) -> None:
    await pool.start()
    (pid,) = pool.pids
    child = psutil.Process(pid)
    child.kill()
    while child.status() != psutil.STATUS_ZOMBIE:
        await asyncio.sleep(0)
    assert await pool.run(f"{JOBS}:echo", b"works") == b"works"
    assert pool.pids != (pid,)


async def test_a_cancelled_job_leaves_no_answer_for_the_next(pool: Children) -> None:
    hanging = asyncio.create_task(pool.run(f"{JOBS}:hang", b""))
    while not pool._busy:
        await asyncio.sleep(0)
    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging
    assert await pool.run(f"{JOBS}:echo", b"next") == b"next"
    assert len(pool.pids) == 1


async def test_no_more_children_work_at_once_than_allowed() -> None:
    pool = Children(2)
    answers = await asyncio.gather(*(pool.run(f"{JOBS}:who", b"") for _ in range(12)))
    assert len(set(answers)) <= 2
    await pool.close()


async def test_a_child_inherits_no_file_and_no_socket_of_the_daemon(
    pool: Children, tmp_path: Path
) -> None:
    with (tmp_path / "state.sqlite").open("wb") as secret, socket.socket() as door:
        os.set_inheritable(secret.fileno(), True)
        os.set_inheritable(door.fileno(), True)
        seen = (await pool.run(f"{JOBS}:descriptors", b"")).decode().splitlines()
    assert not [link for link in seen if "state.sqlite" in link]
    # The one socket it has is its own line to the pool.
    assert len({link for link in seen if link.startswith("socket:")}) == 1


async def test_a_child_has_no_network_where_the_system_allows_to_take_it(pool: Children) -> None:
    allowed = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    if allowed.returncode:
        pytest.skip("this system gives no process a network of its own")
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        with pytest.raises(JobFailed, match="OSError"):
            await pool.run(f"{JOBS}:connect", str(door.getsockname()[1]).encode())


async def test_closing_ends_every_child_and_its_folder() -> None:
    pool = Children(2)
    await pool.start()
    assert pool._folder is not None
    pids, folder = pool.pids, pool._folder.path
    assert list(folder.iterdir()) == []
    await pool.close()
    await pool.close()
    assert not any(psutil.pid_exists(pid) for pid in pids)
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel to be told of a death")
@pytest.mark.parametrize("fresh", ["True", "False"])
def test_kill_9_of_the_daemon_leaves_no_child(fresh: str, tmp_path: Path) -> None:
    script = f"""
import asyncio, os
from maild.children import Children
async def main():
    pool = Children(2, fresh={fresh})
    await pool.start()
    jobs = [asyncio.create_task(pool.run("{JOBS}:spin", b"")) for _ in range(2)]
    while len(pool._busy) < 2:
        await asyncio.sleep(0)
    print(*pool.pids, flush=True)
    await asyncio.gather(*jobs)
asyncio.run(main())
"""
    daemon = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert daemon.stdout is not None
    children = [psutil.Process(int(pid)) for pid in daemon.stdout.readline().split()]
    grown = [one for child in children for one in child.children(recursive=True)]
    daemon.kill()
    daemon.wait()
    daemon.stdout.close()
    psutil.wait_procs([*children, *grown], timeout=5)
    assert not [one for one in (*children, *grown) if _lives(one)]


def _lives(process: psutil.Process) -> bool:
    try:
        # A zombie is dead; in a container nobody may be there to bury it.
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
