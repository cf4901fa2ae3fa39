"""One entity of a mail (RFC 2045): its bytes, its type, its name, and the entities in it.

The standard parser does the work; what real programs get wrong is mended here: boundaries that do
not match, encodings that are not what they say, encoded mails, types without sense.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Final

from maild.errors import Unreadable
from maild.reading.bounds import check_bounds
from maild.reading.headers import header, parameters
from maild.reading.names import type_of

_TYPE: Final = re.compile(r"\s*([\w.+!#$&^-]+/[\w.+!#$&^-]+)")
# A line that separates parts: what stands after it begins with a header field or an empty line.
_DELIMITER: Final = re.compile(
    r"^--(\S[^\r\n]{0,200}?)[ \t]*\r?\n(?=[A-Za-z][\w-]*:|\r?\n)", re.MULTILINE
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s]+")
# What begins so was not meant to be decoded, whatever the header says.
_PLAIN_STARTS: Final = (b"%PDF-", b"<?xml", b"PK\x03\x04")
_BILLS: Final = frozenset({"application/pdf", "application/xml"})


def parse(raw: bytes) -> Message:
    """Parse a mail or a part of one. Raises Unreadable when it is out of bounds or the parser gives up."""
    check_bounds(raw)
    return parse_head(raw)


def parse_head(raw: bytes) -> Message:
    """The same for a block of headers, whose size is its only bound."""
    try:
        return BytesParser(policy=policy.compat32).parsebytes(raw)
    except Exception as error:  # the parser promises nothing; RecursionError is the usual one
        raise Unreadable(
            "the mail cannot be read: its parts are nested too deeply or are damaged",
            detail=repr(error),
        ) from error


def declared_type(message: Message) -> str:
    """The type as the sender names it, in lower case, without parameters."""
    try:
        named = message.get_content_type().lower()
    except Exception:  # noqa: BLE001 - an unparsable Content-Type is text/plain by RFC 2045 section 5.2
        return "text/plain"
    # Without its ";" the parameters are taken for a piece of the type.
    found = _TYPE.match(named)
    return found[1] if found else "text/plain"


def file_name(message: Message) -> str | None:
    """The name as sent: the disposition's first, RFC 2231 before the plain one."""
    for name, key in (("content-disposition", "filename"), ("content-type", "name")):
        found = parameters(message, name).get(key)
        if found and found.strip():
            return found
    return None


def disposition(message: Message) -> str:
    """What Content-Disposition says: "attachment", "inline", something else, or nothing."""
    return (header(message, "content-disposition") or "").lower().partition(";")[0].strip()


def inner_entities(message: Message) -> Iterator[Message]:
    """The parts of a multipart, or the mail in a message entity; none for a file or a text."""
    payload = message.get_payload()
    declared = declared_type(message)
    if not isinstance(payload, list):
        yield from _by_a_later_type(message)
        if declared.startswith("multipart/"):
            yield from _by_their_delimiter(payload)
        return
    encoding = (header(message, "content-transfer-encoding") or "").lower()
    if declared.startswith("message/") and encoding in {"base64", "quoted-printable"}:
        # Forbidden by RFC 2045 section 6.4 and sent all the same.
        yield parse(_unpacked(payload[0], encoding))
        return
    for one in payload:
        if isinstance(one, Message):
            yield one
    if isinstance(message.epilogue, str):
        # Two multiparts with one boundary: the first end ends both, and parts follow it.
        yield from _by_their_delimiter(message.epilogue)


def content_of(message: Message) -> bytes:
    """The bytes of an entity without parts, decoded; for a wrong encoding what was meant."""
    payload = message.get_payload()
    try:
        content = message.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):  # damaged encodings: take what is there
        content = None
    plain = payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""
    encoding = (header(message, "content-transfer-encoding") or "").lower()
    if not isinstance(content, bytes) or (encoding == "base64" and plain.startswith(_PLAIN_STARTS)):
        return plain
    return _unsaid_base64(content, message) or content


def _by_a_later_type(message: Message) -> Iterator[Message]:
    """A mail with two Content-Type headers of which the parser took the one without parts."""
    later = [str(one) for one in message.get_all("content-type", [])[1:]]
    kind = next((one for one in later if one.lower().startswith("multipart/")), None)
    payload = message.get_payload()
    if kind and isinstance(payload, str):
        yield _reparsed(payload, kind=kind)


def _by_their_delimiter(payload: object) -> Iterator[Message]:
    """Parts whose boundary is not the one that was announced, by the first line that looks like one."""
    if not isinstance(payload, str) or not (found := _DELIMITER.search(payload)):
        return
    boundary = found[1].replace("\\", "\\\\").replace('"', '\\"')
    again = _reparsed(payload, kind=f'multipart/mixed; boundary="{boundary}"')
    parts = again.get_payload()
    for one in parts if isinstance(parts, list) else ():
        if isinstance(one, Message):
            yield one


def _reparsed(payload: str, *, kind: str) -> Message:
    return parse(f"Content-Type: {kind}\n\n{payload}".encode("utf-8", "surrogateescape"))


def _unpacked(inner: object, encoding: str) -> bytes:
    holder = Message()
    holder["Content-Transfer-Encoding"] = encoding
    payload = inner.get_payload() if isinstance(inner, Message) else ""
    holder.set_payload(payload if isinstance(payload, str) else "")
    return content_of(holder)


def _unsaid_base64(content: bytes, message: Message) -> bytes | None:
    """What base64 says that nobody announced, when it is a file of a kind that bills come as."""
    start = content[:4000]
    if declared_type(message) in {"text/plain", "text/html"} or len(start) < 64:
        return None
    if not _BASE64.fullmatch(start):
        return None
    try:
        decoded = base64.b64decode(content)
    except (binascii.Error, ValueError):
        return None
    return decoded if type_of(decoded) in _BILLS else None
