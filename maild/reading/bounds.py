"""What a mail may take before the parser sees a byte of it (purchase_reading.md C2).

Asked again of each mail inside a mail: base64 hides lines from the first look.
"""

from __future__ import annotations

from typing import Final

from maild.errors import Unreadable

MAX_BYTES: Final = 40_000_000  # the doors stop earlier; this bounds what files and tests hand in
MAX_HEADER_BLOCK: Final = 256_000
MAX_HEADER_LINE: Final = 16_000
# 40 MB of base64 are 530,000 lines; a million short ones only keep the parser busy.
MAX_LINES: Final = 1_000_000
# The parser compares each line with every open boundary: bound the product.
MAX_COMPARISONS: Final = 20_000_000


def check_bounds(raw: bytes) -> None:
    """Raise Unreadable, in words, for a mail that would take too long or too much."""
    if len(raw) > MAX_BYTES:
        raise Unreadable(f"the mail has {len(raw):,} bytes; maild reads at most {MAX_BYTES:,}")
    block = header_block(raw)
    if len(block) > MAX_HEADER_BLOCK:
        raise Unreadable(
            f"the headers of the mail take {len(block):,} bytes; at most {MAX_HEADER_BLOCK:,} are read"
        )
    if max((len(line) for line in block.splitlines()), default=0) > MAX_HEADER_LINE:
        raise Unreadable(f"a header line of the mail is longer than {MAX_HEADER_LINE:,} bytes")


def check_lines(content: bytes) -> None:
    """The same for what the parser has to look at: a mail without its long runs of base64."""
    lines = content.count(b"\n") + content.count(b"\r")
    multiparts = content.lower().count(b"multipart/")
    if lines > 2 * MAX_LINES or multiparts * lines > MAX_COMPARISONS:
        raise Unreadable(
            "the mail has too many lines or parts to be read; send fewer files in one mail"
        )


def header_block(raw: bytes) -> bytes:
    """What stands before the first empty line."""
    end = len(raw)
    for empty in (b"\r\n\r\n", b"\n\n", b"\r\r"):
        found = raw.find(empty, 0, end + len(empty) - 1)
        end = end if found < 0 else found
    return raw[:end]
