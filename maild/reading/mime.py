"""Mail as bytes becomes headers, text and parts; and files become a mail, for the doors that have none.

It bounds its work before the parser sees a byte (purchase_reading.md C2) and trusts neither names
nor types. It unpacks no archives and decides nothing about documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Final

from maild.errors import Unreadable
from maild.reading.headers import addresses, header, parameters
from maild.reading.mail import Mail, Part
from maild.reading.names import safe_name, type_of

MAX_BYTES: Final = 40_000_000  # the doors stop earlier; this bounds what files and tests hand in
MAX_HEADER_BLOCK: Final = 256_000
MAX_HEADER_LINE: Final = 16_000
MAX_PARTS: Final = 200
MAX_DEPTH: Final = 20
# 40 MB of base64 are 530,000 lines; a million short ones only keep the parser busy.
MAX_LINES: Final = 1_000_000
# The parser compares each line with every open boundary: bound the product.
MAX_COMPARISONS: Final = 20_000_000

_SIGNATURES = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)


def read(raw: bytes) -> Mail:
    """Read a mail with all files in it, also those inside forwarded mails.

    Raises Unreadable when it is out of bounds or the parser gives up; never anything else.
    """
    _check_bounds(raw)
    message = _parse(raw)
    collector = _Collector()
    collector.collect(message, depth=0)
    sender = addresses(header(message, "from") or "")
    return Mail(
        subject=header(message, "subject"),
        sender=sender[0] if sender else None,
        message_id=header(message, "message-id"),
        date=header(message, "date"),
        auto_submitted=header(message, "auto-submitted"),
        content_type=_declared(message),
        received=sum(1 for name in message.keys() if name.lower() == "received"),  # noqa: SIM118 - not a dict
        trace=header(message, "x-maild-delivery"),
        text=collector.text,
        parts=tuple(collector.parts),
    )


def subject_of(raw: bytes) -> str | None:
    """The subject of a mail that could not be used, where it can still be read. Never raises."""
    block = _header_block(raw[:MAX_HEADER_BLOCK])
    try:
        return header(_parse(block), "subject")
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


def _parse(raw: bytes) -> Message:
    try:
        return BytesParser(policy=policy.compat32).parsebytes(raw)
    except Exception as error:  # the parser promises nothing; RecursionError is the usual one
        raise Unreadable(
            "the mail cannot be read: its parts are nested too deeply or are damaged",
            detail=repr(error),
        ) from error


class _Collector:
    """Walks a parsed mail and keeps its first text and its files, within the limits."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.text = ""
        self._seen = 0
        self._bytes = 0
        self._names: set[str] = set()

    def collect(self, message: Message, *, depth: int) -> None:
        self._seen += 1
        if self._seen > MAX_PARTS:
            raise Unreadable(
                f"the mail has more than {MAX_PARTS} parts; send fewer files in one mail"
            )
        if depth > MAX_DEPTH:
            raise Unreadable(f"the mail is nested more than {MAX_DEPTH} levels deep")
        parts = list(_inner(message))
        for inner in parts:
            self.collect(inner, depth=depth + 1)
        if not parts and not message.is_multipart():
            self._leaf(message, depth=depth)

    def _leaf(self, message: Message, *, depth: int) -> None:
        content = _content(message)
        self._bytes += len(content)
        if self._bytes > MAX_BYTES:
            raise Unreadable(f"the files of the mail have more than {MAX_BYTES:,} bytes together")
        declared = _declared(message)
        name = _file_name(message)
        if _is_a_mail(content, declared=declared, name=name):
            self.collect(_parse(content), depth=depth + 1)
            return
        media_type = type_of(content, declared=declared)
        if name is None and _is_body(message, media_type=media_type, declared=declared):
            if declared == "text/plain" and not self.text:
                self.text = _decoded(content, charset=message.get_content_charset() or "")
            return
        safe = safe_name(name, media_type=media_type, taken=self._names)
        self._names.add(safe)
        self.parts.append(
            Part(
                name=safe,
                media_type=media_type,
                body=content,
                declared=declared,
                shown_inside=_is_shown_inside(message, media_type=media_type, declared=declared),
            )
        )


def _inner(message: Message) -> Iterator[Message]:
    payload = message.get_payload()
    if not isinstance(payload, list):
        yield from _by_a_later_type(message)
        return
    encoding = (header(message, "content-transfer-encoding") or "").lower()
    if message.get_content_maintype() == "message" and encoding in {"base64", "quoted-printable"}:
        # Forbidden by RFC 2045 section 6.4 and sent all the same.
        yield _parse(_unpacked(payload[0], encoding))
        return
    for one in payload:
        if isinstance(one, Message):
            yield one


def _by_a_later_type(message: Message) -> Iterator[Message]:
    """A mail with two Content-Type headers of which the parser took the one without parts."""
    later = [str(one) for one in message.get_all("content-type", [])[1:]]
    kind = next((one for one in later if one.lower().startswith("multipart/")), None)
    payload = message.get_payload()
    if kind and isinstance(payload, str):
        head = f"Content-Type: {kind}\n\n".encode("utf-8", "surrogateescape")
        yield _parse(head + payload.encode("utf-8", "surrogateescape"))


def _unpacked(inner: object, encoding: str) -> bytes:
    holder = Message()
    holder["Content-Transfer-Encoding"] = encoding
    payload = inner.get_payload() if isinstance(inner, Message) else ""
    holder.set_payload(payload if isinstance(payload, str) else "")
    return _content(holder)


def _content(message: Message) -> bytes:
    try:
        content = message.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):  # damaged encodings: take what is there
        content = None
    if isinstance(content, bytes):
        return content
    payload = message.get_payload()
    return payload.encode("utf-8", "surrogateescape") if isinstance(payload, str) else b""


def _declared(message: Message) -> str:
    try:
        return message.get_content_type().lower()
    except Exception:  # noqa: BLE001 - an unparsable Content-Type is text/plain by RFC 2045 section 5.2
        return "text/plain"


def _file_name(message: Message) -> str | None:
    """The name as sent: the disposition's first, RFC 2231 before the plain one."""
    for name, key in (("content-disposition", "filename"), ("content-type", "name")):
        found = parameters(message, name).get(key)
        if found and found.strip():
            return found
    return None


def _is_a_mail(content: bytes, *, declared: str, name: str | None) -> bool:
    """A forwarded mail sent as a file ("eml" as octet-stream)."""
    named = (name or "").lower().endswith(".eml") and declared == "application/octet-stream"
    return (named or declared == "message/rfc822") and b":" in content[:1000]


def _is_body(message: Message, *, media_type: str, declared: str) -> bool:
    if (header(message, "content-disposition") or "").lower().startswith("attachment"):
        return False
    return declared in {"text/plain", "text/html", "text/enriched", "text/rtf"} and media_type in {
        declared,
        "text/html",
        "application/json",
    }


def _is_shown_inside(message: Message, *, media_type: str, declared: str) -> bool:
    if declared in _SIGNATURES or declared == "application/pgp-keys":
        return True
    disposition = (header(message, "content-disposition") or "").lower()
    return (
        media_type.startswith("image/")
        and header(message, "content-id") is not None
        and not disposition.startswith("attachment")
    )


def _decoded(content: bytes, *, charset: str) -> str:
    for one in (charset, "utf-8"):
        try:
            return content.decode(one)
        except (LookupError, ValueError):
            continue
    return content.decode("windows-1252", "replace")
