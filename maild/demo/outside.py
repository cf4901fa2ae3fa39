"""The outside world of the demo: a mail server, Exact Online and CodaBox, all stand-ins on loopback.

It also says yes where a person outside would: at Exact's page of consent, and to CodaBox's token.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from maild.app import App
from maild.consents import Consents
from maild.demo import books, world
from maild.demo.bills import another, fresh_number
from maild.demo.configuration import DIVISION, Surroundings
from maild.joining import Joining
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Entry
from maild.simulators.codabox.world import World as CodaBoxWorld
from maild.simulators.exact.auth import Client
from maild.simulators.exact.clock import Clock
from maild.simulators.exact.server import ExactOnline
from maild.simulators.mailsink import MailSink
from maild.ubl import document as ubl

BY_EXACT: Final = "acme"  # the company whose books are at Exact Online
BY_CODABOX: Final = "northsea"  # and the one whose books CodaBox reaches


class _TimedWorld(CodaBoxWorld):
    """CodaBox by the demo's clock."""

    clock: Callable[[], datetime]

    @property
    def now(self) -> float:
        """Seconds."""
        return self.clock().timestamp()

    @now.setter
    def now(self, _: float) -> None:
        """Nothing but the clock moves it."""


@dataclass(slots=True)
class Outside:
    """The three, listening. `now` is their time and may be another clock from one moment on.

    What is in the books is kept in the file `kept`, if one is given.
    """

    sink: MailSink
    now: Callable[[], datetime]
    redirect_uri: str = "http://127.0.0.1:1/consent"  # where a browser ends that said yes
    kept: Path | None = None
    exact: ExactOnline = field(init=False)
    codabox: CodaBox = field(init=False)
    _bought: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        client = Client(redirect_uri=self.redirect_uri)
        self.exact = ExactOnline(client=client, clock=Clock(self._at))
        self.exact.user = world.PARTNER
        timed = _TimedWorld()
        timed.clock = self._at
        timed.company(_number(BY_CODABOX)).name = _company(BY_CODABOX).name
        self.codabox = CodaBox(timed)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Outside]:
        """Listen while the block runs. Raises UserError when what was kept is damaged."""
        async with contextlib.AsyncExitStack() as stack:
            if self.kept is not None:
                worlds = self.exact.world, self.codabox.world
                books.restore(self.kept, *worlds)
                stack.callback(books.keep, self.kept, *worlds)
            await self.sink.start()
            stack.push_async_callback(self.sink.stop)
            self.exact.start()
            stack.push_async_callback(asyncio.to_thread, self.exact.stop)
            self.codabox.start()
            stack.push_async_callback(asyncio.to_thread, self.codabox.stop)
            yield self

    def around(self, *, web: int) -> Surroundings:
        """What the configuration has to know of it; `web` is the port of the pages."""
        return Surroundings(
            relay=self.sink.port,
            web=web,
            exact=self.exact.url,
            codabox=self.codabox.url,
            exact_user=self.exact.user,
            exact_client=self.exact.client.id,
            exact_secret=self.exact.client.secret,
            redirect_uri=self.redirect_uri,
            software_company=self.codabox.world.software,
        )

    async def connect(self, app: App) -> None:
        """Give maild the consent of Exact's user, and the login of the company at CodaBox."""
        consents = Consents.of(app)
        account = consents.account("exact", team=BY_EXACT)
        question = consents.ask_by_page(account)
        pasted = await asyncio.to_thread(self.exact.approve, question.address)
        await consents.redeem_page(account, question, pasted=pasted)
        joining, team = Joining.of(app), app.book.team(BY_CODABOX)
        name = joining.connector(None)
        await joining.ask(name, team)
        token = self.codabox.world.mails[-1][1].split("token: ")[1].split()[0]
        await joining.redeem(name, team, tokens=[token], pasted=True)

    def buy(self) -> str:
        """Let a supplier's invoice lie ready at CodaBox; its number."""
        self._bought += 1
        bill = another(
            fresh_number(self.now()) + self._bought,
            self.now().date(),
            company=_company(BY_CODABOX),
            bought=True,
        )
        entry = Entry("purchase_invoice", {"xml": ubl.write(bill)})
        self.codabox.world.company(_number(BY_CODABOX)).entries.append(entry)
        return bill.number

    def _at(self) -> datetime:
        return self.now()

    def booked(self) -> frozenset[str]:
        """The references of what is in the books: those at Exact Online, and what CodaBox took."""
        places = ("salesentry/SalesEntries", "purchaseentry/PurchaseEntries")
        rows = [one for place in places for one in self.exact.rows(place, DIVISION)]
        taken = self.codabox.world.numbers(_number(BY_CODABOX))
        return frozenset({str(one["YourRef"]) for one in rows} | set(taken))


def _company(slug: str) -> world.Company:
    return next(one for one in world.COMPANIES if one.slug == slug)


def _number(slug: str) -> str:
    return f"BE{_company(slug).number}"
