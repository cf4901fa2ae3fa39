"""What every test of the spine starts from: a sink as the outside world, and a house beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from tests.spine.fast import FastClock, by
from tests.spine.house import ROOT, SHADOW, Daemon, House, configured
from tests.spine.sinks import Sink
from tests.spine.year import PACE, FastHouse


class Running(Protocol):
    """Starts a daemon that ends with the test."""

    def __call__(self, *changes: tuple[str, str], more: str = "") -> Daemon:
        """`changes` and `more` as in `configured`."""
        ...


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of the run keep what Python compiled for them."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail sink that listens."""
    one = Sink()
    one.start()
    yield one
    one.stop()


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    """Commands and daemons run this checkout, and know of no other configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MAILD_CONFIG", raising=False)
        paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in paths if path))
        yield


@pytest.fixture
def house(tmp_path: Path, bytecode: Path) -> House:
    """An empty folder, and commands that are run in it."""
    folder = tmp_path / "house"
    folder.mkdir()
    return House(folder, bytecode=bytecode)


@pytest.fixture
def fast_house(tmp_path: Path, bytecode: Path) -> Iterator[FastHouse]:
    """A house by a clock of its own, on the first of January 2027; this process goes by it too."""
    folder = tmp_path / "house"
    folder.mkdir()
    clock = FastClock.made(tmp_path / "clock", at=datetime(2027, 1, 1, 6, tzinfo=UTC), pace=PACE)
    with by(clock):
        yield FastHouse(folder, bytecode=bytecode, clock=clock)


@pytest.fixture
def run(house: House, sink: Sink) -> Iterator[Running]:
    """A function that writes the configuration and starts the daemon, whose mail goes to the sink."""
    with contextlib.ExitStack() as stack:

        def start(*changes: tuple[str, str], more: str = "") -> Daemon:
            house.write(configured(sink.port, *changes, more=more))
            return stack.enter_context(house.running())

        yield start


@dataclass(frozen=True, slots=True)
class Shared:
    """A house whose daemon runs through all tests of a module: each looks at what it added itself."""

    house: House
    daemon: Daemon


@pytest.fixture(scope="module")
def open_door(tmp_path_factory: pytest.TempPathFactory, bytecode: Path) -> Iterator[Shared]:
    """A daemon that only takes and refuses: in shadow mode, so nothing leaves."""
    house = House(tmp_path_factory.mktemp("open_door"), bytecode=bytecode)
    house.write(configured(9, SHADOW))
    with house.running() as daemon:
        yield Shared(house, daemon)
