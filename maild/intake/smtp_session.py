"""One client at the SMTP door: the dialogue up to the reply after the dot.

The protocol engine is aiosmtpd's; its DATA, its fault replies, its reaction to a client that leaves
and its time limits are replaced here, each with its reason (mail.md 3.1). Who may do what is asked
of the door's `Gate`; what becomes of a mail, of the desk.
"""

from __future__ import annotations

import asyncio
import re
import time
from ssl import SSLContext
from typing import Final

from aiosmtpd.smtp import SMTP, TLSSetupException

from maild.intake.replies import enhanced, incident, reply
from maild.intake.smtp_admission import Admission
from maild.intake.smtp_body import Body, read_body
from maild.intake.smtp_gate import Envelop, Gate, Limits
from maild.intake.smtp_hooks import Hooks
from maild.log import incoming
from maild.model.ids import new_id

MOST_UNSAID: Final = 4_096  # bytes

# "<user@host.example> SIZE=5000", from and to whom nearly all mail is; the engine reads the others.
_ATOMS: Final = r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*"
_PLAIN_ADDRESS: Final = re.compile(
    rf"<({_ATOMS}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*)>(.*)", re.DOTALL
)

_GOODBYE: Final = "502 5.5.1 Too many unrecognized commands, goodbye."


class Client(SMTP):
    """The dialogue with one client."""

    door = "smtp"
    answers_each = False

    # The reader's buffer, so that a body comes in pieces of up to 64 kB; lines are not limited.
    line_length_limit = 65_536

    def __init__(
        self,
        gate: Gate,
        *,
        admission: Admission,
        limits: Limits,
        hostname: str,
        tls: SSLContext | None,
        logins: bool,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.limits = limits
        self.gate = gate
        self.logins = logins
        self.wrong_passwords = 0
        self.busy = False  # from the first byte of a body until its reply is out
        self.draining = False
        self._faults = 0
        self._mails = 0
        self._unsaid = b""  # replies that leave with the next one
        self._half_closed = False
        super().__init__(
            Hooks(self, admission),
            data_size_limit=limits.max_size,
            enable_SMTPUTF8=True,
            hostname=hostname,
            ident="maild",
            tls_context=tls,
            timeout=limits.idle,
            auth_exclude_mechanism=() if logins else ("PLAIN", "LOGIN"),
            loop=loop,
        )

    @property
    def peer(self) -> str | None:
        """The client's address without its port; IPv4 in IPv6 clothes as IPv4."""
        found = self.session.peer if self.session else None
        return str(found[0]).removeprefix("::ffff:") if found else None

    @property
    def local(self) -> bool:
        """Whether it came through a socket of the file system, which says itself who may."""
        return self.session is not None and not self.session.peer

    @property
    def mail(self) -> Envelop:
        """The envelope so far."""
        if not isinstance(self.envelope, Envelop):
            raise AttributeError("no envelope yet")  # noqa: TRY004 - what `getattr` expects
        return self.envelope

    @property
    def logged_in(self) -> bool:
        """Whether it gave a name and password that fit."""
        return bool(self.session and self.session.authenticated)

    def hang_up(self, line: str | None = None) -> None:
        """Say a last line, if any, and close."""
        if self.transport is None:
            return
        if line is not None:
            self._unsaid += line.encode() + b"\r\n"
        self._writer.write(self._unsaid)
        self.transport.close()

    def leave(self) -> None:
        """Say that the door closes, at once or as soon as the mail in hand has its reply."""
        self.draining = True
        if not self.busy:
            self.hang_up(reply("421 4.3.2", "The server goes down for a moment; please come back"))

    # What the engine calls.

    def _create_envelope(self) -> Envelop:
        return Envelop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the dialogue."""
        super().connection_made(transport)
        if self._handler_coroutine is not None:
            self._handler_coroutine.add_done_callback(_heard)

    def connection_lost(self, error: Exception | None) -> None:
        """End it."""
        super().connection_lost(error)
        self.gate.closed(self)

    def eof_received(self) -> bool | None:
        """Let a client that only closed its sending half have the reply to its mail."""
        if self.busy and self.session is not None and self.session.ssl is None:
            self._half_closed = True
            return bool(asyncio.StreamReaderProtocol.eof_received(self))
        return bool(super().eof_received())

    async def _handle_client(self) -> None:
        why = self.gate.full(self)
        if why is not None:
            incoming.door_slowed(door=self.door, peer=self.peer, reason=why)
            self.hang_up(reply("421 4.7.0", f"{why}; please come back later"))
            return
        await super()._handle_client()

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours is never the sender's: 451, and its text stays here."""
        if isinstance(error, TLSSetupException):
            incoming.door_slowed(
                door=self.door, peer=self.peer, reason="TLS could not be agreed upon"
            )
            return reply("454 4.7.0", "TLS could not be agreed upon")
        id_ = new_id("i")
        incoming.door_failed(door=self.door, incident=id_, error=error)
        return incident(id_)

    def _timeout_cb(self) -> None:
        incoming.door_slowed(door=self.door, peer=self.peer, reason="too slow")
        self.hang_up(reply("421 4.4.2", "Nothing came for too long; please come back"))

    async def push(self, status: str | bytes) -> None:
        """Write one reply; too many errors end the dialogue (RFC 5321 section 7.8)."""
        line = status.decode() if isinstance(status, bytes) else enhanced(status)
        if line == _GOODBYE:  # the engine hangs up after it, which RFC 5321 section 3.8 wants said
            line = reply("421 4.7.0", "Too many unknown commands")
        await self._write(line, hold=line.startswith("250") and self._more_waits())
        if line[:1] in "45":
            self._faults += 1
        if self._faults >= self.limits.errors:
            incoming.door_slowed(door=self.door, peer=self.peer, reason="too many errors")
            self.hang_up(reply("421 4.7.0", "Too many errors"))

    def _more_waits(self) -> bool:
        """Whether a whole command is there already: what answers it leaves with this reply.

        Commands that came together are answered together (RFC 2920 section 3.2).
        """
        waiting: bytearray = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - no public name; the engine uses it too
        return b"\n" in waiting

    async def _write(self, line: str, *, hold: bool = False) -> None:
        self._unsaid += line.encode() + b"\r\n"
        if not hold or len(self._unsaid) > MOST_UNSAID:
            unsaid, self._unsaid = self._unsaid, b""
            self._writer.write(unsaid)
            await self._writer.drain()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The engine's parser of addresses, whose own faults on odd input are the sender's.

        It takes a tenth of a millisecond, so nearly every address goes past it.
        """
        plain = _PLAIN_ADDRESS.fullmatch(arg or "")
        if plain is not None:
            return plain[1], plain[2].lstrip()
        try:
            found: tuple[str | None, str | None] = super()._getaddr(arg)
        except Exception:  # noqa: BLE001 - IndexError, RecursionError ... on "<", "((((": no address
            return None, None
        return found

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the engine finds it so
        """Begin a mail; so many in one connection are a program gone wild (mail.md 6.1)."""
        self._mails += 1
        if self._mails > self.limits.mails:
            incoming.door_slowed(door=self.door, peer=self.peer, reason="too many mails")
            self.hang_up(reply("421 4.7.0", "Enough mails for one connection; please come back"))
        else:
            await super().smtp_MAIL(arg)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - the engine finds it by this name
        """Mechanism names are case-insensitive (RFC 4422 section 3.1); the engine forgets that."""
        mechanism, blank, rest = (arg or "").partition(" ")
        await super().smtp_AUTH(f"{mechanism.upper()}{blank}{rest}")

    async def smtp_GET(self, _arg: str) -> None:  # noqa: N802 - the same
        """Hang up on a browser: what follows is no mail."""
        self.hang_up(reply("554 5.5.1", "This is a mail server"))

    smtp_POST = smtp_GET  # noqa: N815 - the same
    # Nobody in front of this door may speak for others (PROXY protocol).
    smtp_PROXY = smtp_GET  # noqa: N815 - the same

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the same
        """Take a body and answer when the desk has stored or refused it."""
        if await self.check_helo_needed():
            return
        if not self.mail.rcpt_tos:
            await self.push("503 5.5.1 Name a recipient first (RCPT)")
        elif arg:
            await self.push("501 5.5.4 DATA takes no argument")
        else:
            await self._take_mail()

    async def _take_mail(self) -> None:
        await self._write("354 Send the mail; end with a dot on a line of its own")
        self.busy = True
        try:
            body = await self._body()
            self._reset_timeout(self.limits.store)
            # The desk goes on when the client leaves: a stored mail without a reply is an ordinary
            # duplicate later, a mail that is stored by half would be none.
            answers = await asyncio.shield(self.gate.take(self, body))
        finally:
            self.busy = False
        self.envelope = self._create_envelope()
        for answer in answers:
            await self._write(answer)
        self._reset_timeout()
        if self.draining:
            self.leave()
        elif self._half_closed:
            self.hang_up()

    async def _body(self) -> Body:
        ends_at = time.monotonic() + self.limits.body
        body = self.gate.new_body()

        def progress() -> None:
            # Never 0, which means the idle limit to the engine.
            left = max(0.001, ends_at - time.monotonic())
            self._reset_timeout(min(self.limits.piece, left))

        self._reset_timeout(self.limits.piece)
        try:
            await read_body(self._reader, body, progress=progress)
        except (asyncio.IncompleteReadError, asyncio.CancelledError) as gone:
            incoming.door_slowed(
                door=self.door, peer=self.peer, reason="left inside DATA; nothing is kept"
            )
            self.hang_up()
            raise asyncio.CancelledError from gone
        return body


def _heard(task: asyncio.Task[None]) -> None:
    """Take note of how a dialogue ended: a client that is gone is no fault to report."""
    if not task.cancelled():
        task.exception()
