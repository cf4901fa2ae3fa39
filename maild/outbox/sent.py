"""Reads a mail or a slip of our own back: its headers in short, and the hashes of its files.

The counterpart of `maild.outbox.message` and `maild.outbox.slip`, for the bytes that they wrote and
the store kept; mail of others is read in `maild.reading`, which mends and opens what has to be told
here as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesParser

from maild.outbox.slip import is_slip, read_slip


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as it went out; `size` and `sha256` are of its decoded bytes."""

    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What a mail or a slip says of itself, and its files in their order."""

    message_id: str
    date: str  # as it stands in the mail
    sender: str
    to: str
    subject: str
    files: tuple[SentFile, ...]


def read_sent(message: bytes) -> Sent:
    """A mail as `maild.outbox.message.write` made it, or a slip; what is not there is empty."""
    if is_slip(message):
        return _of_slip(message)
    parser = BytesParser(EmailMessage, policy=policy.default)
    found = parser.parsebytes(message)
    return Sent(
        message_id=_said(found, "Message-ID"),
        date=_said(found, "Date"),
        sender=_said(found, "From"),
        to=_said(found, "To"),
        subject=_said(found, "Subject"),
        files=tuple(_files(found)),
    )


def _of_slip(message: bytes) -> Sent:
    slip = read_slip(message)
    files = tuple(SentFile(one.name, one.media_type, one.size, one.sha256) for one in slip.files)
    return Sent(slip.message_id, slip.date, slip.team, slip.to, slip.subject, files)


def _files(message: EmailMessage) -> Iterator[SentFile]:
    # Files stand side by side in one multipart/mixed. What lies inside a file (a mail that is passed
    # on, say) is that file's own business: its hash is over the whole.
    for part in message.iter_parts() if message.get_content_type() == "multipart/mixed" else ():
        if part.get_content_disposition() == "attachment":
            # Not EmailMessage.get_content, which reads text by its charset and so changes the bytes.
            content = Message.get_payload(part, decode=True)
            if isinstance(content, bytes):
                yield SentFile(
                    name=part.get_filename() or "",
                    media_type=part.get_content_type(),
                    size=len(content),
                    sha256=hashlib.sha256(content).hexdigest(),
                )


def _said(message: EmailMessage, name: str) -> str:
    return str(message.get(name, ""))
