"""The SMTP door as the daemon holds it: open, shut, drain, and how many may be inside.

Who may hand in is in `smtp_admission`, the dialogue in `smtp_session`, what becomes of a mail in
`smtp_taking`.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from maild.config.values import Listen
from maild.intake.desk import Desk, Submission
from maild.intake.kept import Kept
from maild.intake.smtp_admission import Admission
from maild.intake.smtp_body import Body
from maild.intake.smtp_gate import Caller, Limits
from maild.intake.smtp_lmtp import LmtpClient
from maild.intake.smtp_session import Client
from maild.intake.smtp_taking import Taking
from maild.intake.smtp_tls import DoorTls
from maild.intake.users import read_users

Address = tuple[str, int] | Path


@dataclass(frozen=True, slots=True)
class SmtpdOptions:
    """How the door is set up. `listen` is ("127.0.0.1", 0) and the like; 0 picks a free port.

    `lmtp` is such an address, or the path of a socket.
    """

    listen: tuple[tuple[str, int], ...]
    hostname: str
    lmtp: Address | None = None
    allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    tls_cert_file: Path | None = None
    tls_key_file: Path | None = None
    users_file: Path | None = None
    data_dir: Path | None = None  # whose disk must have room before a mail is taken
    max_connections: int = 200
    max_connections_per_peer: int = 50
    limits: Limits = field(default_factory=Limits)


class SmtpDoor:
    """The door as the daemon holds it: start, drain, close."""

    def __init__(self, desk: Desk, *, options: SmtpdOptions, kept: Kept | None = None) -> None:
        """With `kept` a mail is answered when it is durable, else when it is decided too."""
        self._desk = desk
        self._options = options
        self._tls = DoorTls(options.tls_cert_file, options.tls_key_file)
        self._users = read_users(options.users_file) if options.users_file else {}
        self._admission = Admission(
            desk.book,
            allow=options.allow,
            users=self._users,
            tls=options.tls_cert_file is not None,
            # Twice the largest mail must fit before one is taken (mail.md 6.1).
            room=(options.data_dir, 2 * options.limits.max_size) if options.data_dir else None,
            returns=desk.returns,
        )
        self._taking = Taking(
            kept.keep if kept else self._decided, refusals=desk.refusals, now=desk.now
        )
        self._servers: list[asyncio.Server] = []
        self._clients: dict[int, Client] = {}  # by identity
        self._in_hand: set[asyncio.Task[list[str]]] = set()
        self._draining = False
        self._idle = asyncio.Event()

    async def start(self) -> tuple[str, ...]:
        """Open the door and return where, as "127.0.0.1:40123" or "lmtp /a/path". Raises OSError."""
        opened = []
        for where in self._options.listen:
            opened += await self._listen(Client, where)
        if self._options.lmtp is not None:
            lmtp = await self._listen(LmtpClient, self._options.lmtp)
            opened += [f"lmtp {one}" for one in lmtp]
        return tuple(opened)

    def shut(self) -> None:
        """Take nothing new; whoever has no mail in hand is asked to come back."""
        self._draining = True
        for server in self._servers:
            server.close()
        for client in list(self._clients.values()):
            client.leave()
        self._note_idle()

    async def drain(self, grace: float) -> None:
        """Shut the door, and give mails in hand `grace` seconds for their reply."""
        self.shut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._idle.wait()

    async def close(self) -> None:
        """Hang up on everyone. What the desk has begun to store is awaited. Safe to call twice."""
        self.shut()
        for client in list(self._clients.values()):
            if client.transport is not None:
                client.transport.close()
        if self._in_hand:
            await asyncio.gather(*self._in_hand, return_exceptions=True)
        self._servers.clear()
        if isinstance(self._options.lmtp, Path):
            self._options.lmtp.unlink(missing_ok=True)

    # What a client asks (`Gate`).

    def full(self, client: Caller) -> str | None:
        """Why this client cannot be served now, or None."""
        peers = sum(1 for one in self._clients.values() if client.peer and one.peer == client.peer)
        if self._draining:
            return "The server goes down for a moment"
        if len(self._clients) > self._options.max_connections:
            return "Too many connections"
        if peers > self._options.max_connections_per_peer:
            return "Too many connections from one address"
        return None

    def new_body(self) -> Body:
        """Where the bytes of the next mail go."""
        return Body(limit=self._options.limits.max_size, spool=self._desk.blobs.spool)

    async def take(self, client: Caller, body: Body) -> list[str]:
        """The replies after the dot. Never raises, and is not cancelled with its client."""
        task = asyncio.current_task()
        if task is not None:
            self._in_hand.add(task)
        try:
            return await self._taking.take(client, body)
        finally:
            if task is not None:
                self._in_hand.discard(task)
            self._note_idle()

    def closed(self, client: Caller) -> None:
        """The client is gone."""
        self._clients.pop(id(client), None)
        self._note_idle()

    # Inside.

    async def _listen(self, tongue: type[Client], where: Address) -> list[str]:
        loop, new = asyncio.get_running_loop(), partial(self._new_client, tongue)
        if isinstance(where, Path):
            self._servers.append(await loop.create_unix_server(new, where))
            where.chmod(0o660)  # who may write to it may hand in: its owner and group
            return [str(where)]
        server = await loop.create_server(new, *where)
        self._servers.append(server)
        return [str(Listen(*one.getsockname()[:2])) for one in server.sockets]

    def _note_idle(self) -> None:
        if self._clients or self._in_hand:
            self._idle.clear()
        else:
            self._idle.set()

    def _new_client(self, tongue: type[Client]) -> Client:
        client = tongue(
            self,
            admission=self._admission,
            limits=self._options.limits,
            hostname=self._options.hostname,
            tls=self._tls.context(),
            logins=bool(self._users),
            loop=asyncio.get_running_loop(),
        )
        self._clients[id(client)] = client
        return client

    async def _decided(self, submission: Submission) -> list[str]:
        return (await self._desk.accept(submission)).sentences()
