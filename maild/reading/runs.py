"""Long stretches of base64, taken out of a mail before the parser sees it and put back after.

The standard parser looks at each line, which is most of what a mail with a PDF costs. Lines of one
length that are base64 and nothing else can be no delimiter and no header field, so one word stands
for all of them; what they say is decoded on the way. Nothing is left out and nothing guessed: where
anything is odd about the lines, they stay.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 5_000  # places that are looked at in one mail
SHORTEST: Final = 32  # lines; fewer are no trouble
_DIGITS: Final = 4  # of a word's number
_LONGEST_LINE: Final = 1_000
_LONGEST_HEAD: Final = 4_000  # octets from "base64" to the empty line after it


@dataclass(frozen=True, slots=True)
class Run:
    """Whole lines of base64, less the last line end, and what they say."""

    lines: bytes = field(repr=False)
    decoded: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Around:
    """A piece of a mail that holds one run."""

    before: bytes = field(repr=False)
    run: Run
    after: bytes = field(repr=False)

    def decoded(self) -> bytes | None:
        """What it says; None where it is not plain base64 from end to end."""
        before, after = (one.translate(None, b"\r\n") for one in (self.before, self.after))
        if len(before) % 4 or before.endswith(b"="):
            return None
        after += b"=" * (-len(after) % 4)
        try:
            first, last = (base64.b64decode(one, validate=True) for one in (before, after))
        except binascii.Error:
            return None
        return b"".join((first, self.run.decoded, last))


@dataclass(frozen=True, slots=True)
class Shortened:
    """A mail with a word instead of each run."""

    content: bytes = field(repr=False)
    mark: bytes  # what every word begins with
    runs: dict[bytes, Run] = field(repr=False)

    def whole(self, content: bytes) -> bytes:
        """A piece of it with its runs again."""
        pieces = content.split(self.mark)
        for at, piece in enumerate(pieces[1:], 1):
            run = self.runs[self.mark + piece[:_DIGITS]]
            pieces[at] = run.lines + piece[_DIGITS:]
        return b"".join(pieces)

    def around(self, content: bytes) -> Around | None:
        """What stands before and after the one run of a piece; None where there is none, or two."""
        before, mark, rest = content.partition(self.mark)
        if not mark or self.mark in rest:
            return None
        return Around(before, self.runs[mark + rest[:_DIGITS]], rest[_DIGITS:])


def shortened(raw: bytes) -> Shortened:
    """The mail with a word instead of each long run of base64 lines. No octet is looked at twice."""
    mark = b"run" + secrets.token_hex(16).encode()  # no stranger can have guessed it
    runs: dict[bytes, Run] = {}
    pieces: list[bytes] = []
    done = at = 0
    for _ in range(MOST):
        at = raw.find(b"base64", at)
        if at < 0:
            break
        start = _after_empty_line(raw, at)
        at += len(b"base64")
        if start <= done:
            continue
        start, lines = _stretch(raw, start)
        at = max(at, start + len(lines))
        run = _run(lines)
        if run is not None:
            word = mark + b"%0*d" % (_DIGITS, len(runs))
            runs[word] = run
            pieces += [raw[done:start], word]
            done = at = start + len(run.lines)
    return Shortened(b"".join([*pieces, raw[done:]]), mark, runs)


def _after_empty_line(raw: bytes, at: int) -> int:
    """Where the body begins whose head says base64; 0 where it does not soon."""
    for ends in (b"\r\n\r\n", b"\n\n"):
        found = raw.find(ends, at, at + _LONGEST_HEAD)
        if found >= 0:
            return found + len(ends)
    return 0


def _stretch(raw: bytes, start: int) -> tuple[int, bytes]:
    """Where many lines of one length begin, there or at the next line, and these lines."""
    for _ in range(2):  # some programs begin with a line of another length
        end = raw.find(b"\n", start, start + _LONGEST_LINE)
        if end < 0:
            break
        width = end + 1 - start
        count = _count(raw, end, width=width)
        if count >= SHORTEST:
            return start, raw[start : start + count * width]
        start = end + 1
    return start, b""


def _count(raw: bytes, end: int, *, width: int) -> int:
    """How many lines of that width there are in a row, the first of which ends there."""
    most = SHORTEST
    while True:
        column = raw[end : end + most * width : width]
        count = len(column) - len(column.lstrip(b"\n"))
        if count < most:
            return count
        most *= 4


def _run(lines: bytes) -> Run | None:
    """What such lines say; None where they are not base64 and nothing else."""
    width = lines.find(b"\n") + 1
    line_end = b"\r\n" if lines[width - 2 : width] == b"\r\n" else b"\n"
    size = width - len(line_end)
    if lines.endswith(b"=" + line_end):
        lines = lines[:-width]  # a full line that is the last one: it is decoded with what follows
    joined = lines.translate(None, b"\r\n")
    # As many octets as there ought to be, and the CRs at the ends: no other line end is among them.
    count = len(lines) // width if width else 0
    if size < 1 or size % 4 or not count or len(joined) != count * size:
        return None
    if len(line_end) == 2 and lines[size::width] != b"\r" * count:
        return None
    try:
        return Run(lines[: -len(line_end)], binascii.a2b_base64(joined, strict_mode=True))
    except binascii.Error:
        return None
