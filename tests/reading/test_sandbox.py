"""The sandbox: what comes back from a process that may die, and in which words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maild.errors import Unreadable
from maild.reading.packed import pack, unpack
from maild.reading.sandbox import Parked, Sandbox

pytestmark = pytest.mark.anyio

JOBS = "tests.reading.jobs"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    made = Sandbox(1)
    yield made
    await made.close()


async def test_a_job_answers_with_a_head_and_bodies(sandbox: Sandbox) -> None:
    head, bodies = unpack(await sandbox.run(f"{JOBS}:describe", b"\x00\xff" * 1000))
    assert head == {"size": 2000, "word": "é"}
    assert bodies == [b"\x00\xff" * 1000, b""]


async def test_what_a_job_says_of_a_file_comes_back_in_its_own_words(sandbox: Sandbox) -> None:
    with pytest.raises(
        Unreadable, match=r"^the file has 200,000 pages; maild reads at most 1,000$"
    ):
        await sandbox.run(f"{JOBS}:complain", b"")


async def test_what_a_library_says_of_a_file_is_for_the_log_only(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable, match="damaged") as caught:
        await sandbox.run(f"{JOBS}:stumble", b"")
    assert "Root" not in str(caught.value)
    assert caught.value.detail == "KeyError: '/Root'"


async def test_a_file_that_takes_too_much_memory_is_told_as_such(sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable, match="more than the 1024 MB of memory"):
        await sandbox.run(f"{JOBS}:swallow", b"")


async def test_a_file_over_which_two_processes_die_is_parked(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(Parked, match=r"tried 2 times.*the process died of SIGABRT; it is kept"):
        await sandbox.run(f"{JOBS}:die", str(mark).encode())
    assert mark.read_bytes() == b"xx"
    assert unpack(await sandbox.run(f"{JOBS}:describe", b"next"))[1][0] == b"next"


async def test_a_process_that_dies_once_is_no_verdict(sandbox: Sandbox, tmp_path: Path) -> None:
    assert await sandbox.run(f"{JOBS}:die_once", str(tmp_path / "mark").encode()) == b"done"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x00\x00",
        pack({}, [b"body"])[:-1],
        pack({}) + b"more",
        b"\xff" * 40,
        b"\x00\x00\x00\x02\x00\x00\x00\x00[]",
        b"\x00\x00\x00\x04\x00\x00\x00\x00\xff\xff\xff\xff",
    ],
    ids=["nothing", "short", "cut", "more", "huge counts", "no object", "no text"],
)
async def test_an_answer_that_makes_no_sense_is_refused_in_words(answer: bytes) -> None:
    with pytest.raises(Unreadable, match="no answer that makes sense"):
        unpack(answer)
