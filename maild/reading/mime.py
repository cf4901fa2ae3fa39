"""Mail as bytes becomes headers, text and parts; and files become a mail, for the doors that have none.

It bounds its work before the parser sees a byte (purchase_reading.md C2) and trusts neither names
nor types. It decides nothing about documents.
"""

from __future__ import annotations

from maild.errors import Unreadable
from maild.reading.bounds import MAX_HEADER_BLOCK, header_block
from maild.reading.entity import declared_type, parse, parse_head
from maild.reading.headers import addresses, header
from maild.reading.leaves import Leaves, Opener
from maild.reading.mail import Mail


def read(raw: bytes, *, opener: Opener | None = None) -> Mail:
    """Read a mail with all files in it, also those inside forwarded mails.

    `opener` opens archives (see `maild.reading.unpack`); without it they stay files. Raises
    Unreadable when it is out of bounds or the parser gives up; never anything else.
    """
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
    block = header_block(raw[:MAX_HEADER_BLOCK])
    try:
        return header(parse_head(block), "subject")
    except Unreadable:
        return None
