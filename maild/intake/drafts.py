"""What is found in a mail before it has an id, a fate or a row: documents and their files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from maild.intake.hold import Hold
from maild.intake.page_reading import Read
from maild.model.bill import Bill
from maild.model.document import Counterparty, Direction, Kind, Role
from maild.model.money import Amount
from maild.reading.mail import Body, content_of, sha256_of, size_of


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file of a document with its bytes. `made` tells that maild made it."""

    role: Role
    name: str
    media_type: str
    body: Body = field(repr=False)
    made: bool = False
    sha256: str = field(init=False)  # reckoned once, where the mail is read: beside the event loop

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", sha256_of(self.body))

    @property
    def content(self) -> bytes:
        """Its bytes; read from the disk each time when they are many."""
        return content_of(self.body)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return size_of(self.body)


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
    hold: Hold | None = None
    read: Read | None = field(
        default=None, repr=False
    )  # what its pages say, where nothing else does
