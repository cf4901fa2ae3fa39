from __future__ import annotations

import asyncio
import hashlib
import itertools
import tracemalloc
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.intake.smtp_body import Body, Unstuffing, read_body
from maild.store.spool import Spool, Spooled

_TOKENS = st.sampled_from(
    [b"\r\n", b"\r", b"\n", b".", b"..", b"\r\n.", b"\0", b"\xff", b"text", b"\r\n.\r", b"\n.\n"]
)
BODIES = st.one_of(
    st.lists(_TOKENS, max_size=200).map(b"".join),
    st.lists(_TOKENS, max_size=20).map(lambda some: b"x" * 200_000 + b"".join(some)),
)


def stuffed(body: bytes) -> bytes:
    """What a client sends for a body that ends with CRLF (RFC 5321 section 4.5.2)."""
    lines = body.split(b"\r\n")
    return b"\r\n".join(b"." + one if one.startswith(b".") else one for one in lines) + b".\r\n"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


async def received(reader: asyncio.StreamReader, parts: Path, *, limit: int) -> Body:
    body = Body(limit=limit, spool=partial(Spool, parts))
    await read_body(reader, body, progress=lambda: None)
    return body


async def content(body: Body) -> bytes | None:
    """What was kept; a file is gone afterwards."""
    original = await body.finished()
    if not isinstance(original, Spooled):
        return original
    found = original.read()
    assert (len(original), original.sha256) == (len(found), hashlib.sha256(found).hexdigest())
    original.close()
    return found


@settings(max_examples=300, deadline=None)
@given(BODIES, st.integers(1, 100_000))
async def test_every_body_arrives_byte_for_byte_and_what_follows_is_left(
    parts: Path, body: bytes, segment: int
) -> None:
    body += b"\r\n"
    reader = asyncio.StreamReader(limit=65_536)
    stream = stuffed(body) + b"NOOP\r\n"

    async def feed() -> None:
        for at in range(0, len(stream), max(segment, len(stream) // 400)):
            reader.feed_data(stream[at : at + max(segment, len(stream) // 400)])
            await asyncio.sleep(0)

    feeding = asyncio.create_task(feed())
    got = await received(reader, parts, limit=1_000_000)
    await feeding
    assert got.size == len(stuffed(body)) - len(b".\r\n")
    assert await content(got) == body
    assert await reader.readline() == b"NOOP\r\n"
    assert list(parts.iterdir()) == []


@given(st.lists(_TOKENS, max_size=60).map(b"".join), st.lists(st.integers(0, 200), max_size=40))
def test_stuffing_is_undone_wherever_the_pieces_are_cut(body: bytes, cuts: list[int]) -> None:
    body += b"\r\n"
    wire = stuffed(body).removesuffix(b".\r\n")
    edges = sorted({0, len(wire), *(min(one, len(wire)) for one in cuts)})
    unstuffing = Unstuffing()
    found = [unstuffing.feed(wire[a:b]) for a, b in itertools.pairwise(edges)]
    assert b"".join([*found, unstuffing.rest()]) == body


async def test_an_empty_body_ends_with_the_first_dot(tmp_path: Path) -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b".\r\nQUIT\r\n")
    assert await content(await received(reader, tmp_path, limit=10)) == b""
    assert await reader.readline() == b"QUIT\r\n"


async def test_a_body_over_the_limit_is_read_to_its_end_and_dropped(tmp_path: Path) -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b"x" * 700_000 + b"\r\n.\r\nQUIT\r\n")
    got = await received(reader, tmp_path, limit=600_000)
    assert await content(got) is None
    assert got.size == 700_002
    assert await reader.readline() == b"QUIT\r\n"


async def test_a_large_body_lies_on_the_disk_and_hardly_in_memory(tmp_path: Path) -> None:
    reader = asyncio.StreamReader(limit=65_536)
    body = Body(limit=30_000_000, spool=partial(Spool, tmp_path))

    async def feed() -> None:
        for _ in range(400):
            reader.feed_data(b"0123456789abcdef" * 4_000)
            await asyncio.sleep(0)
            while len(reader._buffer) > 131_072:  # type: ignore[attr-defined]  # as a transport that pauses
                await asyncio.sleep(0)
        reader.feed_data(b"\r\n.\r\n")

    await asyncio.to_thread(int)  # so that the code of threads is there, and does not count
    feeding = asyncio.create_task(feed())
    tracemalloc.start()
    try:
        await read_body(reader, body, progress=lambda: None)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    await feeding
    original = await body.finished()
    assert isinstance(original, Spooled)
    assert original.size == 400 * 64_000 + 2
    assert most < 1_000_000
    original.close()


async def test_a_disk_that_does_not_take_the_body_is_told_after_the_dot(tmp_path: Path) -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b"x" * 700_000 + b"\r\n.\r\nQUIT\r\n")
    got = await received(reader, tmp_path / "no such folder", limit=1_000_000)
    assert await content(got) is None
    assert isinstance(got.fault, FileNotFoundError)
    assert await reader.readline() == b"QUIT\r\n"


async def test_a_client_that_leaves_inside_a_large_body_leaves_no_file(tmp_path: Path) -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b"x" * 700_000)
    reader.feed_eof()
    with pytest.raises(asyncio.IncompleteReadError):
        await received(reader, tmp_path, limit=1_000_000)
    async with asyncio.timeout(5):
        while any(tmp_path.iterdir()):
            await asyncio.sleep(0)
