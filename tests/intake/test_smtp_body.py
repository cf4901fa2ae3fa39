from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from maild.intake.smtp_body import read_body

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


@settings(max_examples=300)
@given(BODIES, st.integers(1, 100_000))
async def test_every_body_arrives_byte_for_byte_and_what_follows_is_left(
    body: bytes, segment: int
) -> None:
    body += b"\r\n"
    reader = asyncio.StreamReader(limit=65_536)
    stream = stuffed(body) + b"NOOP\r\n"

    async def feed() -> None:
        for at in range(0, len(stream), max(segment, len(stream) // 400)):
            reader.feed_data(stream[at : at + max(segment, len(stream) // 400)])
            await asyncio.sleep(0)

    feeding = asyncio.create_task(feed())
    sizes: list[int] = []
    got = await read_body(reader, limit=1_000_000, progress=sizes.append)
    await feeding
    assert got.content == body
    assert sum(sizes) == got.size
    assert await reader.readline() == b"NOOP\r\n"


async def test_an_empty_body_ends_with_the_first_dot() -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b".\r\nQUIT\r\n")
    got = await read_body(reader, limit=10, progress=lambda _: None)
    assert got.content == b""
    assert await reader.readline() == b"QUIT\r\n"


async def test_a_body_over_the_limit_is_read_to_its_end_and_dropped() -> None:
    reader = asyncio.StreamReader(limit=65_536)
    reader.feed_data(b"x" * 300_000 + b"\r\n.\r\nQUIT\r\n")
    got = await read_body(reader, limit=100_000, progress=lambda _: None)
    assert got.content is None
    assert got.size == 300_002
    assert await reader.readline() == b"QUIT\r\n"
