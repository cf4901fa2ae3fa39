"""The sockets: what several real things fit. Adapters live in `connectors` and `store`.

There is no port for the database: SQLAlchemy Core already is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from maild.model.delivery import Parcel


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


class Blobs(Protocol):
    """Bytes by their sha256 (lower-case hex). Writing the same bytes twice is once."""

    async def read(self, key: str) -> bytes:
        """The bytes, verified against their name. Raises NotFound or OSError."""
        ...
