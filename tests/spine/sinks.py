"""The mail sink in a thread of its own: the outside world, whose faults a test switches at will."""

from __future__ import annotations

import asyncio
import threading
from email.message import EmailMessage

from maild.simulators.mailsink import MailSink
from maild.simulators.sink_terms import Caught, Faults
from tests.spine.post import read_mail
from tests.spine.waiting import PATIENCE, until


class Sink:
    """A running mail sink; `port` is where it listens, `faults` may be changed while it runs."""

    def __init__(self) -> None:
        self._sink = MailSink()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail sink")
        self.port = 0

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._sink.start(), self._loop).result(10)

    def stop(self) -> None:
        """Hang up on everyone and end the thread."""
        asyncio.run_coroutine_threadsafe(self._sink.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def faults(self) -> Faults:
        """What goes wrong from now on."""
        return self._sink.faults

    def seen(self, step: str) -> int:
        """How often a step of a dialogue came."""
        return self._sink.steps[step]

    @property
    def mails(self) -> list[Caught]:
        """What it took so far, oldest first."""
        return list(self._sink.mails)

    def to(self, address: str) -> list[EmailMessage]:
        """The mails for one address, as written in the envelope."""
        return [read_mail(one.content) for one in self.mails if one.recipients == (address,)]

    def wait_for(
        self, address: str, *, count: int = 1, within: float = PATIENCE
    ) -> list[EmailMessage]:
        """The mails for an address as soon as there are so many."""

        def look() -> list[EmailMessage]:
            found = self.to(address)
            return found if len(found) >= count else []

        return until(look, within=within, explain=self.addresses)

    def addresses(self) -> list[tuple[str, ...]]:
        """Whom it has mail for."""
        return [one.recipients for one in self.mails]
