"""HTTP/1.1 on loopback for stand-ins of web services, with the ways in which a connection goes wrong.

It carries requests to one function and its answers back, cuts connections on demand, and knows
nothing of any service. Plain threads: a stand-in answers a handful of clients, and stays awake
while the loop of the program under test is blocked or killed.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

LOOPBACK: Final = "127.0.0.1"
LARGEST_BODY: Final = 64 * 1024 * 1024  # octets of one request; an attachment travels as base64
_RESET: Final = struct.pack("ii", 1, 0)  # SO_LINGER: close with a reset, as a broken line does
_POLL: Final = 0.01  # seconds until the listener sees that it is to end


class Ending(StrEnum):
    """What becomes of the connection."""

    KEPT = "kept"
    RESET = "reset"  # before the first octet of the answer
    HALF = "half"  # after half of its body


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. Names of `headers` are in small letters; `query` is as it came, without the "?"."""

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Answer:
    """What is answered; `delay` is in seconds before its first octet."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    ending: Ending = Ending.KEPT
    delay: float = 0.0


class Listener:
    """Listens on loopback and asks `answer` for each request, from several threads at once."""

    def __init__(
        self,
        answer: Callable[[Asked], Answer],
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answer, self.port, self.tls = answer, port, tls
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.ending = threading.Event()

    def start(self) -> None:
        """Listen: on a free port at first, on the same one from then on."""
        self.ending.clear()
        self._server = _Server(self)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL,))
        self._thread.start()

    def stop(self) -> None:
        """End all connections and refuse new ones, until `start` is called again."""
        if self._server is None or self._thread is None:
            return
        self.ending.set()
        self._server.shutdown()
        self._thread.join()
        self._server.drop()
        self._server.server_close()
        self._server = None

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request; waits its delay."""
        answer = self._answer(asked)
        self.ending.wait(answer.delay)
        return answer

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"{'https' if self.tls else 'http'}://{LOOPBACK}:{self.port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    allow_reuse_address = True

    def __init__(self, listener: Listener) -> None:
        super().__init__((LOOPBACK, listener.port), _Handler)
        self.listener = listener
        self.open: set[socket.socket] = set()

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection; its handshake is made by the thread that answers, not by the one that listens."""
        connection, address = super().get_request()
        if self.listener.tls is not None:
            connection = self.listener.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def drop(self) -> None:
        for one in tuple(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event; a fault of the stand-in is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # as it came


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30.0  # seconds that nobody uses a connection
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def __getattr__(self, name: str) -> Callable[[], None]:
        """One method for every verb (`do_GET`, `do_POST` and so on)."""
        if name.startswith("do_"):
            return self._any
        raise AttributeError(name)

    def _any(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST_BODY:
            self.close_connection = True
            self._send(Answer(413))
            return
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, url.path, url.query, headers, self.rfile.read(size))
        answer = self.server.listener.answer(asked)
        if self.server.listener.ending.is_set() or answer.ending is Ending.RESET:
            self._cut()
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in ({"Date": self.date_time_string()} | answer.headers).items():
            self.send_header(name, value)
        if answer.status not in {204, 304}:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.ending is Ending.HALF:
            self.wfile.write(answer.body[: len(answer.body) // 2])
            self._cut()
        else:
            self.wfile.write(answer.body)

    def _cut(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
