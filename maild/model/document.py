"""What the rules, the outbox and the portal see of a document: its kind, its figures in short, its files."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from maild.model.bill import Bill, BillKind
from maild.model.money import Amount


class Direction(StrEnum):
    """Whether the team is the seller or the buyer."""

    SALES = "sales"
    PURCHASE = "purchase"


class Kind(StrEnum):
    """What a document is for its team; the names used in rules."""

    QUOTE = "quote"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    PURCHASE_INVOICE = "purchase_invoice"
    PURCHASE_CREDIT_NOTE = "purchase_credit_note"
    OTHER = "other"
    EXPORT = "export"

    @property
    def direction(self) -> Direction | None:
        """Sales or purchase; None for files that are neither."""
        if self in (Kind.QUOTE, Kind.INVOICE, Kind.CREDIT_NOTE):
            return Direction.SALES
        if self in (Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE):
            return Direction.PURCHASE
        return None


# The kinds that must have a fate in every team's rules (house.md 2.11).
BILL_KINDS = (
    Kind.INVOICE,
    Kind.CREDIT_NOTE,
    Kind.QUOTE,
    Kind.PURCHASE_INVOICE,
    Kind.PURCHASE_CREDIT_NOTE,
)


def kind_of(bill: BillKind, direction: Direction) -> Kind:
    """What a bill is for a team that sells (sales) or buys (purchase).

    A quote that a team receives is a file to pass on: kind `other`.
    """
    if direction is Direction.SALES:
        return Kind(bill.value)
    if bill is BillKind.INVOICE:
        return Kind.PURCHASE_INVOICE
    if bill is BillKind.CREDIT_NOTE:
        return Kind.PURCHASE_CREDIT_NOTE
    return Kind.OTHER


class Role(StrEnum):
    """What a file is to its document."""

    ORIGINAL = "original"  # the mail or file as it came in
    PDF = "pdf"
    UBL = "ubl"  # as issued, byte-exact
    COPY = "copy"  # UBL with the PDF inside, derived
    ATTACHMENT = "attachment"
    ARCHIVE = "archive"


@dataclass(frozen=True, slots=True)
class File:
    """A role on a blob. `size` in bytes; `sha256` in lower-case hex names the blob.

    `made` tells that maild made it (a rendered PDF, a UBL written from JSON), not the sender.
    """

    role: Role
    name: str
    media_type: str
    size: int
    sha256: str
    made: bool = False


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The other side: the buyer of a sales document, the seller of a purchase."""

    name: str | None = None
    vat: str | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing that came in: a mail, a file from a folder, a file from the CLI.

    `door` is "smtp", "mailbox", "folder", "codabox", "api" or "cli"; `sender` an address (None for the null sender and for
    files); `recipient` the team's address with its tag, or None; `original` the sha256 of the
    stored bytes.
    """

    id: str
    team: str
    door: str
    received_at: datetime
    sender: str | None
    recipient: str | None
    subject: str | None
    message_id: str | None
    peer: str | None
    size: int
    original: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a team. `content_sha256` identifies its content for the once-only rule.

    `total` is the amount payable including VAT as the document says it (BT-112); None where no
    figures are claimed. `bill` is None for files without figures, and where only a listing was asked.
    """

    id: str
    team: str
    kind: Kind
    number: str | None
    issued_on: date | None
    counterparty: Counterparty
    total: Amount | None
    files: tuple[File, ...]
    arrival: str
    accepted_at: datetime
    content_sha256: str
    direction: Direction | None = None
    language: str | None = None
    tags: frozenset[str] = frozenset()
    sender: str | None = None
    bill: Bill | None = field(default=None, repr=False)
    correction_of: str | None = None  # the document with the same number and other content
    review: str | None = None  # None, "waiting", "confirmed" or "rejected"

    def file(self, role: Role) -> File | None:
        """The first file with that role."""
        return next((one for one in self.files if one.role is role), None)
