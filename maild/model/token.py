"""What the owner of a mailbox at a provider has allowed, as the provider hands it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Token:
    """A short-lived access token, and the refresh token that buys the next one.

    `refresh` is None where the provider gave none: the consent then ends with the access token.
    """

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires_at: datetime
    obtained_at: datetime
    consented_at: datetime  # when a person last said yes
    scope: str = ""

    def lasts(self, now: datetime, *, at_least: timedelta) -> bool:
        """Whether the access token is good for so much longer."""
        return now + at_least < self.expires_at


@dataclass(frozen=True, slots=True)
class Consent:
    """How the consent of one account stands; `trouble` says why a person has to be asked again."""

    name: str
    token: Token | None
    trouble: str | None = None
