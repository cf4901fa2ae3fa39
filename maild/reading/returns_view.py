"""A mail about mail taken apart: its words, its machine-readable blocks, the headers it returns.

It reads a bounded start of the mail, in any line ends, and also where the MIME structure is broken,
as bounces often are. What the pieces mean is said by its neighbours.
"""

from __future__ import annotations

import quopri
import re
from dataclasses import dataclass, field
from email.message import Message
from typing import Final

from maild.reading.headers import header
from maild.reading.returns_parts import (
    blocks,
    headers_in,
    parsed,
    parts_of,
    raw_text,
    text_of,
    text_of_html,
    type_of,
)

# Words and blocks stand before the returned mail, so the start tells everything.
MAX_READ: Final = 512_000
MAX_HEAD: Final = 64_000
MAX_LINES: Final = 20_000
MAX_COMPARISONS: Final = 1_000_000  # the parser compares each line with every open boundary
MAX_PARTS: Final = 100
MAX_DEPTH: Final = 8
MAX_WORDS: Final = 60_000

_STATUS_TYPES: Final = {"message/delivery-status", "message/global-delivery-status"}
_FEEDBACK_TYPES: Final = {"message/feedback-report"}
_SHOWN_TYPES: Final = {
    "message/disposition-notification",
    "message/global-disposition-notification",
}
_RETURNED_TYPES: Final = {
    "message/rfc822",
    "message/global",
    "message/rfc822-headers",
    "message/global-headers",
    "message/partial",
    "message/news",
    "text/rfc822-headers",
    "text/rfc822",
}

# Where a report without parts begins to repeat the mail. Lines of many programs; the list is of
# families (qmail, Exim, sendmail, Yahoo, DragonFly, Kundenserver, X.400 gateways), not of products.
_COPY: Final = re.compile(
    r"^[\s>*#-]*(?:"
    r"below this line is a copy|"
    r"this is a copy of (?:the|your) message|"
    r"(?:the )?(?:body|headers?|header lines) of (?:the|your) (?:original )?(?:message|mail)|"
    r"(?:the )?headers? of the original message (?:is|are) following|"
    r"the header of the original message|"
    r"message headers follow|"
    r"(?:your |the )?(?:original |returned |undelivered |unsent |rejected )(?:message|mail)"
    r"(?: (?:header|headers|text|follows|below|body))*[\s:.=*-]*$|"
    r"original (?:message|mail) (?:follows|header|headers|text)|"
    r"(?:included|attached) is a copy|"
    r"-+ ?(?:original|returned|undelivered|unsent) message|"
    r"content-type: *(?:message/rfc822|text/rfc822-headers|message/rfc822-headers)|"
    r"(?:message|header) (?:text|lines?) follows?|"
    r"unsent message below|"
    r"received: ?(?:from|by|\(qmail) "
    r")",
    re.IGNORECASE,
)
_HEADER_LINE: Final = re.compile(
    r"(?:received|message-id|return-path|dkim-signature|x-[a-z0-9-]+|from|to|date|subject"
    r"|mime-version|content-type|reply-to|arc-[a-z-]+|user-agent) ?:",
    re.IGNORECASE,
)


@dataclass(slots=True)
class View:
    """The pieces of one mail. Blocks are header-like: names in lower case, values in one line."""

    head: Message
    words: str = ""
    status: list[dict[str, str]] = field(default_factory=list)
    feedback: list[dict[str, str]] = field(default_factory=list)
    shown: list[dict[str, str]] = field(default_factory=list)
    returned: Message | None = None
    types: list[str] = field(default_factory=list)


def head_of(raw: bytes) -> Message:
    """The headers of a mail, in any line ends; a line of an mbox before them is left out."""
    start = _plain(raw[:MAX_HEAD])
    ends = start.find(b"\n\n")
    return parsed(start if ends < 0 else start[: ends + 2], headers_only=True)


def view(raw: bytes) -> View:
    """The pieces of a mail. Never raises: what cannot be read is absent."""
    text = _plain(raw[:MAX_READ])
    text = b"\n".join(text.split(b"\n", MAX_LINES)[:MAX_LINES])
    comparisons = text.lower().count(b"multipart/") * text.count(b"\n")
    message = parsed(text, headers_only=comparisons > MAX_COMPARISONS)
    found = View(head=message)
    walk = _Walk(found)
    walk.take(message, depth=0)
    walk.finish()
    return found


