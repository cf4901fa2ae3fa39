"""The slip of a consignment: what a relay was handed, kept where the mail of other deliveries is.

A small JSON document whose bytes are the same at every try. It names each file by its sha256; the
files themselves lie in the blob store, as those of every document do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from maild.model.delivery import Delivery, Enclosure
from maild.model.document import Document, Role

_START: Final = b'{"slip":1,'


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as the slip names it; `size` in bytes."""

    name: str
    media_type: str
    role: Role
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Slip:
    """What the slip says. `date` is an instant in ISO 8601."""

    message_id: str
    date: str
    team: str
    to: str
    subject: str
    files: tuple[Listed, ...]


def write_slip(
    delivery: Delivery,
    document: Document,
    *,
    files: tuple[Enclosure, ...],
    reference: str,
    now: datetime,
) -> bytes:
    """The bytes of a slip; equal input gives equal bytes."""
    said = {
        "date": now.isoformat(),
        "delivery": delivery.id,
        "document": document.id,
        "files": [_listed(one) for one in files],
        "kind": document.kind.value,
        "message_id": delivery.message_id,
        "number": document.number,
        "reference": reference,
        "team": delivery.team,
        "to": delivery.address,
        "via": delivery.via,
    }
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return _START + text[1:].encode() + b"\n"


def is_slip(message: bytes) -> bool:
    """Whether these are the bytes of a slip and not of a mail."""
    return message.startswith(_START)


def read_slip(message: bytes) -> Slip:
    """What a slip says. Raises ValueError when it was not written by `write_slip`."""
    try:
        said = json.loads(message)
        return Slip(
            message_id=str(said["message_id"]),
            date=str(said["date"]),
            team=str(said["team"]),
            to=str(said["to"]),
            subject=f"{said['kind']} {said['number'] or said['document']}",
            files=tuple(_read_listed(one) for one in said["files"]),
        )
    except (KeyError, TypeError) as fault:
        raise ValueError(f"this is no slip: {fault}") from fault


def _listed(file: Enclosure) -> dict[str, Any]:
    return {
        "media_type": file.media_type,
        "name": file.name,
        "role": file.role.value,
        "sha256": file.sha256,
        "size": len(file.content),
    }


def _read_listed(said: dict[str, Any]) -> Listed:
    return Listed(
        name=str(said["name"]),
        media_type=str(said["media_type"]),
        role=Role(said["role"]),
        sha256=str(said["sha256"]),
        size=int(said["size"]),
    )
