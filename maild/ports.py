"""The sockets: what several real things fit. Adapters live in `connectors` and `store`.

There is no port for the database: SQLAlchemy Core already is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from maild.model.delivery import Parcel
from maild.model.token import Consent, Token


class Connector(Protocol):
    """Carries one parcel to one destination."""

    name: str

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand the parcel over and return the other side's reply.

        `point_of_no_return` is awaited just before the step after which the other side may act
        (the dot, the POST); if it raises, nothing more is sent.
        Raises Deferred, Unavailable or Refused, and Doubtful when no reply came after that point.
        """
        ...

    async def check(self) -> None:
        """Raise what `deliver` would: is it reachable, does the login work?"""
        ...

    async def close(self) -> None:
        """End kept connections. Safe to call twice."""
        ...


class AccessTokens(Protocol):
    """Gives the access tokens of accounts, by their name in the configuration."""

    async def token(self, name: str, *, fresh: bool = False) -> str:
        """A token that is good for a login now; with `fresh` a new one, since the last was refused.

        Raises ConsentNeeded when a person has to be asked again, Unavailable when the provider does
        not answer.
        """
        ...


class TokenStore(Protocol):
    """Keeps the tokens of accounts, sealed; several processes may use it at once."""

    async def load(self, name: str) -> Consent:
        """How the consent of an account stands; one that nobody gave has no token."""
        ...

    async def save(self, name: str, token: Token) -> None:
        """Keep a token; it is durable when this returns. Trouble that there was is over."""
        ...

    async def spoil(self, name: str, trouble: str) -> bool:
        """Note that a person has to be asked again; True when that is news."""
        ...

    async def lease(self, name: str) -> bool:
        """Take the right to refresh; False while another has it. It ends by itself after a minute."""
        ...

    async def release(self, name: str) -> None:
        """Give the right to refresh back."""
        ...


class Blobs(Protocol):
    """Bytes by their sha256 (lower-case hex). Writing the same bytes twice is once."""

    async def read(self, key: str) -> bytes:
        """The bytes, verified against their name. Raises NotFound or OSError."""
        ...
