"""The sockets: what several real things fit. Adapters live in `connectors` and `store`.

There is no port for the database: SQLAlchemy Core already is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from maild.model.alarm import Call
from maild.model.delivery import Parcel
from maild.model.mailbox import Head, Look, Order
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


class Mailbox(Protocol):
    """A place where mail lies and other people's programs are at work too.

    Every method raises MailboxClosed when the connection is of no use any more; `connect` makes a
    new one. Nothing of a message is changed but by `carry_out`. One task uses it.
    """

    name: str

    async def connect(self) -> None:
        """Connect and log in, after dropping what was there. Raises LoginRefused too."""
        ...

    async def look(self, folder: str) -> Look:
        """Select a folder and list what lies in it now. Raises FolderMissing."""
        ...

    async def heads(self, folder: str, uids: Sequence[str]) -> tuple[Head, ...]:
        """What is known of these messages; those that have gone meanwhile are missing."""
        ...

    async def fetch(self, heads: Sequence[Head]) -> dict[str, bytes]:
        """The bytes of small messages of one folder by their uid, less those that have gone."""
        ...

    async def copy(self, head: Head, write: Callable[[bytes], None], *, most: int) -> int:
        """Write a large message piece by piece; how many bytes, 0 when it has gone.

        `write` is called in another thread. Stops after the piece in which `most` is passed.
        """
        ...

    async def carry_out(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        """Do the same thing to messages of one folder; those of them that are done with.

        One that somebody else moved or deleted is done with. Raises NotDone.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when something may have come, at the latest after so long."""
        ...

    def wake(self) -> None:
        """Make a `wait` return at once. Safe to call at any time."""
        ...

    async def close(self) -> None:
        """End the connection. Safe to call twice."""
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
        """Keep a token; it is durable when this returns. Trouble that there was is over.

        A token of an older consent than the one that is kept is dropped.
        """
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


T = TypeVar("T")


class Ledger(Protocol):
    """Keeps what connectors count on their roads, shared by every process and over restarts."""

    async def change(
        self, road: str, step: Callable[[dict[str, Any] | None], tuple[dict[str, Any], T]]
    ) -> T:
        """Change the counts of a road in one step, and return what the step says of them.

        `step` gets what was kept, None at first, and gives what is to be kept (JSON), which is
        durable when this returns. It is called in another thread and must be quick.
        """
        ...

    async def rest(self, road: str, *, until: datetime, reason: str) -> None:
        """Show to everybody that a road rests until then; a moment that has passed ends that."""
        ...


class Blobs(Protocol):
    """Bytes by their sha256 (lower-case hex). Writing the same bytes twice is once."""

    async def read(self, key: str) -> bytes:
        """The bytes, verified against their name. Raises NotFound or OSError."""
        ...


class Stored(Protocol):
    """Bytes in a file, complete. Whoever made it closes it; until then it can be read."""

    @property
    def path(self) -> Path:
        """Where it lies before the blob store gives it its name."""
        ...

    @property
    def sha256(self) -> str:
        """Its name as a blob."""
        ...

    @property
    def size(self) -> int:
        """How many bytes, as `len()` tells too."""
        ...

    @property
    def descriptor(self) -> int:
        """The open file."""
        ...

    def __len__(self) -> int: ...

    def read(self, size: int | None = None, *, start: int = 0) -> bytes:
        """Its bytes from `start` on, all or at most `size`. Raises OSError."""
        ...

    def close(self) -> None:
        """Forget it; what the blob store has not named is gone. Once only."""
        ...


class Spool(Protocol):
    """A file that is being written. Ended by `finish` or by `discard`."""

    def write(self, piece: bytes) -> None:
        """Append. Raises OSError."""
        ...

    def finish(self) -> Stored:
        """Complete: from now on it is the caller's to close."""
        ...

    def discard(self) -> None:
        """Drop what is there, unless it was finished. Safe to call twice."""
        ...


class AlarmRoad(Protocol):
    """A way to reach a person, apart from the deliveries."""

    @property
    def name(self) -> str:
        """What it is called in the log and in `maild status`."""
        ...

    async def tell(self, call: Call) -> None:
        """Tell, once. Raises DeliveryError when nobody was reached, as far as is known."""
        ...
