"""What somebody proves himself by besides the mailed link: passkeys, and an app that shows codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Passkey:
    """A key pair of which this is the public half. `uses` is what its device counted, often 0."""

    id: str
    person: str
    credential: bytes  # by what the device knows it
    key: bytes = field(repr=False)  # COSE (RFC 9052)
    uses: int
    name: str
    created_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CodeApp:
    """An app that shares a secret, sealed here, and shows six digits of it each half minute.

    `last_step` is the half minute whose code was used last: neither it nor an older one is taken again.
    """

    person: str
    sealed: bytes = field(repr=False)
    created_at: datetime
    confirmed_at: datetime | None = None
    last_step: int = 0
    wrong: int = 0  # in a row
    wrong_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """The second factors that somebody has."""

    passkeys: tuple[Passkey, ...]
    app: CodeApp | None

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.passkeys) or self.app is not None
