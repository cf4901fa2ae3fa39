"""Carries parcels to one mail server, over connections that are kept and used again.

It knows nothing of documents, retries or the database: one parcel in, the server's reply or a fault
out. How many parcels go at once is decided by the lane; each takes one connection of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from maild.connectors import smtp_dsn
from maild.connectors.smtp_address import check_address
from maild.connectors.smtp_body import Body, checked
from maild.connectors.smtp_dsn import Dsn
from maild.connectors.smtp_replies import Reply, fault_of, is_good
from maild.connectors.smtp_session import Session, SmtpOptions, open_session
from maild.connectors.smtp_wire import Lost, Wire
from maild.errors import Deferred, Doubtful, Refused, Unavailable
from maild.model.delivery import Parcel

# RFC 5321 section 4.5.3.2 asks for 5 minutes for commands, 3 for a piece of the body and 10 for the
# reply to the dot; a client that gives up earlier there makes duplicates (mail.md 3.2).
COMMAND_SECONDS = 300.0
PIECE_SECONDS = 180.0
DOT_SECONDS = 600.0


class Stale(Exception):
    """A kept connection turned out to be closed before it took any of this mail."""


@dataclass(frozen=True, slots=True)
class _Mail:
    """An envelope and a message that were checked."""

    delivery: str
    sender: str
    address: str
    body: Body = field(repr=False)


class SmtpConnector:
    """The connector for one mail server; `options.name` is its name in the configuration."""

    def __init__(self, options: SmtpOptions) -> None:
        self.name = options.name
        self.options = options
        self._idle: list[Session] = []
        self._look: asyncio.TimerHandle | None = None  # for those that are idle too long
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def deliver(
        self, parcel: Parcel, *, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        """Hand the parcel over; the reply to the final dot. Faults: see ports.Connector."""
        mail = await _prepare(parcel)
        while kept := self._take_kept():
            with contextlib.suppress(Stale):
                return await self._carry(kept, mail, point_of_no_return)
        session = await open_session(self.options)
        return await self._carry(session, mail, point_of_no_return)

    async def check(self) -> None:
        """Connect, secure, log in, and leave. Raises Unavailable with the reason."""
        session = await open_session(self.options)
        await session.wire.goodbye()

    async def close(self) -> None:
        """Say goodbye on every kept connection. Safe to call twice."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        while self._idle:
            self._part(self._idle.pop())
        if self._goodbyes:
            await asyncio.gather(*self._goodbyes)

    # One mail over one connection.

    async def _carry(
        self, session: Session, mail: _Mail, point_of_no_return: Callable[[], Awaitable[None]]
    ) -> str:
        try:
            await self._announce(session, mail)
            await self._send_body(session, mail)
            await point_of_no_return()
            reply = await self._dot(session)
        finally:
            session.mails += 1
            self._give_back(session)
        if not is_good("DOT", reply):
            raise fault_of("DOT", reply)
        return str(reply)

    async def _announce(self, session: Session, mail: _Mail) -> None:
        """RSET on a used connection, MAIL, RCPT, DATA: together where the server takes that."""
        steps = _commands(session, mail, host=self.options.host, dsn=self.options.dsn)
        if session.mails:
            steps = [("RSET", b"RSET\r\n"), *steps]
        groups = [steps] if "pipelining" in session.offers else [[step] for step in steps]
        try:
            for group in groups:
                await self._ask(session, group)
        except (Lost, TimeoutError) as exc:
            session.wire.abort()
            if session.mails and not session.answered:
                raise Stale from exc
            raise Unavailable(_lost(exc, COMMAND_SECONDS, "a command")) from exc

    async def _ask(self, session: Session, group: list[tuple[str, bytes]]) -> None:
        """Send commands in one packet and judge every reply to them (RFC 2920 section 3.1)."""
        wire = session.wire
        lines = b"".join(command for _, command in group)
        await wire.send(lines, replies=len(group), within=COMMAND_SECONDS)
        bad: tuple[str, Reply] | None = None
        for step, _ in group:
            try:
                reply = await wire.reply(within=COMMAND_SECONDS)
            except (Lost, TimeoutError):
                if not bad:
                    raise
                wire.abort()
                break
            if reply.code == 421 and session.mails and not session.answered:
                raise Lost(str(reply))  # it was closing already while we kept it
            session.answered = True
            if not is_good(step, reply):
                bad = bad or (step, reply)
            elif bad and step == "DATA":
                wire.abort()  # it waits for the body of a mail that it refused: there is none
        if bad:
            raise fault_of(*bad)
        if group[-1][0] == "DATA":
            wire.pending += 1  # the reply to the dot is owed from here on

    @staticmethod
    async def _send_body(session: Session, mail: _Mail) -> None:
        """The message without its dot. A reply that comes meanwhile is a refusal: it is read.

        A connection that breaks here is charged to the mail (Deferred, not Unavailable): a server
        that falls over one message must not keep all the others waiting for ever.
        """
        wire = session.wire
        try:
            if mail.body.whole is not None:
                await wire.send(mail.body.whole, replies=0, within=PIECE_SECONDS)
            else:
                await _send_pieces(wire, mail.body)
        except (Lost, TimeoutError) as exc:
            if not wire.has_reply:
                wire.abort()
                raise Deferred(_lost(exc, PIECE_SECONDS, "a piece of the message")) from exc
        if early := wire.take_reply():
            wire.abort()
            raise fault_of("BODY", early)

    @staticmethod
    async def _dot(session: Session) -> Reply:
        """End the message and await the reply.

        A connection that broke while the point of no return was written takes no dot any more: then
        nothing is in doubt, as in `_send_body`.
        """
        wire = session.wire
        if lost := wire.lost:
            early = wire.take_reply()
            wire.abort()
            raise fault_of("BODY", early) if early else Deferred(f"before the end: {lost}")
        try:
            await wire.send(b".\r\n", replies=0, within=PIECE_SECONDS)
            return await wire.reply(within=DOT_SECONDS)
        except (Lost, TimeoutError) as exc:
            wire.abort()
            raise Doubtful(_lost(exc, DOT_SECONDS, "the end of the message")) from exc

    # Kept connections.

    def _take_kept(self) -> Session | None:
        while self._idle:
            session = self._idle.pop()
            if session.wire.is_quiet:
                session.answered = False
                return session
            session.wire.abort()
        return None

    def _give_back(self, session: Session) -> None:
        if not session.wire.is_quiet:
            session.wire.abort()
            return
        if session.mails >= self.options.mails_per_connection:
            self._part(session)
            return
        loop = asyncio.get_running_loop()
        session.idle_since = loop.time()
        self._idle.append(session)
        # One timer for all of them: one for each mail costs more than its RSET does.
        if self._look is None:
            self._look = loop.call_later(self.options.keep.total_seconds(), self._part_with_old)

    def _part_with_old(self) -> None:
        loop, keep = asyncio.get_running_loop(), self.options.keep.total_seconds()
        self._look = None
        for session in [one for one in self._idle if one.idle_since + keep <= loop.time()]:
            self._idle.remove(session)
            self._part(session)
        if self._idle:
            first = min(one.idle_since for one in self._idle)
            self._look = loop.call_at(first + keep, self._part_with_old)

    def _part(self, session: Session) -> None:
        """Say goodbye in the background, on a connection that is not kept any more."""
        task = asyncio.ensure_future(session.wire.goodbye())
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)


