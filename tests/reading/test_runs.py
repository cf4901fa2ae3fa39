"""Runs of base64: what is read of a mail is the same with and without them taken out."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable
from email import policy
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import cast

from hypothesis import example, given
from hypothesis import strategies as st

from maild.reading.entity import Entity, content_of, parse_head
from maild.reading.runs import SHORTEST, shortened

Stretches = list[tuple[bytes, int]]
LINE = b"QUJD" * 19
LINES = st.sampled_from(
    [LINE, LINE[:-4], LINE[:-1], b"QUI=", b"-" * 76, b"a: b" * 19, b"", b"--x", b"=" * 76]
)
STRETCHES = st.lists(st.tuples(LINES, st.integers(1, 3 * SHORTEST)), max_size=6)
ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])


def plainly(raw: bytes) -> Entity:
    """By the standard parser, which sees every line."""
    parser = BytesParser(cast("type[Message]", Entity), policy=policy.compat32)
    return cast("Entity", parser.parsebytes(raw))


def told(message: Entity) -> list[object]:
    """All that a parsed mail holds."""
    entities = cast("list[Entity]", list(message.walk()))
    return [
        (one.items(), one.raw_payload, content_of(one), one.preamble, one.epilogue)
        for one in entities
    ]


def a_mail(stretches: Stretches, end: bytes) -> bytes:
    body = b"".join((line + end) * times for line, times in stretches)
    return b"Content-Transfer-Encoding: base64" + end + end + body


def a_multipart(stretches: Stretches, end: bytes) -> bytes:
    part = b"--x" + end + a_mail(stretches, end)
    head = b'Content-Type: multipart/mixed; boundary="x"' + end + end
    return head + part * 2 + b"--x--" + end + a_mail(stretches, end)


@given(STRETCHES, ENDS, st.sampled_from([a_mail, a_multipart]))
@example([(LINE, SHORTEST), (LINE[:8], 1)], b"\r\n", a_multipart)
@example([(LINE[:8], 1), (LINE, SHORTEST)], b"\n", a_mail)
@example([(b"QUI=", 1), (LINE, SHORTEST)], b"\n", a_mail)
@example([(LINE, SHORTEST), (LINE[:-1] + b"=", 1)], b"\r\n", a_multipart)
def test_a_mail_is_the_same_as_without_taking_anything_out(
    stretches: Stretches, end: bytes, make: Callable[[Stretches, bytes], bytes]
) -> None:
    raw = make(stretches, end)
    assert told(parse_head(raw)) == told(plainly(raw))
    short = shortened(raw)
    assert short.whole(short.content) == raw


def test_so_is_every_mail_of_the_corpus(shared: Path) -> None:
    files = [one for one in sorted((shared / "corpus" / "mime").rglob("*")) if one.is_file()]
    compared = 0
    for file in files:
        raw = file.read_bytes()
        wanted: list[object] = []
        with contextlib.suppress(Exception):  # what the parser cannot read is in test_mime_corpus
            wanted = told(plainly(raw))
        if wanted:
            assert told(parse_head(raw)) == wanted, file.name
            compared += 1
    assert compared > 400


def test_a_pdf_is_one_line_to_the_parser() -> None:
    content = bytes(range(256)) * 1000
    raw = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(content).replace(
        b"\n", b"\r\n"
    )
    short = shortened(raw)
    assert len(short.content) < 200
    assert content_of(parse_head(raw)) == content
