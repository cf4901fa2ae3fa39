"""Lives half a year in half a minute: the bills come in at the desk and leave by the outbox, day by day.

Everything is what the daemon uses, over a clock that is set to each day in turn; the mails go to
the sink. The daemon must not run meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from email import policy
from email.message import EmailMessage
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final

from maild import works
from maild.app import App
from maild.demo import world
from maild.demo.bills import DAYS, Made, corrected, half_a_year
from maild.demo.clock import StandingClock
from maild.demo.outbox import ZONE
from maild.demo.outside import Outside
from maild.intake.desk import Submission
from maild.log import setup
from maild.model.access import Right, Scope
from maild.model.automatic import Often
from maild.model.delivery import State
from maild.model.document import Kind
from maild.partners.automatic import Wanted
from maild.partners.scope import scope_of
from maild.simulators.exact.faults import Fault
from maild.store import deliveries, people
from maild.store.database import Tx
from maild.ubl import document as ubl
from maild.works import Works

DAY_ENDS_WITHIN: Final = 30.0  # seconds of ours that one day of the demo may take
OPENS_AT: Final = time(8, 10)
DUE_AT: Final = time(7, 0, 5)  # a few seconds after the packages are, in Belgium
_MAILBOX_IS_GONE: Final = "550 5.1.1 no such mailbox here"
# Days of work, counted back; what is refused is the first document of the day.
_REFUSED_ON: Final = frozenset({2, 40, 90})
_AT_EXACT: Final = {
    5: ("*", Fault.HTML_200),
    31: ("POST salesentry/SalesEntries", Fault.CUT_AFTER),
}
_AUTOMATIC_FOR: Final = 40  # days of work that an automatic export is on
_READY_AT_CODABOX: Final = 2  # purchases that nobody has fetched yet


async def fill(config: Path, outside: Outside, *, until: datetime, past: int = DAYS) -> int:
    """Fill the state of a configuration with the `past` days; how many documents that gave."""
    bills = half_a_year(until.date(), days=past)
    days = [(day, tuple(made)) for day, made in groupby(bills, key=lambda one: one.bill.issued_on)]
    clock = StandingClock(datetime.combine(days[0][0], OPENS_AT, UTC))
    outside.now, sink = clock.now, outside.sink
    async with App.opened(config, as_daemon=True, now=clock.now) as app:
        setup.configure(level="critical")  # refusals of long ago are no news on the screen
        await outside.connect(app)
        await _befriend(app)
        async with _delivering(app) as parts:
            for at, (day, made) in enumerate(days):
                left = len(days) - at
                last = days[at - 1][0] if at else day
                for moment in _dues(last, day, weekly=left <= _AUTOMATIC_FOR):
                    clock.at = moment
                    await _ring(parts)
                    await _keep_up(app)
                clock.at = datetime.combine(day, OPENS_AT, UTC)
                if left == _AUTOMATIC_FOR:
                    await _automate(app)
                if fault := _AT_EXACT.get(left):
                    outside.exact.faults.plan(*fault)
                refused = 1 if left in _REFUSED_ON else 0
                sink.faults.reply = {"RCPT": _MAILBOX_IS_GONE} if refused else {}
                await _live(app, made[:refused], clock=clock)
                sink.faults.reply = {}
                await _live(app, made[refused:], clock=clock)
            clock.at = until - timedelta(hours=1)
            await _leave_something_to_do(app, days[-1][1], clock=clock)
            clock.at = until
    for _ in range(_READY_AT_CODABOX):
        outside.buy()
    return sum(len(made) for _, made in days)


async def _befriend(app: App) -> None:
    """Let each office see its companies, and leave one invitation open."""
    links = app.access.links
    for slug, address, office in (
        ("acme", world.PARTNER, "Kantoor Peeters"),
        ("northsea", world.PARTNER, "Kantoor Peeters"),
        ("dubois", world.OTHER_PARTNER, "Fiduciaire Lambert"),
    ):
        invited = await links.invite(slug, address, rights=tuple(Right), by="demo")
        scope = await app.db.write(partial(_scope, app=app, address=address))
        await links.accept(invited.id, scope=scope, office=office)


async def _automate(app: App) -> None:
    """Let the accountant, who proved who he is, have a package of each week sent to him."""
    wanted = Wanted(frozenset({Kind.INVOICE, Kind.CREDIT_NOTE}), Often.WEEK, None, "nl")
    shown = replace(await _office(app), proven=True)
    await app.automation.switch_on(shown, "northsea", wanted=wanted)


async def _office(app: App) -> Scope:
    """What the accountant may do now."""
    return await app.db.write(partial(_scope, app=app, address=world.PARTNER))


async def _leave_something_to_do(app: App, last: Sequence[Made], *, clock: StandingClock) -> None:
    """An offer to accept, and a number that came again with other content."""
    rights = (Right.SALES, Right.EXPORT)
    await app.access.links.invite("dubois", world.PARTNER, rights=rights, by="info@dubois.example")
    await _live(app, [replace(last[0], bill=corrected(last[0].bill))], clock=clock)


def _scope(tx: Tx, *, app: App, address: str) -> Scope:
    language = "fr" if address == world.OTHER_PARTNER else "nl"
    person = people.find_or_add(tx, address, language=language, now=app.now())
    return scope_of(tx, person, book=app.book, operators=())


@asynccontextmanager
async def _delivering(app: App) -> AsyncIterator[Works]:
    """Run the way out of the daemon while the block runs."""
    parts, stop = works.build(app), asyncio.Event()
    running = asyncio.create_task(parts.outbox.run(stop))
    try:
        yield parts
    finally:
        stop.set()
        await running
        for connector in parts.connectors.values():
            await connector.close()
        await parts.tokens.close()


def _dues(last: date, day: date, *, weekly: bool) -> Iterator[datetime]:
    """The mornings after `last`, up to `day`, on which packages of months and weeks are due."""
    for n in range((day - last).days):
        one = last + timedelta(days=n + 1)
        if one.day == 1 or (weekly and one.isoweekday() == 1):
            yield datetime.combine(one, DUE_AT, ZONE).astimezone(UTC)


async def _keep_up(app: App) -> None:
    """The accountant marks what he has as processed."""
    for team in ("acme", "northsea"):
        await app.browsing.process(await _office(app), team, ids=None)


async def _ring(parts: Works) -> None:
    """Let the clock look what is owed, and make the packages of what is over."""
    await parts.clock.tick()
    while await parts.runs.step():
        pass


async def _live(app: App, made: Sequence[Made], *, clock: StandingClock) -> None:
    """Take in what came on one day, and wait until it left."""
    for one in made:
        clock.at += timedelta(minutes=43, seconds=17)
        await app.desk.accept(_submission(one, at=clock.at))
    clock.at += timedelta(seconds=2)
    async with asyncio.timeout(DAY_ENDS_WITHIN):
        seen = app.db.changes
        while await app.db.read(partial(_moves, now=clock.at)):
            await app.db.wait_for_change(0.2, since=seen)
            seen = app.db.changes


def _moves(tx: Tx, *, now: datetime) -> bool:
    """Whether anything is due or on the wire."""
    due, counts = deliveries.oldest_due(tx, now=now), deliveries.counts(tx)
    under_way = counts[State.SENDING] + counts[State.UNCERTAIN]
    return under_way > 0 or (due is not None and due <= now)


def _submission(one: Made, *, at: datetime) -> Submission:
    """A bill as the mail that brings it."""
    sender, recipient = f"facturen@{one.team}.example", f"{one.team}@post.example"
    message = EmailMessage()
    message["From"], message["To"], message["Date"] = sender, recipient, at
    message["Subject"] = one.bill.number
    message.set_content("Zie bijlage.")
    message.add_attachment(
        ubl.write(one.bill),
        maintype="application",
        subtype="xml",
        filename=f"{one.bill.number.replace('/', '-')}.xml",
    )
    raw = message.as_bytes(policy=policy.SMTP)
    return Submission(
        *(one.team, "smtp", raw, at), sender=sender, recipient=recipient, peer="127.0.0.1"
    )
