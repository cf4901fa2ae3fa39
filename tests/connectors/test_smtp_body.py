"""Bodies on the wire: what lies in a file goes out as what is held in memory does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.connectors.smtp_body import checked
from maild.model.delivery import Content
from maild.simulators.mailsink import MailSink
from maild.store.spool import Filed
from tests.connectors.conftest import Connect, Crossing, a_parcel, carry

SCRAPS = st.lists(st.sampled_from([b".", b"\r\n", b"a", b"\r\n.\r\n", b"\xc3\xa9"]), max_size=12)


# Lines of one length in a row, which are looked at together, with others between.
STRETCHES = st.lists(
    st.tuples(
        st.sampled_from([b"\r\n", b"a\r\n", b".\r\n", b"ab\r\n", b"\n", b"a\r", b"\r\r\n"]),
        st.integers(1, 40),
    ),
    max_size=6,
)


@dataclass(frozen=True)
class Slow:
    """A file that gives few bytes at a time, so that pieces end anywhere."""

    content: bytes
    most: int

    def __len__(self) -> int:
        return len(self.content)

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        most = self.most if size is None else min(size, self.most)
        return self.content[start : start + most]


@dataclass
class Shrinking:
    """A file that is cut once it was read."""

    path: Path
    size: int

    def __len__(self) -> int:
        return self.size

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        try:
            return Filed(self.path, self.size).read(size, start=start)
        finally:
            self.path.write_bytes(b"Subject: gone\r\n\r\n")


async def sent(message: Content) -> tuple[int, bool, bytes]:
    body = await checked(message)
    return body.size, body.is_ascii, b"".join([piece async for piece in body.pieces()])


@given(SCRAPS, st.integers(2, 5))
async def test_wherever_a_piece_ends_the_same_bytes_go_out(scraps: list[bytes], most: int) -> None:
    message = b"".join(scraps)
    assert await sent(Slow(message, most)) == await sent(message)


@given(STRETCHES)
async def test_line_ends_and_dots_are_found_among_lines_of_one_length(
    stretches: list[tuple[bytes, int]],
) -> None:
    message = b"".join(line * times for line, times in stretches)
    ends = message.count(b"\r\n")
    if not message.count(b"\r") == message.count(b"\n") == ends:
        with pytest.raises(ValueError, match="CRLF"):
            await checked(message)
        return
    _, _, body = await sent(message)
    lines = [b"." + one if one.startswith(b".") else one for one in message.split(b"\r\n")]
    assert body == b"\r\n".join(lines)


@pytest.mark.parametrize("message", [b"a\n.\r\n", b"a\r.\r\n", b"a\r\n\r", b"\n", b"a\r\r\nb\r\n"])
@pytest.mark.parametrize("most", [2, 3, 100])
async def test_a_bare_line_end_is_found_in_a_file_too(message: bytes, most: int) -> None:
    for one in (message, Slow(message, most)):
        with pytest.raises(ValueError, match="CRLF"):
            await checked(one)


async def test_a_message_in_a_file_arrives_byte_for_byte(
    sink: MailSink, connect: Connect, tmp_path: Path
) -> None:
    content = b"Subject: large\r\n\r\n" + b".a line\r\nanother\r\n" * 100_000
    path = tmp_path / "message"
    path.write_bytes(content)
    connector = connect(sink.port)
    for _ in range(2):
        await carry(connector, a_parcel(Filed(path, len(content))))
    assert [one.content for one in sink.mails] == [content, content]
    assert {one.session for one in sink.mails} == {sink.mails[0].session}


async def test_a_file_that_goes_away_ends_the_mail_before_its_dot(
    sink: MailSink, connect: Connect, tmp_path: Path
) -> None:
    path = tmp_path / "message"
    path.write_bytes(b"Subject: gone\r\n\r\nx\r\n")
    crossing = Crossing()
    connector = connect(sink.port)
    message = Shrinking(path, path.stat().st_size)
    with pytest.raises(OSError, match="shorter"):
        await connector.deliver(a_parcel(message), point_of_no_return=crossing)
    assert crossing.reached == 0
    assert sink.mails == []
