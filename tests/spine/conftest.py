"""What every test of the spine starts from: a sink as the outside world, and a house beside it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.spine.house import ROOT, Daemon, House, configured
from tests.spine.sinks import Sink


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


@pytest.fixture
def house(tmp_path: Path, bytecode: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """An empty folder, and commands that are run in it."""
    monkeypatch.delenv("MAILD_CONFIG", raising=False)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    folder = tmp_path / "house"
    folder.mkdir()
    return House(folder, bytecode=bytecode)


@pytest.fixture
def run(house: House, sink: Sink) -> Iterator[Running]:
    """A function that writes the configuration and starts the daemon, whose mail goes to the sink."""
    with contextlib.ExitStack() as stack:

        def start(*changes: tuple[str, str], more: str = "") -> Daemon:
            house.write(configured(sink.port, *changes, more=more))
            return stack.enter_context(house.running())

        yield start
