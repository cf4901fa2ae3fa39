"""The company served and what it wants: team, recipients, profiles, rules.

These are values read from the configuration; `maild.rules` decides with them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from maild.model.document import BILL_KINDS, Kind
from maild.model.exact import ExactMapping
from maild.model.export import Export

# CodaBox mails its users a copy of what it delivered to their accountant (inboxes.md, [S7]).
COPIES_FROM: Final = ("invoices@codabox.com",)
DIGEST: Final = "daily 08:00"
# Stands where a delivery names its team, when it is maild itself that writes; no team can have it.
HOUSE: Final = "-"


class Mode(StrEnum):
    """Live sends; shadow decides and records everything and sends nothing."""

    LIVE = "live"
    SHADOW = "shadow"


class Strangers(StrEnum):
    """What is done with documents of senders that nobody let in."""

    HOLD_MAILBOX = "hold_mailbox"  # they wait where they came by a mailbox; doors let in their own
    HOLD = "hold"  # they wait, whatever door they came by
    TAKE = "take"


class Answers(StrEnum):
    """Which senders are told what became of their mail."""

    PEOPLE = "people"  # who wrote to a mailbox
    ALL = "all"  # who handed in at the SMTP door, too
    NONE = "none"


class Attach(StrEnum):
    """A file that a destination can be given."""

    PDF = "pdf"
    UBL = "ubl"
    ATTACHMENTS = "attachments"  # what else came with the document
    LINK = "link"  # no file, but a link to the files of a package


# What a rule may ask for.
FILES: Final[tuple[Attach, ...]] = (Attach.PDF, Attach.UBL, Attach.ATTACHMENTS)


@dataclass(frozen=True, slots=True)
class Profile:
    """How one kind of inbox wants its mail; one value per product (inboxes.md section 3).

    `machine` inboxes never get a mail without a document, a quote, a notice, or a correction that
    nobody asked for by name. `max_size` is in bytes of the encoded message.
    """

    name: str
    machine: bool
    attach: tuple[Attach, ...]
    source: str  # where this is known from: a section of inboxes.md with its source keys
    as_of: date
    kinds: frozenset[Kind] = frozenset(Kind)
    takes: frozenset[Attach] = frozenset(FILES)  # files that it reads; others are never sent
    same_base_name: bool = True  # PDF and UBL carry one base name
    needs_pair: bool = False  # UBL only together with its PDF
    one_file_a_mail: bool = False
    max_size: int | None = None
    subject: str | None = None  # a template, e.g. "[VRK] {{ number }}"; None: the letter's own
    case_kept: bool = True  # the local part goes out as written
    books: bool = False  # what arrives here is booked by itself
    receipts: bool = False  # it answers each mail, taken in or not
    hint: str | None = None  # what the operator must do there, e.g. allow the sender
    relay: bool = False  # handed over by a relay (`rules/relays.py`), not by mail


@dataclass(frozen=True, slots=True)
class Recipient:
    """A named destination of a team."""

    name: str
    via: str  # the connector
    address: str
    profile: Profile
    books: str | None = None  # recipients with equal `books` lead into one set of books
    language: str | None = None  # None: the team's
    by_link: bool = False  # a person who gets a link to packages instead of the packages


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a rule hits; an empty field does not ask. Everything asked must hold."""

    kinds: frozenset[Kind] = frozenset()
    direction: str | None = None  # "sales" or "purchase"
    counterparty: tuple[str, ...] = ()  # names or VAT numbers; * as wildcard, case ignored
    total_from: Decimal | None = None  # inclusive, in the document's currency
    total_to: Decimal | None = None  # inclusive
    currency: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    sender: tuple[str, ...] = ()  # addresses or *@domain
    tags: frozenset[str] = frozenset()
    max_age_days: int | None = None  # days between issue date and acceptance
    min_age_days: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One sentence of policy."""

    name: str
    to: tuple[str, ...] = ()  # names of recipients
    conditions: Conditions = field(default_factory=Conditions)
    attach: tuple[Attach, ...] | None = None  # None: as the profile says
    when: str = "now"
    hold: bool = False
    stop: bool = False


@dataclass(frozen=True, slots=True)
class Branding:
    """How a team's PDFs and letters look. Colours are "#rrggbb"; `logo` is the path of an SVG or PNG."""

    primary: str = "#12343b"
    accent: str = "#a8480f"
    logo: str | None = None
    texts: tuple[tuple[str, str], ...] = ()  # overrides: ("nl.invoice.terms", "...")

    def text(self, key: str) -> str | None:
        """The team's own text for "LANGUAGE.KIND.NAME", if any."""
        return dict(self.texts).get(key)


@dataclass(frozen=True, slots=True)
class Team:
    """The company served."""

    slug: str
    name: str
    vat: tuple[str, ...]
    language: str
    addresses: tuple[str, ...]
    sender: str  # the From of its mails: "Name <address>"
    recipients: tuple[Recipient, ...] = ()
    rules: tuple[Rule, ...] = ()
    people: tuple[str, ...] = ()  # addresses of the team's own people
    notices: tuple[str, ...] = ()  # who is told; empty: `people`
    notices_via: str | None = None  # the connector that carries notices
    via: str | None = None  # the connector of recipients that name none, and of notices
    reply_to: tuple[str, ...] = ()  # where answers to its mails go; empty: to its `from`
    senders_allow: tuple[str, ...] = ()  # addresses or *@domain that may hand in
    senders_deny: tuple[str, ...] = ()  # and that may not
    unknown_senders: Strangers = Strangers.HOLD_MAILBOX
    copies_from: tuple[str, ...] = COPIES_FROM  # whose mails bring what was delivered already
    answers: Answers = Answers.PEOPLE
    digest: str = DIGEST  # when the team hears what came and went; empty: never
    time_zone: str = "Europe/Brussels"
    exports: tuple[Export, ...] = ()  # packages of a period, by schedule
    holidays: str = ""  # the country whose holidays are no working days; empty: weekends only
    mode: Mode = Mode.LIVE
    reads_pages: bool = (
        True  # purchases that are only a PDF are read, and wait where that is not sure
    )
    mail_text: bool = False  # a mail without a file that is a document is one itself
    branding: Branding = field(default_factory=Branding)
    exact: ExactMapping | None = None  # how its bills are booked at Exact Online

    def recipient(self, name: str) -> Recipient | None:
        """The recipient of that name."""
        return next((one for one in self.recipients if one.name == name), None)

    @property
    def told(self) -> tuple[str, ...]:
        """Who gets notices."""
        return self.notices or self.people


__all__ = [
    "BILL_KINDS",
    "Attach",
    "Branding",
    "Conditions",
    "Mode",
    "Profile",
    "Recipient",
    "Rule",
    "Team",
]
