"""Reading a mail in the daemon: here or in a child, with flat memory, and never for ever."""

from __future__ import annotations

import io
import os
import random
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from maild.errors import Unreadable
from maild.ports import Stored
from maild.reading.packed import pieces
from maild.reading.reader import LARGE, MailReader
from maild.reading.sandbox import Parked, Sandbox
from maild.reading.unpacking import IN_MEMORY, Unpacking, close
from maild.reading.wrap import wrap
from maild.store.spool import Spool

pytestmark = pytest.mark.anyio

A_PDF = b"%PDF-1.7\n%%EOF\n"


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[MailReader]:
    sandbox = Sandbox(1)
    yield MailReader(sandbox, lambda: Spool(tmp_path))
    await sandbox.close()


def a_zip(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


async def test_a_small_mail_is_read_without_a_child(reader: MailReader) -> None:
    async with reader.opened(wrap([("f.pdf", A_PDF)])) as mail:
        assert [one.name for one in mail.parts] == ["f.pdf"]
    assert reader.sandbox._children.pids == ()


async def test_an_archive_is_opened_in_a_child(reader: MailReader) -> None:
    raw = wrap([("bills.zip", a_zip(("f.pdf", A_PDF), ("g.xml", b"<Invoice/>")))])
    async with reader.opened(raw) as mail:
        assert [(one.name, one.path, one.content) for one in mail.parts] == [
            ("f.pdf", ("bills.zip",), A_PDF),
            ("g.xml", ("bills.zip",), b"<Invoice/>"),
        ]
    assert len(reader.sandbox._children.pids) == 1


async def test_large_files_of_a_large_mail_lie_on_the_disk_until_the_end(
    reader: MailReader, tmp_path: Path
) -> None:
    large = A_PDF + random.Random(1).randbytes(LARGE)
    spool = Spool(tmp_path)
    spool.write(wrap([("large.pdf", large), ("small.xml", b"<Invoice/>")]))
    raw = spool.finish()
    async with reader.opened(raw) as mail:
        first, second = mail.parts
        assert isinstance(second.body, bytes)
        assert not isinstance(first.body, bytes)
        assert first.body.path.exists()
        assert (first.size, first.content) == (len(large), large)
    raw.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_large_mail_that_is_out_of_bounds_is_refused_in_its_own_words(
    reader: MailReader,
) -> None:
    with pytest.raises(Unreadable, match="too many lines"):
        async with reader.opened(b"Subject: x\r\n\r\n" + b"\n" * 2_500_000):
            pass


async def test_an_archive_over_which_processes_die_stays_closed_and_the_mail_is_read(
    reader: MailReader,
) -> None:
    reader = replace(reader, job="tests.reading.jobs:abort")
    raw = wrap([("bills.zip", a_zip(("f.pdf", A_PDF))), ("g.pdf", A_PDF)])
    async with reader.opened(raw) as mail:
        assert [one.name for one in mail.parts] == ["bills.zip", "g.pdf"]
        [problem] = mail.problems
    assert (problem.code, problem.where) == ("unreadable_archive", "bills.zip")
    assert "a person must look" in problem.message


async def test_a_large_mail_over_which_processes_die_is_parked(reader: MailReader) -> None:
    reader = replace(reader, job="tests.reading.jobs:abort")
    with pytest.raises(Parked):
        async with reader.opened(wrap([("f.pdf", A_PDF + bytes(LARGE))])):
            pass


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000])
async def test_an_answer_is_taken_apart_however_it_is_cut(tmp_path: Path, size: int) -> None:
    bodies = [b"", b"small", bytes(IN_MEMORY), os.urandom(IN_MEMORY + 1)]
    answer = b"".join(pieces({"word": "\u00e9"}, bodies))
    unpacking = Unpacking(lambda: Spool(tmp_path))
    for at in range(0, len(answer), size):
        unpacking.feed(answer[at : at + size])
    head, found = unpacking.finish()
    assert head == {"word": "\u00e9"}
    assert [one if isinstance(one, bytes) else one.read() for one in found] == bodies
    assert [isinstance(one, bytes) for one in found] == [True, True, True, False]
    close(found)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        b"\xff" * 100,
        b"\0\0\0\2\0\0\0\0[]",
        b"\0\0\0\2\0\0\0\0{",
        b"\0\0\0\2\0\0\0\0{}more",
        b"".join(pieces({}, [bytes(IN_MEMORY + 1)]))[:-1],
    ],
)
async def test_an_answer_that_makes_no_sense_leaves_nothing_behind(
    tmp_path: Path, answer: bytes
) -> None:
    unpacking = Unpacking(lambda: Spool(tmp_path))

    def take() -> None:
        unpacking.feed(answer)
        unpacking.finish()

    with pytest.raises(Unreadable, match="no answer that makes sense"):
        take()
    unpacking.drop()
    assert list(tmp_path.iterdir()) == []


def test_a_spooled_file_is_what_a_part_may_hold(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.write(b"x" * 10)
    stored: Stored = spool.finish()
    assert (len(stored), stored.read(3, start=8)) == (10, b"xx")
    stored.close()
