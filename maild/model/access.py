"""Who may see what: people, partners, their links with teams, sessions, and the scope of a visit.

A *partner* is an accountant's office, a *link* ties it to a team, and a *scope* is what one signed-in
person may do, made from the rows of that moment and given to every question a page asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from maild.model.document import Direction


class Right(StrEnum):
    """What a link lets a partner do with a team."""

    SALES = "sales"  # see its sales documents
    PURCHASE = "purchase"  # see its purchase documents
    EXPORT = "export"  # download many at once
    AUTO = "auto"  # switch on automatic exports


class LinkState(StrEnum):
    """Where a link stands. Only an active one gives anything."""

    INVITED = "invited"  # the team asks, the partner has to accept
    ASKED = "asked"  # the partner asks, the team has to accept
    ACTIVE = "active"
    DECLINED = "declined"
    ENDED = "ended"


class Factor(StrEnum):
    """How a session proved who it is; the first is one factor, the others are two."""

    LINK = "link"  # a mailed link or code
    PASSKEY = "passkey"
    TOTP = "totp"
    CONSOLE = "console"  # a link that the operator took from the machine itself


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in: one e-mail address, in lower case."""

    id: str
    email: str
    language: str
    partner: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Partner:
    """An accountant's office."""

    id: str
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """The tie between a team and a partner; `partner` is None until an invitation is accepted."""

    id: str
    team: str
    partner: str | None
    email: str  # who was invited, or who asked
    rights: frozenset[Right]
    state: LinkState
    created_at: datetime
    created_by: str
    expires_at: datetime
    decided_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `agent` and `place` are what its owner may recognise it by."""

    id: str
    person: str
    factor: Factor
    opened_at: datetime
    seen_at: datetime
    expires_at: datetime
    agent: str
    place: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What one person may do now. Every question of a page is asked with it.

    `links` are the active ones of his office by team, `owns` the teams whose people he is of;
    `proven`: more than the mailed link showed who it is.
    """

    person: str
    email: str
    partner: str | None = None
    links: Mapping[str, frozenset[Right]] = field(default_factory=dict)
    owns: frozenset[str] = frozenset()
    operator: bool = False
    proven: bool = False

    def may(self, right: Right, team: str) -> bool:
        """Whether this right holds over a team: a partner's by its link, an owner's always."""
        return team in self.owns or right in self.links.get(team, frozenset())

    def directions(self, team: str) -> frozenset[Direction]:
        """Which documents of a team may be seen; none for a team that is nobody's of ours."""
        pairs = ((Right.SALES, Direction.SALES), (Right.PURCHASE, Direction.PURCHASE))
        return frozenset(direction for right, direction in pairs if self.may(right, team))

    @property
    def teams(self) -> frozenset[str]:
        """The teams of which anything may be seen."""
        return self.owns | frozenset(team for team in self.links if self.directions(team))
