"""A message in somebody's mailbox: where it lies, what is known of it, what became of it.

Values only. A mailbox is an IMAP account or a Maildir; what reads it is in `connectors`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a message lies. A folder that was made anew has another `validity`.

    RFC 3501 section 2.3.1.1: only folder, UIDVALIDITY and UID together name a message.
    """

    folder: str
    validity: str
    uid: str


@dataclass(frozen=True, slots=True)
class Look:
    """What lies in a folder now; `uids` in the order in which they came."""

    validity: str
    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A file in a message, as the server tells it before the message is fetched."""

    name: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Head:
    """What is asked of a message before its body: enough to decide whether to fetch it.

    `headers` is the block of fields as it stands in the message, bounded. `files` is empty unless
    the mailbox was asked for them. `same_as` is a provider's own id, equal for copies.
    """

    place: Place
    size: int
    arrived_at: datetime
    headers: bytes = field(repr=False)
    files: tuple[Named, ...] = ()
    same_as: str | None = None


class Outcome(StrEnum):
    """What became of a message."""

    ACCEPTED = "accepted"  # it brought something new
    DUPLICATE = "duplicate"  # everything in it was there before
    REFUSED = "refused"  # not understood: kept, and told to the team
    UNROUTED = "unrouted"  # not understood: no team is meant
    IGNORED = "ignored"  # a rule of the mailbox says so


class Action(StrEnum):
    """What is done to a message in its mailbox, once it is stored here."""

    MOVE = "move"
    SEEN = "seen"
    FLAG = "flag"
    KEYWORD = "keyword"
    DELETE = "delete"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Order:
    """One action on one message. `target` is the folder or keyword; `again` after a crash."""

    place: Place
    action: Action
    target: str = ""
    message_id: str | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was dealt with: the mark that it leaves behind.

    `sha256` names its bytes, if they were fetched; `settled` tells that nothing is left to do in
    the mailbox.
    """

    place: Place
    outcome: Outcome
    at: datetime
    settled: bool
    sha256: str | None = None
    message_id: str | None = None
    same_as: str | None = None
    arrival: str | None = None
    reason: str | None = None