async def _send_pieces(wire: Wire, body: Body) -> None:
    async with contextlib.aclosing(body.pieces()) as pieces:
        async for piece in pieces:
            await wire.send(piece, replies=0, within=PIECE_SECONDS)
            if wire.has_reply:
                break


async def _prepare(parcel: Parcel) -> _Mail:
    """Check the envelope and the message before anything of them is sent."""
    check_address(parcel.address, "501 5.1.3")
    if parcel.sender:
        check_address(parcel.sender, "501 5.1.7")
    try:
        body = await checked(parcel.message)
    except ValueError as exc:
        raise ValueError(f"the message of {parcel.delivery} has {exc}") from exc
    return _Mail(parcel.delivery, parcel.sender, parcel.address, body)


def _commands(session: Session, mail: _Mail, *, host: str, dsn: Dsn) -> list[tuple[str, bytes]]:
    """MAIL, RCPT and DATA as this server wants them; Refused where it cannot take this mail."""
    offers, options = session.offers, ""
    if "size" in offers:
        limit = int(offers["size"]) if offers["size"].isdigit() else 0  # 0: no limit is known
        if 0 < limit < mail.body.size:
            raise Refused(
                f"552 5.3.4 the message has {mail.body.size} bytes and {host} takes at most {limit}"
            )
        options += f" SIZE={mail.body.size}"
    if not mail.body.is_ascii:
        if "8bitmime" not in offers:
            raise Refused(f"554 5.6.3 the message has 8-bit lines, which {host} does not take")
        options += " BODY=8BITMIME"
    if not (mail.address.isascii() and mail.sender.isascii()):
        if "smtputf8" not in offers:
            raise Refused(
                f"553 5.6.7 {mail.address!r} needs a server that takes international addresses"
                f" (SMTPUTF8); {host} does not"
            )
        options += " SMTPUTF8"
    wanted = ""
    if "dsn" in offers:
        options += smtp_dsn.for_mail(mail.delivery, dsn=dsn)
        wanted = smtp_dsn.for_rcpt(mail.address, dsn=dsn)
    return [
        ("MAIL", f"MAIL FROM:<{mail.sender}>{options}\r\n".encode()),
        ("RCPT", f"RCPT TO:<{mail.address}>{wanted}\r\n".encode()),
        ("DATA", b"DATA\r\n"),
    ]


def _lost(exc: Exception, seconds: float, waiting_for: str) -> str:
    """What happened to a connection, for a person."""
    if isinstance(exc, TimeoutError) and not isinstance(exc, ssl.SSLError):
        return f"no answer to {waiting_for} within {seconds:g} s"
    return f"no answer to {waiting_for}: {exc}"
