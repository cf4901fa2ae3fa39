"""What every test may ask for: the shared material, a free port, one event loop, honest endings.

Servers are in `tests/servers`, builders in `tests/builders*.py`; no test data is made here.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from tests.servers.ports import free_port as a_free_port

pytest_plugins = ["tests.servers.fixtures"]

IN_CI = os.environ.get("CI") == "true"

# Corpora and official schemas lie beside the checkout, read in place and never copied into it.
SHARED = Path(__file__).resolve().parents[2] / "shared"

# In CI the same examples at every run: a red run can be repeated, and a green one means something.
# No deadline anywhere: two busy cores make the time of one example meaningless.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile(
    "here", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if IN_CI else "here")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of corpora and schemas; without it the test is skipped, in CI it fails."""
    if SHARED.is_dir():
        return SHARED
    message = f"the shared corpora are not at {SHARED}"
    if IN_CI:
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on."""
    return a_free_port()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the only loop that maild knows."""
    return "asyncio"


@pytest.fixture(autouse=True)
def no_end_to_patience(request: pytest.FixtureRequest) -> None:
    """Let a test that is meant to take long go on beyond pytest's faulthandler_timeout."""
    if request.node.get_closest_marker("soak"):
        faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="session", autouse=True)
def no_process_is_left_behind() -> Iterator[None]:
    """Fail when a test started a process and did not end it (set up first, so torn down last)."""
    before = {child.pid for child in psutil.Process().children()}
    yield
    left = [child for child in psutil.Process().children() if child.pid not in before]
    ours = [child for child in left if not _is_pythons_own(child)]
    assert not ours, f"tests left processes running: {[_named(child) for child in ours]}"


def _is_pythons_own(child: psutil.Process) -> bool:
    # multiprocessing keeps these two for the life of the interpreter; they end by themselves.
    command = _named(child)
    return "multiprocessing.resource_tracker" in command or "multiprocessing.forkserver" in command


def _named(child: psutil.Process) -> str:
    try:
        return f"{child.pid} {' '.join(child.cmdline()) or child.name()}"
    except psutil.NoSuchProcess:
        return f"{child.pid} (ended meanwhile)"
