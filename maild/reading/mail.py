"""A mail as maild sees it once it is read: a few header values, its text, and the files in it.

Values only; how they are found in bytes is in `maild.reading.mime`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from maild.errors import Problem
from maild.ports import Stored

Body = bytes | Stored  # a large one lies in a file


def content_of(body: Body) -> bytes:
    """The bytes, wherever they are."""
    return body if isinstance(body, bytes) else body.read()


def size_of(body: Body) -> int:
    """How many bytes, without reading them."""
    return len(body)


def sha256_of(body: Body) -> str:
    """The sha256 in hexadecimal: the name of these bytes as a blob, and what makes two files one."""
    return hashlib.sha256(body).hexdigest() if isinstance(body, bytes) else body.sha256


@dataclass(frozen=True, slots=True)
class Part:
    """A file in a mail. `name` is safe and unique in its mail; `media_type` is told by content.

    `declared` is the type that the sender named; `shown_inside` marks pictures that belong to the
    HTML text (a logo), and signatures of the mail itself: no business documents. `path` names the
    forwarded mails and archives that it lay in, outermost first. `sent_as` is its name as it came,
    None when it had none: to be shown, never to be used. `light` is a copy of XML that carries large
    files, with `stand_ins` in their place (see `maild.reading.embedded`).
    """

    name: str
    media_type: str
    body: Body = field(repr=False)
    declared: str = "application/octet-stream"
    shown_inside: bool = False
    path: tuple[str, ...] = ()
    sent_as: str | None = None
    light: bytes | None = field(default=None, repr=False)
    stand_ins: tuple[tuple[bytes, Body], ...] = field(default=(), repr=False)

    @property
    def content(self) -> bytes:
        """Its bytes; read from the disk each time when they are many."""
        return content_of(self.body)

    @property
    def readable(self) -> bytes:
        """What to read figures from: the light copy where there is one."""
        return self.content if self.light is None else self.light

    def whole(self, content: bytes) -> Body:
        """What stands behind some bytes that were found in `readable`: mostly they themselves."""
        return next((body for stand_in, body in self.stand_ins if stand_in == content), content)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return size_of(self.body)

    @property
    def sha256(self) -> str:
        """What makes two files one."""
        return sha256_of(self.body)


@dataclass(frozen=True, slots=True)
class Mail:
    """What maild wants to know of a mail. Header values are decoded, in one line and bounded.

    `problems` tell of files that are listed in `parts` and could not be opened: an archive with a
    password, say.
    """

    subject: str | None
    sender: str | None  # the first address of From
    message_id: str | None
    date: str | None
    auto_submitted: str | None
    content_type: str
    received: int  # how many hops
    trace: str | None  # our own X-Maild-Delivery
    text: str
    parts: tuple[Part, ...]
    html: str = ""
    problems: tuple[Problem, ...] = ()
