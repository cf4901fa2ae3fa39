"""One thing to one destination: decisions, deliveries, attempts, parcels, and the state machine.

A delivery's state says what is known and no more: `handed_over` means that the next server took it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from maild.model.document import Document, Role
from maild.model.team import Attach, Team


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    HANDED_OVER = "handed_over"
    UNCERTAIN = "uncertain"  # the bytes left, no reply was seen: it may have arrived
    CONFIRMED = "confirmed"
    BOUNCED = "bounced"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"


# The legal moves; anything else is a bug. Source: house.md 2.6. `sending -> cancelled` is absent on
# purpose: what is on the wire cannot be called back.
MOVES: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.SENDING, State.HELD, State.CANCELLED}),
    State.SENDING: frozenset(
        {State.HANDED_OVER, State.QUEUED, State.UNCERTAIN, State.FAILED, State.HELD}
    ),
    # An uncertain delivery waits out a pause in that state, then goes again with the same bytes
    # (-> sending). While the reply to the dot is awaited it is uncertain already, so the reply may
    # still turn it into anything that `sending` could become.
    State.UNCERTAIN: frozenset(
        {State.SENDING, State.HANDED_OVER, State.QUEUED, State.FAILED, State.HELD}
        # A report about it proves that it arrived, whatever became of the reply.
        | {State.CONFIRMED, State.BOUNCED}
    ),
    State.HANDED_OVER: frozenset({State.CONFIRMED, State.BOUNCED}),
    State.CONFIRMED: frozenset({State.BOUNCED}),
    State.BOUNCED: frozenset({State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),
    State.HELD: frozenset({State.QUEUED, State.CANCELLED}),
    State.CANCELLED: frozenset(),
}


def moved(old: State, new: State) -> State:
    """`new`, if `old` may become it; ValueError otherwise."""
    if new not in MOVES[old]:
        raise ValueError(f"a delivery does not go from {old} to {new}")
    return new


class Outcome(StrEnum):
    """How one attempt ended. `open` stands until it has."""

    OPEN = "open"
    HANDED_OVER = "handed_over"
    DEFERRED = "deferred"  # this delivery, later
    PAUSED = "paused"  # the whole connector rests; not charged
    UNCERTAIN = "uncertain"
    REFUSED = "refused"
    HELD = "held"  # a bug of ours, with its incident
    LOST = "lost"  # the process that tried it is gone


@dataclass(frozen=True, slots=True)
class Planned:
    """One delivery as the rules want it, before it has a row."""

    recipient: str
    via: str
    address: str
    profile: str
    attach: tuple[Attach, ...]
    not_before: datetime  # aware UTC
    hold: str | None = None  # why it is held, or None
    hold_code: HoldCode | None = None
    rules: tuple[str, ...] = ()  # the names of the rules that asked for it
    instead: str | None = (
        None  # the recipient that brings it into the same books: nothing leaves here
    )


@dataclass(frozen=True, slots=True)
class Trace:
    """What one rule said of one document."""

    rule: str
    hit: bool
    reason: str  # for a person: "kind is invoice, not quote"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules said: deliveries, and why. `hold` is a reason that concerns the whole document."""

    planned: tuple[Planned, ...]
    trace: tuple[Trace, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. `n` counts from 1; times are aware UTC; `reply` is what the other side said."""

    n: int
    started_at: datetime
    outcome: Outcome
    reply: str | None = None
    ended_at: datetime | None = None


class HoldCode(StrEnum):
    """Why a delivery is held, for programs; `reason` says it to people."""

    SHADOW = "shadow"  # the team is in shadow mode
    RULE = "rule"  # a rule says hold
    NO_RULE = "no_rule"  # no rule names this kind
    REVIEW = "review"  # the same number came with other content
    PERSON = "person"  # a person held it
    UNCERTAIN = "uncertain"  # its connector wants a person to decide
    LOSSES = "losses"  # the process died three times while composing it alone
    BUG = "bug"  # a fault of ours, with its incident id
    UNTRUSTED = "untrusted"  # the figures inside its PDF are not those on the pages
    UNOPENED = "unopened"  # a file of it cannot be opened: damaged, or made to harm
    FIGURES = "figures"  # what its page says is not proven; a person confirms it
    NEW_ACCOUNT = "new_account"  # a known supplier's page with an account that he never had
    ENCRYPTED = "encrypted"  # its PDF asks for a password
    UNKNOWN_SENDER = "unknown_sender"  # nobody let its sender in yet, or nothing proves who he is
    STOPPED = "stopped"  # its address complained; nothing goes there before a person releases it
    RESTORED = "restored"  # it was to leave when the backup was taken, and may have left since
    SAME_BOOKS = "same_books"  # cancelled from the start: another road leads into the same books
    PROFILE = "profile"  # its inbox does not take this as it is (kind, size, missing file)


# What a page waits for, and a person ends by saying what it says.
OF_PAGE: Final = frozenset({HoldCode.FIGURES, HoldCode.NEW_ACCOUNT})
# What a verdict on the document ends, not the release of one delivery.
DECIDED: Final = OF_PAGE | {HoldCode.REVIEW}


class Purpose(StrEnum):
    """What a delivery carries."""

    DOCUMENT = "document"
    CORRECTION = "correction"  # a confirmed document whose number was known with other content
    NOTICE = "notice"  # a message of maild itself, without a document
    SIGN_IN = "sign_in"  # a link to the pages: made anew at each try, and never kept


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to one destination by one connector; one delivery is one message.

    `claim_no` rises at each claim, and every later write checks it. `part` numbers the messages of
    a profile that wants one file a mail (0 otherwise). `letter` is the ready subject and text of a
    notice; documents get theirs when composed. `tries` counts charged attempts, `losses` how often
    the process died while it composed this.
    """

    id: str
    team: str
    purpose: Purpose
    document: str | None
    recipient: str | None  # its name in the team's configuration; None for notices
    address: str
    via: str
    profile: str
    attach: tuple[Attach, ...]
    state: State
    not_before: datetime
    created_at: datetime
    message_id: str
    part: int = 0
    generation: int = 1
    priority: int = 0  # higher goes first
    claim_no: int = 0
    tries: int = 0
    losses: int = 0
    reason: str | None = None  # why it is held, failed, uncertain ...
    hold_code: HoldCode | None = None
    message: str | None = None  # sha256 of the composed message, once there
    named: bool = False  # a person asked for this recipient by name (corrections to machines)
    letter: Letter | None = None
    deadline_at: datetime | None = None
    attempts: tuple[Attempt, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """The words of one mail. `html` may be None for machine inboxes.

    `in_reply_to` is the Message-ID of the mail that it answers, with its brackets.
    """

    subject: str
    text: str
    html: str | None = None
    in_reply_to: str | None = None


class Filed(Protocol):
    """Bytes that lie in a file, since they are too many to be held at once."""

    def __len__(self) -> int: ...

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        """Its bytes from `start` on, all or at most `size`. Raises OSError; blocks."""
        ...


Content = bytes | Filed


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file on its way out. `sha256` names its bytes, in lower-case hex; empty where nobody asks."""

    name: str
    media_type: str
    content: Content = field(repr=False)
    role: Role = Role.ATTACHMENT
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Consignment:
    """What a relay is handed: a document with its figures, and its files as its profile wants them.

    `reference` is ours and stays the same at every try and in every generation: what it was created
    under over there is looked up by it, so that nothing is booked twice. `document.bill` is None for
    files without figures. `correction`: a person wants it there though its number is known.
    """

    reference: str
    team: Team
    document: Document
    files: tuple[Enclosure, ...]
    correction: bool = False

    def file(self, role: Role) -> Enclosure | None:
        """The first file with that role."""
        return next((one for one in self.files if one.role is role), None)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a connector is handed: an envelope and the finished message, CRLF line ends.

    `message` is the same at every try. `sender` is the envelope sender ("" for the null sender).
    For a relay `consignment` is what goes, `address` is a name over there, and `message` is the slip
    that says what went (`maild.outbox.slip`).
    """

    delivery: str
    sender: str
    address: str
    message: Content = field(repr=False)
    consignment: Consignment | None = None
