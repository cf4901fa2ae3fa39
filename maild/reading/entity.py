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
from typing import Final, cast

from maild.errors import Unreadable
from maild.reading.bounds import check_bounds, check_lines
from maild.reading.headers import header, parameters
from maild.reading.names import type_of
from maild.reading.runs import Around, Shortened, shortened

_TYPE: Final = re.compile(r"\s*([\w.+!#$&^-]+/[\w.+!#$&^-]+)")
# A line that separates parts: what stands after it begins with a header field or an empty line.
_DELIMITER: Final = re.compile(
    rb"^--(\S[^\r\n]{0,200}?)[ \t]*\r?\n(?=[A-Za-z][\w-]*:|\r?\n)", re.MULTILINE
)
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/=\s]+")
# What begins so was not meant to be decoded, whatever the header says.
_PLAIN_STARTS: Final = (b"%PDF-", b"<?xml", b"PK\x03\x04")
_BILLS: Final = frozenset({"application/pdf", "application/xml"})


class Entity(Message):
    """A parsed entity that also gives its text as it came.

    The standard `get_payload` decodes 8-bit text by the charset that it names, which changes the bytes
    of files and fails on charsets that nobody knows.
    """

    def get_content_maintype(self) -> str:
        """What the parser asks to know whether a mail is inside: not one that is encoded.

        RFC 2045 section 6.4 forbids that, and it is sent all the same; it is decoded first, as a file.
        """
        kind = super().get_content_maintype()
        encoded = kind == "message" and _encoding(self) in {"base64", "quoted-printable"}
        return "application" if encoded else kind

    # Its one long run of base64, which is decoded already; told by `_put_back`.
    around: Around | None = None

    @property
    def raw_payload(self) -> bytes | None:
        """The bytes as they came, still encoded; None when there are parts instead."""
        payload = self._parsed
        return payload.encode("ascii", "surrogateescape") if isinstance(payload, str) else None

    @property
    def parts(self) -> list[Entity]:
        """The entities that the parser found in it."""
        payload = self._parsed
        return (
            [one for one in payload if isinstance(one, Entity)] if isinstance(payload, list) else []
        )

    @property
    def _parsed(self) -> object:
        # What the parser left here; there is no public way to it that does not decode.
        return vars(self)["_payload"]


def parse(raw: bytes) -> Entity:
    """Parse a mail or a part of one. Raises Unreadable when it is out of bounds or the parser gives up."""
    check_bounds(raw)
    short = shortened(raw)
    check_lines(short.content)
    return _parsed(short)


def parse_head(raw: bytes) -> Entity:
    """The same for a block of headers, whose size is its only bound."""
    return _parsed(shortened(raw))


def _parsed(short: Shortened) -> Entity:
    try:
        parser = BytesParser(cast("type[Message]", Entity), policy=policy.compat32)
        message = cast("Entity", parser.parsebytes(short.content))
        if short.runs:
            _put_back(message, short)
        return message
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


def inner_entities(message: Entity) -> Iterator[Entity]:
    """The parts of a multipart, or the mail in a message entity; none for a file or a text."""
    declared, raw = declared_type(message), message.raw_payload
    if raw is not None:
        yield from _by_a_later_type(message, raw)
        if declared.startswith("multipart/"):
            yield from _by_their_delimiter(raw)
        return
    yield from message.parts
    if isinstance(message.epilogue, str):
        # Two multiparts with one boundary: the first end ends both, and parts follow it.
        yield from _by_their_delimiter(message.epilogue.encode("ascii", "surrogateescape"))


def content_of(message: Entity) -> bytes:
    """The bytes of an entity without parts, decoded; for a wrong encoding what was meant."""
    raw = message.raw_payload or b""
    if _encoding(message) == "base64" and raw.startswith(_PLAIN_STARTS):
        return raw
    if message.around and str(message.get("content-transfer-encoding")).lower() == "base64":
        decoded = message.around.decoded()
        if decoded is not None:
            return _unsaid_base64(decoded, message) or decoded
    try:
        content = message.get_payload(decode=True)
    except Exception:  # noqa: BLE001 - damaged encodings: take what is there
        return raw
    if not isinstance(content, bytes):
        return raw
    return _unsaid_base64(content, message) or content


def _put_back(message: Entity, short: Shortened) -> None:
    """Let every entity hold what the mail held, as if the parser had seen all of it."""
    for one in message.walk():
        held = vars(one)
        for name in ("_payload", "preamble", "epilogue"):
            text = held[name]
            if isinstance(text, str):
                raw = text.encode("ascii", "surrogateescape")
                held[name] = short.whole(raw).decode("ascii", "surrogateescape")
                if name == "_payload":
                    held["around"] = short.around(raw)


def _encoding(message: Message) -> str:
    return (header(message, "content-transfer-encoding") or "").lower()


def _by_a_later_type(message: Message, raw: bytes) -> Iterator[Entity]:
    """A mail with two Content-Type headers of which the parser took the one without parts."""
    all_of_them = [
        str(value) for key, value in message.raw_items() if key.lower() == "content-type"
    ]
    kind = next((one for one in all_of_them[1:] if one.lower().startswith("multipart/")), None)
    if kind:
        yield _reparsed(raw, kind=kind.encode("ascii", "surrogateescape"))


def _by_their_delimiter(raw: bytes) -> Iterator[Entity]:
    """Parts whose boundary is not the one that was announced, by the first line that looks like one."""
    if found := _DELIMITER.search(raw):
        boundary = found[1].replace(b"\\", b"\\\\").replace(b'"', b'\\"')
        yield from _reparsed(raw, kind=b'multipart/mixed; boundary="%s"' % boundary).parts


def _reparsed(raw: bytes, *, kind: bytes) -> Entity:
    return parse(b"Content-Type: %s\n\n%s" % (kind, raw))


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
