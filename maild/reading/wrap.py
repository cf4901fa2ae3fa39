"""Files become a mail, for the doors that receive files: one way in for all of them.

The same files give the same bytes, so that handing them in twice is seen for what it is.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from email.header import Header
from urllib.parse import quote

from maild.reading.names import safe_name, type_of


def wrap(files: Sequence[tuple[str, bytes]], *, subject: str = "") -> bytes:
    """A mail with these (name, content) pairs as its attachments, CRLF line ends.

    It has no Date, Message-ID or From: nobody sent it.
    """
    boundary = _boundary(files)
    head = [
        f"Subject: {_header_text(subject or ', '.join(name for name, _ in files))}",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/mixed; boundary="{boundary}"',
        "",
        "",
    ]
    pieces = ["\r\n".join(head).encode("ascii")]
    taken: set[str] = set()
    for name, content in files:
        media_type = type_of(content, declared=_by_extension(name))
        safe = safe_name(name, media_type=media_type, taken=taken)
        taken.add(safe)
        pieces.append(_part(safe, content, media_type=media_type, boundary=boundary))
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return b"".join(pieces)


def _boundary(files: Sequence[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in files:
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + content)
    return f"=_{digest.hexdigest()[:32]}"


def _part(name: str, content: bytes, *, media_type: str, boundary: str) -> bytes:
    head = "\r\n".join(
        (
            f"--{boundary}",
            f"Content-Type: {media_type}",
            "Content-Transfer-Encoding: base64",
            f"Content-Disposition: attachment; {_file_name(name)}",
            "",
            "",
        )
    )
    return head.encode("ascii") + base64.encodebytes(content).replace(b"\n", b"\r\n")


def _file_name(name: str) -> str:
    """RFC 2231 section 4; a plain ASCII name stays plain."""
    if re.fullmatch(r"[\w .,()+-]+", name, re.ASCII):
        return f'filename="{name}"'
    return f"filename*=utf-8''{quote(name, safe='')}"


def _header_text(text: str) -> str:
    flat = " ".join(text.split())[:500].encode("utf-8", "replace").decode()
    return Header(flat, "us-ascii" if flat.isascii() else "utf-8").encode(linesep="\r\n")


def _by_extension(name: str) -> str:
    return {"json": "application/json", "xml": "application/xml"}.get(
        name.rpartition(".")[2].lower(), "application/octet-stream"
    )
