"""Mail as bytes becomes headers, text and parts; and files become a mail, for the doors that have none.

It bounds its work before the parser sees a byte (purchase_reading.md C2) and trusts neither names
nor types. It decides nothing about documents.
"""

from __future__ import annotations

from typing import Final

from maild.errors import Unreadable
from maild.reading.entity import declared_type, parse
from maild.reading.headers import addresses, header
from maild.reading.leaves import MAX_BYTES, Leaves, Opener
from maild.reading.mail import Mail

MAX_HEADER_BLOCK: Final = 256_000
MAX_HEADER_LINE: Final = 16_000
# 40 MB of base64 are 530,000 lines; a million short ones only keep the parser busy.
MAX_LINES: Final = 1_000_000
# The parser compares each line with every open boundary: bound the product.
MAX_COMPARISONS: Final = 20_000_000


def read(raw: bytes, *, opener: Opener | None = None) -> Mail:
    """Read a mail with all files in it, also those inside forwarded mails.

    `opener` opens archives (see `maild.reading.unpack`); without it they stay files. Raises
    Unreadable when it is out of bounds or the parser gives up; never anything else.
    """
    _check_bounds(raw)
    message = parse(raw)
    leaves = Leaves(opener)
    leaves.collect(message)
    sender = addresses(header(message, "from") or "")
    return Mail(
        subject=header(message, "subject"),
        sender=sender[0] if sender else None,
        message_id=header(message, "message-id"),
        date=header(message, "date"),
        auto_submitted=header(message, "auto-submitted"),
        content_type=declared_type(message),
        received=sum(1 for name in message.keys() if name.lower() == "received"),  # noqa: SIM118 - not a dict
        trace=header(message, "x-maild-delivery"),
        text=leaves.text,
        html=leaves.html,
        parts=leaves.parts(),
        problems=tuple(leaves.problems),
    )


def subject_of(raw: bytes) -> str | None:
    """The subject of a mail that could not be used, where it can still be read. Never raises."""
    block = _header_block(raw[:MAX_HEADER_BLOCK])
    try:
        return header(parse(block), "subject")
    except Unreadable:
        return None


def _check_bounds(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise Unreadable(f"the mail has {len(raw):,} bytes; maild reads at most {MAX_BYTES:,}")
    block = _header_block(raw)
    if len(block) > MAX_HEADER_BLOCK:
        raise Unreadable(
            f"the headers of the mail take {len(block):,} bytes; at most {MAX_HEADER_BLOCK:,} are read"
        )
    if max((len(line) for line in block.splitlines()), default=0) > MAX_HEADER_LINE:
        raise Unreadable(f"a header line of the mail is longer than {MAX_HEADER_LINE:,} bytes")
    lines = raw.count(b"\n") + raw.count(b"\r")
    multiparts = raw.lower().count(b"multipart/")
    if lines > 2 * MAX_LINES or multiparts * lines > MAX_COMPARISONS:
        raise Unreadable(
            "the mail has too many lines or parts to be read; send fewer files in one mail"
        )


def _header_block(raw: bytes) -> bytes:
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n"), raw.find(b"\r\r")) if at >= 0]
    return raw[: min(ends, default=len(raw))]
