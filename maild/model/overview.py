"""What an operator sees at one glance: days as they went, and rows of what came in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from maild.model.document import Document


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): documents that came, and where the deliveries made on it stand."""

    on: date
    came: int = 0
    delivered: int = 0
    waiting: int = 0
    failed: int = 0
    turned_away: int = 0  # refused at the door: those became no documents


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many documents each rule of a team took, and what none took.

    `hits` has the name of a rule, how many, and the last day (UTC); `missed` a kind and how many.
    """

    hits: tuple[tuple[str, int, date | None], ...]
    missed: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Brought:
    """A document that an arrival brought; `again` when it was there before."""

    document: Document
    rules: tuple[str, ...]  # the names of those that hit
    again: bool


@dataclass(frozen=True, slots=True)
class Incoming:
    """Something that came in, or was refused: then `code`, `message` and `problems` say why."""

    id: str
    team: str
    at: datetime
    door: str
    sender: str | None
    recipient: str | None
    subject: str | None
    size: int
    brought: tuple[Brought, ...] = ()
    code: str = ""
    message: str = ""
    problems: tuple[tuple[str, str, str], ...] = ()  # code, where, message

    @property
    def key(self) -> str:
        """Where a list goes on behind it: the part of the id that sorts by time."""
        return self.id.partition("-")[2]
