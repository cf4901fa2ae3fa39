"""Files written into the text of a mail by uuencode, as old programs and some scanners do."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final

MAX_FILES: Final = 50

_BEGIN: Final = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,255}?)[ \t]*\r?$\n?", re.MULTILINE)
_END: Final = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)


def uuencoded(text: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file in a text; a block that does not decode is left in the text."""
    at = 0
    for _ in range(MAX_FILES):
        begin = _BEGIN.search(text, at)
        end = _END.search(text, begin.end()) if begin else None
        if begin is None or end is None:
            return
        at = end.end()
        content = _decoded(text[begin.end() : end.start()])
        if content:
            yield begin[1].decode("utf-8", "replace"), content


def _decoded(block: bytes) -> bytes | None:
    lines = []
    for line in block.splitlines():
        try:
            lines.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Some encoders pad the last group beyond what the length says.
            length = ((line[0] - 32) & 63) * 4 // 3 + 5 if line else 0
            try:
                lines.append(binascii.a2b_uu(line[:length]))
            except binascii.Error:
                return None
    return b"".join(lines)
