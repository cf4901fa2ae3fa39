"""What is found in a mail before it has an id, a fate or a row: documents and their files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

from maild.model.bill import Bill
from maild.model.document import Counterparty, Direction, Kind, Role
from maild.model.money import Amount


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of a document with its bytes. `made` tells that maild made it."""

    role: Role
    name: str
    media_type: str
    content: bytes = field(repr=False)
    made: bool = False
    sha256: str = field(init=False)  # reckoned once, where the mail is read: beside the event loop

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256_of(self.content))


@dataclass(frozen=True, slots=True)
class Draft:
    """A document as it was found, before it has an id, a fate or a row."""

    kind: Kind
    direction: Direction | None
    number: str | None
    issued_on: date | None
    counterparty: Counterparty
    total: Amount | None
    bill: Bill | None
    sheets: tuple[Sheet, ...]
    content_sha256: str
    tag: str | None = None
    warnings: tuple[str, ...] = ()


def sha256_of(content: bytes) -> str:
    """The name of these bytes as a blob, and what makes two documents one."""
    return hashlib.sha256(content).hexdigest()