class _Walk:
    """Sorts the parts of a message into a view."""

    def __init__(self, found: View) -> None:
        self._found = found
        self._plain: list[str] = []
        self._html: list[str] = []
        self._seen = 0

    def take(self, part: Message, *, depth: int) -> None:
        self._seen += 1
        if self._seen > MAX_PARTS or depth > MAX_DEPTH:
            return
        kind = type_of(part)
        self._found.types.append(kind)
        if kind in _STATUS_TYPES:
            self._found.status += blocks(raw_text(part))
        elif kind in _FEEDBACK_TYPES:
            self._found.feedback += blocks(raw_text(part))
        elif kind in _SHOWN_TYPES:
            self._found.shown += blocks(raw_text(part))
        elif kind in _RETURNED_TYPES and depth:
            self._returned(part, kind)
        elif part.is_multipart():
            for one in parts_of(part):
                self.take(one, depth=depth + 1)
        elif kind == "text/html":
            self._html.append(text_of_html(text_of(part)))
        elif kind.startswith(("text/", "multipart/", "application/octet-stream")):
            self._plain.append(text_of(part))

    def finish(self) -> None:
        words = [one for one in self._plain if one.strip()] or self._html
        text = "\n".join(words)
        if _looks_quoted_printable(text):
            text = quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")
        kept, copy = _cut(text)
        self._found.words = kept[:MAX_WORDS]
        if self._found.returned is None and copy:
            self._found.returned = headers_in(copy)
        self._report_inside()

    def _report_inside(self) -> None:
        """A gateway that passes a report on as a returned mail: the report inside is meant."""
        inside = self._found.returned
        if self._found.status or inside is None or type_of(inside) != "multipart/report":
            return
        if re.search(r"(?i)mailer-daemon|postmaster", header(inside, "from") or "") is None:
            return
        self._found.returned = None
        for one in parts_of(inside):
            self.take(one, depth=2)

    def _returned(self, part: Message, kind: str) -> None:
        if self._found.returned is not None:
            return
        inner = part.get_payload()
        if kind.startswith("message/") and isinstance(inner, list) and inner:
            first = inner[0]
            if isinstance(first, Message) and (first.keys() or first.is_multipart()):
                self._found.returned = first
                return
        self._found.returned = headers_in(raw_text(part))


def _plain(raw: bytes) -> bytes:
    text = (
        raw.removeprefix(b"\xef\xbb\xbf")
        .replace(b"\r\n", b"\n")
        .replace(b"\r", b"\n")
        .lstrip(b"\n")
    )
    if text.startswith((b"From ", b">From ")):
        text = text.partition(b"\n")[2]
    return text


def _looks_quoted_printable(text: str) -> bool:
    """Whether parts that the parser could not tell apart say that they are encoded."""
    return (
        re.search(r"(?im)^content-transfer-encoding: *quoted-printable", text[:5_000]) is not None
    )


def _cut(text: str) -> tuple[str, str]:
    """The words, and what follows them of the returned mail."""
    lines = text.split("\n")
    for at, line in enumerate(lines):
        if _COPY.match(line):
            received = re.match(r"\s*(?:>\s)?received", line, re.IGNORECASE)
            following = lines[at if received else at + 1 :]
            return "\n".join(lines[:at]), "\n".join(following)
        if _HEADER_LINE.match(line) and _starts_headers(lines[at : at + 8]):
            return "\n".join(lines[:at]), "\n".join(lines[at:])
    return text, ""


def _starts_headers(lines: list[str]) -> bool:
    """Whether these lines are the headers of a mail: four in a row, one of them its own."""
    names = [line.split(":")[0].strip().lower() for line in lines if _HEADER_LINE.match(line)]
    run = 0
    for line in lines:
        if not (_HEADER_LINE.match(line) or line[:1] in {" ", "\t"}) or not line.strip():
            break
        run += 1
    return run >= 4 and bool({"message-id", "received", "mime-version", "date"} & set(names))
