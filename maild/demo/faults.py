"""What may go wrong in the demo, by the stand-in that does it: one fault of each at a time.

A fault stays until it is switched off, unless its words say that it strikes once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from maild.demo.outside import Outside
from maild.simulators.codabox.world import Fault as AtCodaBox
from maild.simulators.exact.faults import Fault as AtExact

_ENDLESS: Final = 10**9
_ENTRIES: Final = "POST *Entries"
_SLOW: Final = 8.0  # seconds


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to go wrong: what the button says, what is to be seen then, and how it is done."""

    words: str
    seen: str
    strike: Callable[[Outside], None]
    lasts: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """A stand-in with its faults, and how all of them end."""

    name: str
    faults: dict[str, Fault]
    mend: Callable[[Outside], None]


@dataclass(slots=True)
class Switchboard:
    """Which fault is on where."""

    outside: Outside
    on: dict[str, str] = field(default_factory=dict)  # place: fault

    async def switch(self, place: str, which: str) -> Fault | None:
        """Mend a place, and let one thing go wrong there; None where no such fault is named."""
        known = PLACES[place]
        self.on.pop(place, None)
        # A stand-in that stops waits for its threads.
        await asyncio.to_thread(known.mend, self.outside)
        fault = known.faults.get(which)
        if fault is not None:
            await asyncio.to_thread(fault.strike, self.outside)
            if fault.lasts:
                self.on[place] = which
        self.outside.sink.hang_up()
        return fault

    @property
    def standing(self) -> list[tuple[str, Fault]]:
        """The faults that are on, with the names of their places."""
        return [(PLACES[place].name, PLACES[place].faults[one]) for place, one in self.on.items()]


def _reply(step: str, line: str) -> Callable[[Outside], None]:
    def strike(outside: Outside) -> None:
        outside.sink.faults.reply = {step: line}

    return strike


def _cut_mail(outside: Outside) -> None:
    outside.sink.faults.drop = {"DOT"}


def _slow_mail(outside: Outside) -> None:
    outside.sink.faults.delay = {"DOT": _SLOW}


def _mend_mail(outside: Outside) -> None:
    faults = outside.sink.faults
    faults.reply, faults.drop, faults.delay = {}, set(), {}


def _exact(outside: Outside, *, calls: str, fault: AtExact, times: int = _ENDLESS) -> None:
    outside.exact.faults.plan(calls, fault, times=times, seconds=_SLOW)


def _mend_exact(outside: Outside) -> None:
    outside.exact.faults.clear()


def _codabox(outside: Outside, *, fault: AtCodaBox | None) -> None:
    outside.codabox.world.always = fault


def _stop_codabox(outside: Outside) -> None:
    outside.codabox.stop()


def _mend_codabox(outside: Outside) -> None:
    outside.codabox.world.always = None
    outside.codabox.stop()  # it may be down already, and start() listens on the same port
    outside.codabox.start()


PLACES: Final = {
    "mail": Place(
        "The mail server",
        {
            "down": Fault(
                "takes nobody",
                "The whole road rests; mails wait and are not charged a try.",
                _reply("CONNECT", "421 4.3.2 down for maintenance"),
            ),
            "full": Fault(
                "defers: every mailbox is full",
                "Each mail waits with the server's own words, and is tried again later.",
                _reply("RCPT", "452 4.2.2 mailbox full"),
            ),
            "gone": Fault(
                "bounces: no recipient exists",
                "Each mail fails at once, and the owner is told why.",
                _reply("RCPT", "550 5.1.1 no such mailbox here"),
            ),
            "cut": Fault(
                "drops the line after the last dot",
                "Nobody knows whether it arrived: uncertain, and tried again with the same bytes.",
                _cut_mail,
            ),
            "slow": Fault(
                f"answers after {_SLOW:.0f} seconds",
                "Mails are under way for long, and everything else goes on.",
                _slow_mail,
            ),
        },
        _mend_mail,
    ),
    "exact": Place(
        "Exact Online (the books of Acme)",
        {
            "maintenance": Fault(
                "shows its page of maintenance",
                "The connector rests; what waits for it is not charged a try.",
                partial(_exact, calls="*", fault=AtExact.HTML_200),
            ),
            "minute": Fault(
                "says 429: this minute is used up (once)",
                "The administration rests until the next minute, then goes on by itself.",
                partial(_exact, calls="*", fault=AtExact.MINUTE_LIMIT, times=1),
                lasts=False,
            ),
            "day": Fault(
                "says 429: this day is used up (once)",
                "It rests until after midnight UTC: move the clock a day.",
                partial(_exact, calls="*", fault=AtExact.DAY_LIMIT, times=1),
                lasts=False,
            ),
            "blocked": Fault(
                "blocks the key (once)",
                "No call is made until the block ends: move the clock an hour or two.",
                partial(_exact, calls=_ENTRIES, fault=AtExact.KEY_BLOCKED, times=1),
                lasts=False,
            ),
            "cut": Fault(
                "books an entry and cuts the line (once)",
                "maild looks at once whether it is booked, and goes on from there: it is booked once.",
                partial(_exact, calls=_ENTRIES, fault=AtExact.CUT_AFTER, times=1),
                lasts=False,
            ),
            "slow": Fault(
                f"answers each call after {_SLOW:.0f} seconds",
                "One document is under way for most of a minute; mails do not wait for it.",
                partial(_exact, calls="*", fault=AtExact.SLOW),
            ),
            "revoked": Fault(
                "loses maild's consent (once)",
                "The accountant took it back. The owner connects again under Connections.",
                lambda outside: outside.exact.revoke(),
                lasts=False,
            ),
        },
        _mend_exact,
    ),
    "codabox": Place(
        "CodaBox (the books of Northsea)",
        {
            "down": Fault(
                "is down",
                "Invoices of Northsea wait, in their order; what is bought is fetched later.",
                _stop_codabox,
            ),
            "maintenance": Fault(
                "shows its page of maintenance",
                "The same: nothing is believed that is not an answer.",
                partial(_codabox, fault=AtCodaBox.HTML_200),
            ),
            "cut": Fault(
                "takes an invoice and cuts the line",
                "It may be there. CodaBox knows its number, so it goes again and is not doubled.",
                partial(_codabox, fault=AtCodaBox.CUT_AFTER),
            ),
        },
        _mend_codabox,
    ),
}
