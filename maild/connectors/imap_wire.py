"""The wire under an IMAP connection: bounded, timed, kept alive, and honest about what it has read.

`imaplib` believes a server: a literal of a gigabyte is read into memory, a line may come for ever,
and what arrived together with the answer to IDLE is hidden in a buffer that nobody looks into
(mail.md 3.3). Here all of that is counted and seen. What is said over the wire is in `imap_session`.
"""

from __future__ import annotations

import imaplib
import select
import socket
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import imapclient

from maild.config.values import is_loopback

MAX_LINE: Final = 1_000_000  # imaplib's own limit; RFC 2683 section 3.2.1.5 asks for far less
MAX_LITERAL: Final = 2_000_000  # nothing larger is ever asked for: bodies come in pieces
MAX_ANSWER: Final = 64_000_000  # all that may answer one command
_AT_ONCE: Final = 256 * 1024

# A dead peer is found by the kernel after about three minutes, also while nothing is sent.
_KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4))


@dataclass(frozen=True, slots=True)
class ImapOptions:
    """Where a mailbox is and how long its server may take. Times in seconds.

    `tls` is "implicit", "starttls" or "none"; the last is for loopback only.
    """

    name: str
    host: str
    port: int
    tls: str
    username: str
    password_file: Path | None = None
    account: str | None = None  # log in by consent (XOAUTH2), not by a password
    ca_file: Path | None = None
    since: str = ""  # as SEARCH SINCE wants it: "01-Jan-2026"
    want_files: bool = False  # ask for the names of files in a message too
    idle: bool = True
    connect_timeout: float = 20.0
    read_timeout: float = 60.0
    answer_timeout: float = 600.0  # for a whole answer that drips


class Wire(imapclient.IMAPClient):  # type: ignore[misc]  # the library has no types
    """imapclient over a bounded line. One thread uses it."""

    def __init__(self, options: ImapOptions) -> None:
        """Connect, with TLS before anything is said. Raises OSError, imaplib's errors."""
        if options.tls == "none" and not is_loopback(options.host):
            raise ValueError(f"{options.host} is another machine: no clear text there")
        self._options = options
        context = ssl.create_default_context(cafile=options.ca_file)
        super().__init__(
            options.host,
            options.port,
            ssl=options.tls == "implicit",
            ssl_context=context,
            timeout=imapclient.SocketTimeout(options.connect_timeout, options.read_timeout),
        )
        # imapclient sets 5: each line would be formatted for a log, and passwords with it.
        self._imap.debug = 0
        self.normalise_times = False
        if options.tls == "starttls":
            self.starttls(context)

    def idle_for(self, seconds: float, *, wake: socket.socket) -> None:
        """IDLE (RFC 2177) until the server says anything, `wake` has a byte, or the time is over.

        imapclient's own is not used: it loses what comes in one packet with "+ idling", and takes a
        dead connection for a quiet one (mail.md 3.3). Here the end of IDLE is always read, which
        fails when nobody is there.
        """
        tag = self._imap._command("IDLE")  # noqa: SLF001 - as imapclient itself does
        early = False
        while self._imap._get_response() is not None:  # noqa: SLF001 - None: the "+"
            if self._imap.tagged_commands.get(tag):
                _, said = self._imap.tagged_commands.pop(tag)
                raise self.Error(f"IDLE failed: {said[0]!r}")
            early = True
        if not (early or self._imap.holds_more()):
            poller = select.poll()
            poller.register(self._imap.sock, select.POLLIN)
            poller.register(wake, select.POLLIN)
            poller.poll(seconds * 1000)
        self._imap.send(b"DONE\r\n")
        self._consume_until_tagged_response(tag, "IDLE")

    def cut(self) -> None:
        """Make whatever waits on the socket fail. Safe in any thread."""
        self._imap.cut()

    def _create_IMAP4(self) -> _Line:  # noqa: N802 - imapclient's name
        return _Line(
            self._options,
            context=self.ssl_context if self._options.tls == "implicit" else None,
        )


class _Line(imaplib.IMAP4):
    """imaplib over a buffer of our own."""

    def __init__(self, options: ImapOptions, *, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._buffer = bytearray()
        self._left = MAX_ANSWER
        self._until = time.monotonic() + options.answer_timeout
        self._answer_timeout = options.answer_timeout
        super().__init__(options.host, options.port, timeout=options.connect_timeout)

    def holds_more(self) -> bool:
        """Whether bytes of the server are here that nobody has looked at."""
        inside = self.sock.pending() if isinstance(self.sock, ssl.SSLSocket) else 0
        return bool(self._buffer or inside)

    def cut(self) -> None:
        """Make whatever waits on the socket fail."""
        try:
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        except OSError:  # it is closed already
            return

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = socket.create_connection((self.host, self.port), timeout)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _KEEPALIVE:
                if hasattr(socket, name):
                    made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
            if self._context is None:
                return made
            return self._context.wrap_socket(made, server_hostname=self.host)
        except BaseException:
            made.close()
            raise

    def send(self, data: Any) -> None:
        """Say something; what is answered is counted from here."""
        self._left = MAX_ANSWER
        self._until = time.monotonic() + self._answer_timeout
        super().send(data)

    def read(self, size: int) -> bytes:
        """A literal, whole. Raises abort when it is too large or the connection ends in it."""
        if size > MAX_LITERAL:
            raise self.abort(f"the server announces {size:,} bytes where less was asked for")
        found = bytearray(size)
        have = min(size, len(self._buffer))
        found[:have] = self._buffer[:have]
        del self._buffer[:have]
        self._count(have)
        view = memoryview(found)
        while have < size:
            got = self.sock.recv_into(view[have:])
            if not got:
                raise self.abort("the connection ended in the middle of a message")
            self._count(got)
            have += got
        return bytes(found)

    def readline(self) -> bytes:
        """A line with its end; nothing at the end of the connection."""
        start = 0
        while (end := self._buffer.find(b"\n", start)) < 0:
            start = len(self._buffer)
            if start > MAX_LINE:
                raise self.abort(f"the server sent a line of more than {MAX_LINE:,} bytes")
            piece = self.sock.recv(_AT_ONCE)
            if not piece:
                return b""
            self._buffer += piece
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._count(len(line))
        return line

    def starttls(  # type: ignore[override]  # typeshed promises what a server may not keep
        self, ssl_context: ssl.SSLContext | None = None
    ) -> tuple[str, list[Any]]:
        """Begin TLS. Raises abort when more than the answer came: that was nobody we can know."""
        kind, said = self._simple_command("STARTTLS")
        if kind != "OK" or ssl_context is None:
            raise self.abort("the server does not begin TLS")
        if self._buffer:
            # CVE-2011-0411 and its kin: commands smuggled in before the encryption.
            raise self.abort("the server said more than it was asked before TLS began")
        self.sock = ssl_context.wrap_socket(self.sock, server_hostname=self.host)
        self._tls_established = True
        self._get_capabilities()
        return kind, said

    def _count(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self.abort(f"the server answered with more than {MAX_ANSWER:,} bytes")
        if time.monotonic() > self._until:
            raise self.abort("the server took too long for one answer")
