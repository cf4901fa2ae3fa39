"""What the stand-in of CodaBox holds: companies, their consents, feeds and invoices, and switches.

Facts are from the survey of its API V2; what nobody knows is a switch, and a client has to be right
whichever way it stands. Nothing here answers a request.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from enum import StrEnum

MODELS = {
    "coda": ("cod", "pdf", "xml"),
    "soda": ("pdf", "xml"),
    "purchase_invoice": ("pdf", "xml"),
    "sales_invoice": ("pdf", "xml"),
    "expense": ("pdf", "xml"),
}


class Fault(StrEnum):
    """What goes wrong with one call."""

    CUT_BEFORE = "cut_before"  # the line breaks, and nothing was done
    CUT_AFTER = "cut_after"  # the work is done and the line breaks: the trap of duplicates
    HALF = "half"  # the work is done, half an answer arrives
    TRUNCATED = "truncated"  # the same, with the length of the half
    HTML_500 = "html_500"
    HTML_200 = "html_200"  # a page of maintenance
    BUSY_503 = "busy_503"
    WRONG_TYPE = "wrong_type"  # the work is done, the answer is a page
    SLOW = "slow"


@dataclass
class Switches:
    """What is not known of the real one, or differs between its users."""

    knows_duplicates: bool = True  # says of a second one that it is one; else takes it again
    one_year: bool = True  # refuses last year's after the first invoice of this year
    later: bool = False  # takes at once and says later what became of it
    wants_pdf: bool = True
    fetch_delay: int = 7200  # seconds between two looks at the feeds
    slow: float = 0.5  # seconds


@dataclass
class Entry:
    """A document in a feed."""

    model: str
    files: dict[str, bytes]
    metadata: dict[str, object] = field(default_factory=dict)
    index: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Invoice:
    """A sales invoice as it was taken."""

    id: str
    number: str
    year: str
    issued_on: str
    root: str
    ubl: bytes
    pdf: bytes | None
    state: str
    reason: str = ""


@dataclass
class Company:
    """A client of an accounting office."""

    number: str  # BE and ten digits
    name: str = "Acme BV"
    email: str = "baas@acme.example"
    office: bool = True
    password: str = field(default_factory=secrets.token_hex)
    username: str = field(default_factory=lambda: f"u-{uuid.uuid4()}")
    tokens: set[str] = field(default_factory=set)  # mailed and not used
    revoked: bool = False
    feed: int = 277
    entries: list[Entry] = field(default_factory=list)
    done: int = 0  # how many of the entries were acknowledged
    looked_at: float = float("-inf")  # monotonic or virtual seconds
    refused_since_revoked: int = 0
    invoices: list[Invoice] = field(default_factory=list)


@dataclass
class World:
    """Everything, and what a real one would punish (`offences`)."""

    software: str = "6d5e8f3a-0000-4000-8000-000000000001"
    path: str = "invoices/sales/"  # nobody outside knows the real one
    part: str = "file"
    pdf_part: str = "pdf"
    companies: dict[str, Company] = field(default_factory=dict)
    switches: Switches = field(default_factory=Switches)
    offences: list[str] = field(default_factory=list)
    mails: list[tuple[str, str]] = field(default_factory=list)  # to whom, and the text
    calls: list[str] = field(default_factory=list)  # method and path
    faults: dict[int, Fault] = field(default_factory=dict)  # by the number of the call, from 1
    always: Fault | None = None  # what every other call meets
    now: float = 0.0  # seconds, moved by the test

    def company(self, number: str) -> Company:
        """A company that is a client; made when it is not there."""
        return self.companies.setdefault(number, Company(number))

    def numbers(self, number: str) -> list[str]:
        """The numbers of the invoices of a company, as they came."""
        return [one.number for one in self.company(number).invoices if one.state != "rejected"]
