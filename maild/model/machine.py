"""Programs of a team that use the API: what lets one in, and what it may do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class May(StrEnum):
    """What a token lets a program do for its team."""

    SEND = "send"  # hand documents in
    READ = "read"  # look at documents and take their files
    EVENTS = "events"  # follow what happens


@dataclass(frozen=True, slots=True)
class Machine:
    """A program with a token. Of the token itself nothing is kept but its SHA-256."""

    id: str
    team: str
    name: str
    may: frozenset[May]
    created_at: datetime
    created_by: str
    used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Something a program handed in under a key of its own, and the documents that it became."""

    team: str
    key: str
    content: str  # the SHA-256 of what was handed in
    documents: tuple[str, ...]
    at: datetime
