"""A package that waits behind a link: who got the link, how long it is good, how often it was used.

Values only. Who has the link takes the package; nothing here knows the link itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Over(StrEnum):
    """Why a link gives nothing any more."""

    EXPIRED = "expired"
    REVOKED = "revoked"
    SPENT = "spent"  # it was used as often as it may be
    CLEARED = "cleared"  # the package itself is gone


@dataclass(frozen=True, slots=True)
class Pickup:
    """One link to the files of one package, mailed by one delivery.

    `token` is the SHA-256 of what stands in the link, which is kept nowhere. `most` is how many
    downloads of a file there may be in all, `taken` how many there were.
    """

    id: str
    team: str
    document: str
    delivery: str
    address: str  # where the link was mailed to; whoever has it may have passed it on
    token: str
    created_at: datetime
    expires_at: datetime
    most: int
    taken: int = 0
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def over(self, now: datetime) -> Over | None:
        """Why it gives nothing at that moment; None while it is good."""
        if self.revoked_at is not None:
            return Over.REVOKED
        if now >= self.expires_at:
            return Over.EXPIRED
        return Over.SPENT if self.taken >= self.most else None
