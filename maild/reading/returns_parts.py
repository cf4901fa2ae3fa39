"""The standard library's parser, asked in a way that damaged mail cannot hurt: parts, their texts, fields.

Every function here takes what strangers wrote and never raises. What the pieces mean is `returns_view`'s
business.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser, Parser
from typing import Final

from maild.reading.headers import header

MAX_BLOCKS: Final = 2_000
MAX_MARKUP: Final = 240_000

_REPEATED: Final = {"original-rcpt-to", "removal-recipient"}  # RFC 5965 section 3.2
_HIDDEN: Final = ("style", "script", "head", "title")
_TAG: Final = re.compile(r"<(?!/?[^<>@\s]+@)[^<>]{0,2000}>")
_BREAK: Final = re.compile(r"(?i)<(?:br|/p|/div|/tr|/td|/li|/h\d)\b[^<>]{0,500}>")


def parsed(text: bytes, *, headers_only: bool) -> Message:
    """A message; one of plain text when the parser gives up."""
    try:
        return BytesParser(policy=policy.compat32).parsebytes(text, headersonly=headers_only)
    except Exception:  # noqa: BLE001 - the parser promises nothing; RecursionError is the usual one
        empty = Message()
        empty.set_payload(text.decode("utf-8", "replace"))
        return empty


def type_of(part: Message) -> str:
    """The media type of a part in lower case."""
    try:
        return part.get_content_type().lower()
    except Exception:  # noqa: BLE001 - an unparsable Content-Type is text/plain (RFC 2045 section 5.2)
        return "text/plain"


def parts_of(part: Message) -> Iterator[Message]:
    """The parts inside a part, if any."""
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (one for one in payload if isinstance(one, Message))


def blocks(text: str) -> list[dict[str, str]]:
    """The header-like blocks of a text (RFC 3464 section 2.1), parted by empty lines."""
    found: list[dict[str, str]] = []
    for piece in re.split(r"\n[ \t]*\n", text.strip("\n"))[:MAX_BLOCKS]:
        one = fields(piece)
        if one:
            found.append(one)
    return found


def fields(text: str) -> dict[str, str]:
    """The first value of each field in a block, unfolded."""
    found: dict[str, str] = {}
    last = ""
    for line in text.split("\n"):
        if line[:1] in {" ", "\t"} and last:
            found[last] += " " + line.strip()
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        last = ""
        if not (colon and name) or " " in name:
            continue
        if name not in found:
            last = name
            found[name] = value.strip()
        elif name in _REPEATED:
            found[name] += ", " + value.strip()
    return found


def headers_in(text: str) -> Message:
    """The headers with which a text begins, quoted with ">" or not."""
    lines = text.strip("\n").split("\n")[:2_000]
    lines = [one.removeprefix("> ") for one in lines]
    return Parser(policy=policy.compat32).parsestr("\n".join(lines), headersonly=True)


def text_of_html(markup: str) -> str:
    """The words of an HTML text, a line for each block; nothing of it is run or fetched."""
    text = markup[:MAX_MARKUP]
    for name in _HIDDEN:
        text = _without(text, name)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = _TAG.sub("", _BREAK.sub("\n", text))
    return "\n".join(" ".join(line.split()) for line in html.unescape(text).split("\n"))


def _without(markup: str, name: str) -> str:
    """The markup less all elements of that name; in linear time, unlike a lazy pattern."""
    lowered = markup.lower()
    kept: list[str] = []
    at = 0
    while (start := lowered.find(f"<{name}", at)) >= 0:
        end = lowered.find(f"</{name}", start)
        if end < 0 or not lowered[start + len(name) + 1 : start + len(name) + 2].isalnum():
            kept.append(markup[at:start] if end >= 0 else markup[at:])
        else:
            kept.append(markup[at : start + 1])
            at = start + 1
            continue
        at = end + len(name) + 2 if end >= 0 else len(markup)
    return "".join([*kept, markup[at:]])


def raw_text(part: Message) -> str:
    """The text of a part that the parser may have split into blocks of headers."""
    inner = part.get_payload()
    if not isinstance(inner, list):
        return text_of(part)
    encoding = (header(part, "content-transfer-encoding") or "").lower()
    text = "\n\n".join(_as_text(one) for one in inner if isinstance(one, Message))
    if encoding not in {"base64", "quoted-printable"}:
        return text
    holder = Message()
    holder["Content-Transfer-Encoding"] = encoding
    holder.set_payload(text)
    return text_of(holder)


def _as_text(block: Message) -> str:
    lines = [f"{name}: {_native(str(value))}" for name, value in block.raw_items()]
    body = "" if block.is_multipart() else text_of(block)
    return "\n".join(lines) + ("\n\n" + body if body else "")


def text_of(part: Message) -> str:
    """The decoded text of a part, with plain line ends."""
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        content = None
    if not isinstance(content, bytes):
        payload = part.get_payload()
        return _native(payload) if isinstance(payload, str) else ""
    content = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for charset in (_charset(part), "utf-8"):
        try:
            return content.decode(charset)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _charset(part: Message) -> str:
    try:
        return str(part.get_content_charset() or "utf-8")
    except Exception:  # noqa: BLE001 - damaged parameters
        return "utf-8"


def _native(text: str) -> str:
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
