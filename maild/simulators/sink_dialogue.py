"""One SMTP dialogue as the mail sink leads it: strict, and failing where it is told to.

It is the sink's half of one connection; what is kept, and which faults are switched on, is the
business of `mailsink`.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import Callable
from typing import cast

from maild.simulators.sink_terms import (
    LONGEST_COMMAND,
    LONGEST_LINE,
    Caught,
    Sink,
    fault_of,
    read_path,
)


class Dialogue(asyncio.Protocol):
    """One connection: takes commands in order, answers those of one packet in one write."""

    transport: asyncio.Transport

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = bytearray()
        self._scanned = 0  # of the body, so that looking for its end stays linear
        self._out: list[str] = []
        self._waiting = False  # a delayed answer is due; what comes meanwhile stays in the buffer
        self._in_body = self._too_large = self._tls = False
        self._login: list[str] | None = None  # the answers of an AUTH dialogue under way
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._number = 0
        self._wrapping: asyncio.Future[None] | None = None
        self._commands: dict[str, Callable[[str], None]] = {
            "EHLO": self._ehlo,
            "HELO": self._ehlo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": self._noop,
            "QUIT": self._quit,
        }

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        self.transport = cast("asyncio.Transport", transport)
        self._tls = transport.get_extra_info("sslcontext") is not None
        self._sink.transports.add(self.transport)
        self._answer("CONNECT", "220 sink ESMTP")
        self._number = self._sink.steps["CONNECT"]
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        del exc
        self._sink.transports.discard(self.transport)
        self._sink.saw("END")

    def data_received(self, data: bytes) -> None:
        """Some bytes came; every whole command among them is done."""
        self._buffer += data
        self._work()

    # The dialogue.

    def _work(self) -> None:
        while not self._waiting and not self.transport.is_closing():
            if not (self._take_body() if self._in_body else self._take_command()):
                break
        self._flush()

    def _take_command(self) -> bool:
        end = self._buffer.find(b"\n")
        if end < 0 and len(self._buffer) <= LONGEST_COMMAND:
            return False
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        if end < 0 or not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            self._hang_up_with("500 5.5.2 commands end with CRLF, and in time")
            return False
        text = line[:-2].decode("utf-8", "surrogateescape")
        if self._login is not None:
            self._go_on_with_login(self._login, text)
            return True
        verb, _, rest = text.partition(" ")
        handler = self._commands.get(verb.upper())
        if handler:
            handler(rest)
        else:
            self._out.append("502 5.5.1 no such command here")
        return True

    def _ehlo(self, _: str) -> None:
        self._forget()
        offers = ["sink", *self._sink.extensions]
        if self._sink.max_size:
            offers.append(f"SIZE {self._sink.max_size}")
        if self._sink.tls and not self._tls:
            offers.append("STARTTLS")
        if self._sink.users is not None:
            offers.append("AUTH PLAIN LOGIN")
        lines = [f"250-{offer}" for offer in offers[:-1]] + [f"250 {offers[-1]}"]
        self._answer("EHLO", "\r\n".join(lines))

    def _starttls(self, _: str) -> None:
        context = self._sink.tls
        if not context or self._tls:
            self._out.append("502 5.5.1 no TLS here")
        elif self._answer("STARTTLS", "220 2.0.0 go ahead"):
            self._buffer.clear()  # RFC 3207 section 4.2: nothing said before TLS counts after it
            self._waiting = True
            self._flush()
            self._wrapping = asyncio.ensure_future(self._wrap(context))

    async def _wrap(self, context: ssl.SSLContext) -> None:
        loop = asyncio.get_running_loop()
        try:
            inside = await loop.start_tls(self.transport, self, context, server_side=True)
        except OSError:  # ssl.SSLError is one: the client did not like the certificate
            self.transport.abort()
            return
        self._sink.transports.discard(self.transport)
        if inside is None:  # the client hung up just after the handshake
            return
        self.transport = inside
        self._sink.transports.add(self.transport)
        self._tls, self._waiting = True, False
        self._work()

    def _auth(self, rest: str) -> None:
        mechanism, _, first = rest.partition(" ")
        if self._sink.users is None or mechanism.upper() not in {"PLAIN", "LOGIN"}:
            self._out.append("504 5.5.4 no such mechanism")
            return
        self._login = []
        if first:
            self._go_on_with_login([], first)
        else:
            self._out.append("334 VXNlcm5hbWU6" if mechanism.upper() == "LOGIN" else "334 ")

    def _go_on_with_login(self, so_far: list[str], answer: str) -> None:
        said = so_far + base64.b64decode(answer).decode().split("\0")
        if len(said) < 2:
            self._login = said
            self._out.append("334 UGFzc3dvcmQ6")
            return
        name, password = said[-2:]
        self._login = None
        right = (self._sink.users or {}).get(name) == password
        self._answer("AUTH", "235 2.7.0 welcome" if right else "535 5.7.8 wrong name or password")

    def _mail(self, rest: str) -> None:
        path, options = read_path(rest, "FROM:")
        if path is None or self._sender is not None:
            self._out.append("503 5.5.1 MAIL FROM:<address>, once")
            return
        sizes = [int(one[5:]) for one in options if one.startswith("SIZE=")]
        if self._sink.max_size and sizes and sizes[0] > self._sink.max_size:
            self._answer("MAIL", "552 5.3.4 message too large")
        elif self._answer("MAIL", "250 2.1.0 ok"):
            self._sender = path

    def _rcpt(self, rest: str) -> None:
        path, _ = read_path(rest, "TO:")
        if path is None or self._sender is None:
            self._out.append("503 5.5.1 RCPT TO:<address>, after MAIL")
            return
        pair = (self._sender, path)
        if self._sink.faults.greylist and pair not in self._sink.seen:
            self._sink.seen.add(pair)
            self._answer("RCPT", "451 4.7.1 greylisted, come back")
        elif self._answer("RCPT", "250 2.1.5 ok"):
            self._recipients.append(path)

    def _data(self, _: str) -> None:
        if not self._recipients:
            self._out.append("503 5.5.1 no valid recipients")
        elif self._answer("DATA", "354 end with a dot"):
            self._in_body, self._scanned, self._too_large = True, 0, False

    def _take_body(self) -> bool:
        if "BODY" in self._sink.faults.reply and self._buffer:
            self._sink.saw("BODY")
            self._hang_up_with(self._sink.faults.reply["BODY"])
            return False
        if "BODY" in self._sink.faults.drop and self._buffer:
            self._sink.saw("BODY")
            self.transport.abort()
            return False
        if self._buffer.startswith(b".\r\n"):
            end = 0
        else:
            end = self._buffer.find(b"\r\n.\r\n", self._scanned) + 2
            if end < 2:
                self._wait_for_more()
                return False
        body = bytes(self._buffer[:end])
        del self._buffer[: end + 3]
        self._in_body = False
        self._dot(body)
        return True

    def _wait_for_more(self) -> None:
        if self._sink.max_size and len(self._buffer) > self._sink.max_size + LONGEST_LINE:
            self._too_large = True
            del self._buffer[:-4]
        self._scanned = max(0, len(self._buffer) - 4)

    def _dot(self, stuffed: bytes) -> None:
        content = stuffed.replace(b"\r\n.", b"\r\n")
        if content.startswith(b"."):
            content = content[1:]
        limit = self._sink.max_size
        if self._too_large or (limit and len(content) > limit):
            self._answer("DOT", "552 5.3.4 message too large")
        elif problem := fault_of(content):
            self._answer("DOT", f"550 5.6.0 {problem}")
        else:
            if "DOT" not in self._sink.faults.reply:
                self._sink.catch(
                    Caught(
                        sender=self._sender or "",
                        recipients=tuple(self._recipients),
                        content=content,
                        session=self._number,
                        tls=self._tls,
                    )
                )
            self._answer("DOT", f"250 2.0.0 kept as {self._sink.count}")
        self._forget()

    def _rset(self, _: str) -> None:
        self._forget()
        self._answer("RSET", "250 2.0.0 ok")

    def _noop(self, _: str) -> None:
        self._out.append("250 2.0.0 ok")

    def _quit(self, _: str) -> None:
        if self._answer("QUIT", "221 2.0.0 bye"):
            self._flush()
            self.transport.close()

    def _forget(self) -> None:
        self._sender, self._recipients = None, []

    # Answers.

    def _answer(self, step: str, reply: str) -> bool:
        """Say `reply`, or what the faults want; True where the step is to be done."""
        faults = self._sink.faults
        self._sink.saw(step)
        if step in faults.drop:
            self._flush()
            self.transport.close()
            return False
        text = faults.reply.get(step, reply)
        if text.startswith("421"):
            self._hang_up_with(text)
        elif delay := faults.delay.get(step):
            self._waiting = True
            asyncio.get_running_loop().call_later(delay, self._say_late, text)
        else:
            self._out.append(text)
        return text[0] == reply[0] and reply[0] in "23"

    def _say_late(self, text: str) -> None:
        self._waiting = False
        self._out.append(text)
        self._work()

    def _hang_up_with(self, reply: str) -> None:
        self._out.append(reply)
        self._flush()
        self.transport.close()

    def _flush(self) -> None:
        if self._out and not self.transport.is_closing():
            self.transport.write(
                ("\r\n".join(self._out) + "\r\n").encode("utf-8", "surrogateescape")
            )
        self._out.clear()
