"""Writes one mail as bytes: headers, the letter, the files (RFC 5322, 2045 to 2047, 2231).

Equal input gives equal bytes: a mail that goes twice is one mail. The standard library's generator
walks a message of 300 kB line by line several times; here the headers are its business and the files
are encoded in one pass. Which files and words go in is decided elsewhere.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from itertools import chain
from typing import Final
from urllib.parse import quote

from maild.errors import ProfileMismatch
from maild.model.delivery import Enclosure, Letter

_CRLF: Final = b"\r\n"
_BASE64_LINE: Final = 76  # RFC 2045 section 6.8
# Whole lines, so that the pieces of a large file are encoded as if it were one.
_ENCODED_AT_ONCE: Final = _BASE64_LINE // 4 * 3 * 8_000
_LONGEST_ADDRESS: Final = 254  # RFC 5321 section 4.5.3.1.3, less the brackets
_LONGEST_LINE: Final = 76  # RFC 2047 section 2
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~ ]+")
_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")
_OPAQUE: Final = "application/octet-stream"


def write(
    letter: Letter,
    *,
    sender: str,
    to: str,
    reply_to: Sequence[str] = (),
    message_id: str,
    date: datetime,
    delivery: str,
    enclosures: Sequence[Enclosure] = (),
) -> Iterator[bytes]:
    """The finished message in pieces, with CRLF line ends; a large file is never held whole.

    `sender` is "Name <address>", `to` and `reply_to` are bare addresses, `date` is aware UTC,
    `delivery` the id that marks the message as ours. Raises ProfileMismatch for a wrong address,
    OSError when a file cannot be read.
    """
    lines = [
        f"Date: {format_datetime(date)}",
        f"From: {_named_address(sender)}",
        f"To: {mailbox(to)}",
        *([f"Reply-To: {_addresses(reply_to)}"] if reply_to else []),
        f"Subject: {_words(letter.subject, name='Subject')}",
        f"Message-ID: {_one_line(message_id)}",
        # Nobody pressed "send" on this mail, so out-of-office programs must not answer it and other
        # programs know not to start a loop (RFC 3834 section 5.1): true of documents and notices.
        *_automatic(letter),
        f"X-Maild-Delivery: {_one_line(delivery)}",
        "MIME-Version: 1.0",
    ]
    # "=_" cannot stand in quoted-printable or base64, so no content holds a boundary (RFC 2045
    # section 6.7); the rest is the delivery's own, so that the bytes are the same at every try.
    mark = "=_" + hashlib.sha256(delivery.encode()).hexdigest()[:24]
    body: Iterable[bytes] = [_letter_part(letter, boundary=f"{mark}_a")]
    if enclosures:
        parts = [body, *(_file_part(one) for one in enclosures)]
        body = _multipart("mixed", parts, boundary=f"{mark}_m")
    yield "\r\n".join(lines).encode() + _CRLF
    yield from body


def _automatic(letter: Letter) -> list[str]:
    """That a program wrote it, and to what it is the answer (RFC 3834 sections 3.1.5 and 3.1.6)."""
    if letter.in_reply_to is None:
        return ["Auto-Submitted: auto-generated"]
    answered = _one_line(letter.in_reply_to)
    return [
        "Auto-Submitted: auto-replied",
        f"In-Reply-To: {answered}",
        f"References: {answered}",
    ]


def mailbox(address: str) -> str:
    """A bare address as it goes on the wire: its case kept, a domain with umlauts in ASCII form.

    A local part beyond ASCII stays as it is and needs SMTPUTF8. Raises ProfileMismatch.
    """
    local, at, domain = address.strip().rpartition("@")
    bad = any(not one.isprintable() or one in '<>", \u00a0' for one in local + domain)
    if not (local and at and domain) or bad or len(address.encode()) > _LONGEST_ADDRESS:
        raise ProfileMismatch(
            f"{address[:80]!r} is no mail address; correct it in the configuration"
        )
    if local.isascii() and not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError as fault:
            raise ProfileMismatch(f"the domain of {address} cannot be written: {fault}") from fault
    return f"{local}@{domain}"


def plain_ascii(text: str) -> str:
    """The text in ASCII letters as far as they are related: "Café" is "Cafe"."""
    text = text.replace("ß", "ss").replace("’", "")
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")


@lru_cache(maxsize=1_000)
def _named_address(sender: str) -> str:
    name, address = parseaddr(sender)
    name = " ".join("".join(one if one.isprintable() else " " for one in name).split())
    address = mailbox(address)
    if not name:
        return address
    if not name.isascii() or "=?" in name:
        return f"{_words(name, name='From')}\r\n <{address}>"
    if not _ATOMS.fullmatch(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{address}>"


def _addresses(addresses: Iterable[str]) -> str:
    return ",\r\n ".join(mailbox(one) for one in addresses)


def _words(text: str, *, name: str) -> str:
    """Text for a header: folded ASCII, or encoded words (RFC 2047) that no character straddles."""
    text = _one_line(text)
    # What only looks like an encoded word would be decoded at the other end, so it is encoded too.
    plain = text.isascii() and "=?" not in text
    if plain:
        return Header(text, "us-ascii", _LONGEST_LINE, name).encode(linesep="\r\n")
    charset = Charset("utf-8")
    charset.header_encoding = (
        QP if len(plain_ascii(text)) * 2 > len(text) else charset.header_encoding
    )
    return Header(text, charset, _LONGEST_LINE, name).encode(linesep="\r\n")


def _one_line(text: str) -> str:
    # The letter is clean already; here stands the wall that no line break passes (mail.md 6.2).
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def _letter_part(letter: Letter, *, boundary: str) -> bytes:
    text = _text_part("plain", letter.text)
    if letter.html is None:
        return text
    parts = [[text], [_text_part("html", letter.html)]]
    return b"".join(_multipart("alternative", parts, boundary=boundary))


def _text_part(subtype: str, text: str) -> bytes:
    lines = text.encode("utf-8", "replace").splitlines()
    head = (
        f"Content-Type: text/{subtype}; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode() + binascii.b2a_qp(b"".join(line + _CRLF for line in lines))


def _file_part(file: Enclosure) -> Iterator[bytes]:
    name = file.name
    fallback = re.sub(r'["\\]', "_", plain_ascii(name)).strip() or "attachment"
    # Clients that read RFC 2231 take the name from the disposition; the others find an ASCII one in
    # the type. Both in one header would be a duplicate parameter for strict readers.
    shown = f'filename="{name}"' if name == fallback else f"filename*=utf-8''{quote(name, safe='')}"
    head = (
        f'Content-Type: {_media_type(file.media_type)};\r\n name="{fallback}"\r\n'
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: attachment;\r\n {shown}\r\n\r\n"
    )
    yield head.encode("ascii")
    if isinstance(file.content, bytes):
        yield _base64(file.content)
        return
    for start in range(0, len(file.content), _ENCODED_AT_ONCE):
        yield _base64(file.content.read(_ENCODED_AT_ONCE, start=start))


def _media_type(found: str) -> str:
    """The type of a file that travels in base64, which multipart and message may not (RFC 2046)."""
    plain = found.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(plain) or plain.startswith(("multipart/", "message/")):
        return _OPAQUE
    return plain


def _base64(content: bytes) -> bytes:
    encoded = memoryview(binascii.b2a_base64(content, newline=False))
    whole = len(encoded) - len(encoded) % _BASE64_LINE
    # struct cuts the lines half again as fast as slices do, which is felt at 300 kB a mail.
    lines = chain.from_iterable(struct.iter_unpack(f"{_BASE64_LINE}s", encoded[:whole]))
    rest = [encoded[whole:]] if whole < len(encoded) else []
    return _CRLF.join([*lines, *rest, b""])


def _multipart(subtype: str, parts: Iterable[Iterable[bytes]], *, boundary: str) -> Iterator[bytes]:
    yield f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n\r\n'.encode()
    edge = f"--{boundary}".encode()
    for part in parts:
        yield edge + _CRLF
        yield from part
        yield _CRLF
    yield edge + b"--" + _CRLF
