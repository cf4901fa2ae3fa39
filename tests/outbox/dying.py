"""A daemon's way out in a process of its own, which the crash test kills at a given step.

    python -m tests.outbox.dying DATABASE BLOBS PORT STEP

It runs the real outbox with the real store and connector. At STEP it writes a line and waits for
ever: the parent kills it there. Steps inside the SMTP dialogue are made slow by the sink instead.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.model.delivery import Delivery, Parcel
from maild.outbox.compose import Composed
from maild.outbox.dispatch import Outbox, OutboxOptions
from maild.rules.book import RuleBook
from maild.simulators.mailsink import LOOPBACK
from maild.store.blobs import BlobStore
from maild.store.database import Database


def nobody(*_: object, **__: object) -> None:
    """Tell no team anything: none fails here."""


def options(port: int) -> SmtpOptions:
    """How the sink is reached."""
    return SmtpOptions(name="relay", host=LOOPBACK, port=port, tls="none")


class Composing:
    """Composes a mail whose bytes would differ if it were composed again."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def __call__(self, delivery: Delivery) -> Composed:
        if delivery.message is not None:
            message = await self._blobs.read(delivery.message)
        else:
            now = datetime.now(tz=UTC).isoformat()
            head = f"Message-ID: {delivery.message_id}\r\nX-Composed: {now}\r\n\r\n"
            message = head.encode() + b"the invoice\r\n" * 8_000
        parcel = Parcel(delivery.id, "facturen@acme.example", delivery.address, message)
        return Composed(parcel, await self._blobs.stage(message))


class StoppingConnector(SmtpConnector):
    """The real connector, which stops at one step around the dialogue."""

    def __init__(self, options: SmtpOptions, *, step: str) -> None:
        super().__init__(options)
        self._step = step

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        await self._stop_at("begun")

        async def cross() -> None:
            await point_of_no_return()
            await self._stop_at("crossed")

        reply = await super().deliver(parcel, point_of_no_return=cross)
        await self._stop_at("replied")
        return reply

    async def _stop_at(self, step: str) -> None:
        if step == self._step:
            await wait_to_be_killed(step)


async def wait_to_be_killed(step: str) -> None:
    """Say where we are, and stay there."""
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


async def main(database: Path, blobs_folder: Path, *, port: int, step: str) -> None:
    """Run until killed."""
    db = await Database.open(database)
    composing = Composing(BlobStore(blobs_folder, db))

    async def compose(delivery: Delivery) -> Composed:
        if step == "composing":
            await wait_to_be_killed(step)
        return await composing(delivery)

    outbox = Outbox(
        db=db,
        compose=compose,
        connectors={"relay": StoppingConnector(options(port), step=step)},
        options=OutboxOptions(),
        book=lambda: RuleBook([]),
        tell=nobody,
        now=lambda: datetime.now(tz=UTC),
    )
    await outbox.run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), port=int(sys.argv[3]), step=sys.argv[4]))
