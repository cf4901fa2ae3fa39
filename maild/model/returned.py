"""What comes back about a mail of ours: a report, and what it says of each recipient.

Values only: `maild.reading.returns` makes them, `maild.intake.returns` finds the delivery they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Sort(StrEnum):
    """What kind of mail about mail this is."""

    BOUNCE = "bounce"  # something could not be delivered, or not yet
    RECEIPT = "receipt"  # something was delivered, displayed, or taken in by an inbox's software
    AUTO_REPLY = "auto_reply"  # an out-of-office note, a challenge: says nothing of the delivery
    FEEDBACK = "feedback"  # a complaint: the recipient does not want this mail


class Action(StrEnum):
    """What happened to the mail for one recipient. The first five: RFC 3464 section 2.3.3."""

    FAILED = "failed"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    RELAYED = "relayed"
    EXPANDED = "expanded"
    DISPLAYED = "displayed"  # a person's mail program showed it (RFC 8098)
    ACCEPTED = "accepted"  # the software behind an inbox took it in
    COMPLAINED = "complained"  # RFC 5965
    REPLIED = "replied"  # a program or a person answered; it says nothing of the delivery


GOOD = frozenset(
    {Action.DELIVERED, Action.RELAYED, Action.EXPANDED, Action.DISPLAYED, Action.ACCEPTED}
)


@dataclass(frozen=True, slots=True)
class Returned:
    """What a report says of one recipient; `status` is an enhanced code (RFC 3463), if any."""

    recipient: str
    action: Action
    status: str | None = None
    diagnostic: str | None = None  # in the words of the server or program that said it
    original: str | None = None  # the address as we gave it, where a forward changed it


@dataclass(frozen=True, slots=True)
class Report:
    """One mail about mail. Everything but `sort` may be missing; nothing of it is trusted."""

    sort: Sort
    returned: tuple[Returned, ...] = ()
    envelope_id: str | None = None  # the ENVID that we gave (RFC 3461 section 4.4)
    message_ids: tuple[str, ...] = ()  # of the mail it is about, the surest first
    delivery: str | None = None  # our own X-Maild-Delivery in the returned headers
    sender: str | None = None  # who reports
    subject: str = ""
    words: str = ""  # how the report begins, for a person


@dataclass(frozen=True, slots=True)
class Return:
    """What one report meant for one delivery, as it is kept; `reason` says it in plain words."""

    at: datetime
    source: str  # the door that it came by
    sort: Sort
    action: Action
    recipient: str | None
    status: str | None
    diagnostic: str | None
    reason: str
    original: str  # the sha256 of the report
