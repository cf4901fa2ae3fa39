"""The SMTP door: who may come in, which address is whose, and what is answered after the dot.

It knows envelopes and limits; documents are the desk's business. A mail is answered with 250 only
when the desk has stored it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import ssl
import time
from collections import Counter
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from maild.config.values import Listen
from maild.errors import ConfigError, DocumentError
from maild.intake.desk import Desk, Submission
from maild.intake.refusals import Refused
from maild.intake.replies import incident, refusal, reply
from maild.intake.smtp_body import Body
from maild.intake.smtp_gate import Caller, Limits
from maild.intake.smtp_session import DOOR, Client
from maild.intake.users import Attempts, password_fits, read_users
from maild.log import incoming
from maild.model.ids import new_id

# At most this many bytes of bodies wait for the desk at one time: four of the largest.
MAX_IN_HAND = 150_000_000


@dataclass(frozen=True, slots=True)
class SmtpdOptions:
    """How the door is set up. `listen` is ("127.0.0.1", 0) and the like; 0 picks a free port."""

    listen: tuple[tuple[str, int], ...]
    hostname: str
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

    def __init__(self, desk: Desk, *, options: SmtpdOptions) -> None:
        self._desk = desk
        self._options = options
        self._networks = _networks(options.allow)
        self._tls = _tls(options)
        self._users = read_users(options.users_file) if options.users_file else {}
        self._attempts = Attempts()
        self._servers: list[asyncio.Server] = []
        self._clients: set[Client] = set()
        self._in_hand: set[asyncio.Task[str]] = set()
        self._bytes_in_hand = 0
        self._draining = False
        self._idle = asyncio.Event()

    async def start(self) -> tuple[str, ...]:
        """Open the door and return where, as "127.0.0.1:40123". Raises OSError."""
        loop = asyncio.get_running_loop()
        for host, port in self._options.listen:
            self._servers.append(await loop.create_server(self._new_client, host, port))
        return tuple(
            str(Listen(*sock.getsockname()[:2]))
            for server in self._servers
            for sock in server.sockets
        )

    def shut(self) -> None:
        """Take nothing new; whoever has no mail in hand is asked to come back."""
        self._draining = True
        for server in self._servers:
            server.close()
        for client in list(self._clients):
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
        for client in list(self._clients):
            if client.transport is not None:
                client.transport.close()
        if self._in_hand:
            await asyncio.gather(*self._in_hand, return_exceptions=True)
        self._servers.clear()

    # What a client asks (`Gate`).

    def full(self, client: Caller) -> str | None:
        """Why this client cannot be served now, or None."""
        peers = Counter(one.peer for one in self._clients)
        if self._draining:
            return "The server goes down for a moment"
        if len(self._clients) > self._options.max_connections:
            return "Too many connections"
        if peers[client.peer] > self._options.max_connections_per_peer:
            return "Too many connections from one address"
        return None

    async def mail(self, client: Caller, address: str) -> str:
        """May this client hand in, with this sender?"""
        if not self._may_hand_in(client):
            if self._users and self._tls:
                return reply("530 5.7.0", "Log in first (STARTTLS, then AUTH)")
            return reply("550 5.7.1", "This door does not take mail from your address")
        if not address:
            return reply("550 5.7.1", "This door takes documents, no bounces or automatic replies")
        if not self._has_room():
            return reply("452 4.3.1", "There is no room now; please send it again later")
        return "250 2.1.0 OK"

    async def recipient(self, client: Caller, address: str) -> str:
        """Is this an address of ours, and of the same team as the others?"""
        try:
            found = self._desk.book().find(address)
        except DocumentError as fault:
            return refusal(fault)
        if found is None:
            return self._not_ours(address)
        team, tag = found
        mail = client.mail
        if mail.team not in {None, team.slug}:
            return reply("452 4.5.3", "One mail goes to one company; send this one on its own")
        if tag and mail.tag and tag != mail.tag:
            words = f"One mail has one tag: +{mail.tag} was said before, so +{tag} cannot be"
            return reply("550 5.1.1", words)
        mail.team = team.slug
        mail.tag = mail.tag or tag
        mail.recipient = mail.recipient or address
        return "250 2.1.5 OK"

    async def take(self, client: Caller, body: Body) -> str:
        """The reply after the dot. Never raises, and is not cancelled with its client."""
        if body.content is not None and self._bytes_in_hand + body.size > MAX_IN_HAND:
            return reply("452 4.3.1", "Too much is coming in at once; please send it again later")
        self._bytes_in_hand += body.size
        task = asyncio.current_task()
        if task is not None:
            self._in_hand.add(task)
        try:
            return await self._answer(client, body)
        finally:
            self._bytes_in_hand -= body.size
            if task is not None:
                self._in_hand.discard(task)
            self._note_idle()

    async def login(self, client: Caller, name: str, password: bytes) -> bool:
        """Do name and password belong together? Slower after each wrong one."""
        peer, now = client.peer or "", time.monotonic()
        keys = (f"peer {peer}", f"name {name}")
        if self._attempts.blocked(*keys, now=now):
            incoming.door_slowed(door=DOOR, peer=peer, reason="too many wrong passwords")
            return False
        if await asyncio.to_thread(password_fits, self._users, name, password):
            return True
        self._attempts.failed(*keys, now=now)
        await asyncio.sleep(0.2 * (1 + client.wrong_passwords))
        return False

    def closed(self, client: Caller) -> None:
        """The client is gone."""
        self._clients = {one for one in self._clients if one is not client}
        self._note_idle()

    # Inside.

    def _note_idle(self) -> None:
        if self._clients or self._in_hand:
            self._idle.clear()
        else:
            self._idle.set()

    def _new_client(self) -> Client:
        client = Client(
            self,
            limits=self._options.limits,
            hostname=self._options.hostname,
            tls=self._tls,
            logins=bool(self._users),
            loop=asyncio.get_running_loop(),
        )
        self._clients.add(client)
        return client

    async def _answer(self, client: Caller, body: Body) -> str:
        try:
            if body.content is None:
                return await self._too_large(client, body.size)
            acceptance = await self._desk.accept(self._submission(client, body.content))
        except DocumentError as fault:
            return refusal(fault)
        except Exception as error:  # noqa: BLE001 - one of the three places: the door
            id_ = new_id("i")
            incoming.door_failed(door=DOOR, incident=id_, error=error)
            if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                return reply("452 4.3.1", "There is no room now; please send it again later")
            return incident(id_)
        return reply("250 2.0.0", acceptance.sentences())

    def _submission(self, client: Caller, content: bytes) -> Submission:
        mail = client.mail
        return Submission(
            team=mail.team or "",
            door=DOOR,
            raw=content,
            received_at=self._desk.now(),
            sender=mail.mail_from,
            recipient=mail.recipient,
            tag=mail.tag,
            peer=client.peer,
        )

    async def _too_large(self, client: Caller, size: int) -> str:
        mail, limit = client.mail, self._options.limits.max_size
        fault = DocumentError(
            f"the mail has {size:,} bytes; at most {limit:,} are taken; send fewer or smaller files",
            smtp="552 5.3.4",
        )
        await self._desk.refusals.keep(
            Refused(
                team=mail.team or "",
                door=DOOR,
                peer=client.peer,
                sender=mail.mail_from,
                recipient=mail.recipient,
                subject=None,
                size=size,
                raw=None,
            ),
            fault,
        )
        return refusal(fault)

    def _may_hand_in(self, client: Caller) -> bool:
        if client.logged_in:
            return True
        try:
            address = ip_address(client.peer or "")
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def _not_ours(self, address: str) -> str:
        """Unknown here, or an attempt to send through us (RFC 5321 section 7.9)."""
        local, _, domain = address.rpartition("@")
        ours = {
            one.rpartition("@")[2].casefold()
            for team in self._desk.book().teams
            for one in team.addresses
        }
        if domain.casefold().rstrip(".") not in ours or set(local) & set('%!@"'):
            return reply("550 5.7.1", "This server takes mail for its own addresses only")
        return reply("550 5.1.1", f"There is no address {address} here")

    def _has_room(self) -> bool:
        """Twice the largest mail must fit before one is taken (mail.md 6.1)."""
        if self._options.data_dir is None:
            return True
        disk = os.statvfs(self._options.data_dir)
        return disk.f_bavail * disk.f_frsize >= 2 * self._options.limits.max_size


def _networks(allow: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one, strict=False) for one in allow)
    except ValueError as error:
        raise ConfigError(f"smtpd.allow: {error}; write networks such as 127.0.0.0/8") from error


def _tls(options: SmtpdOptions) -> ssl.SSLContext | None:
    if options.tls_cert_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(options.tls_cert_file, options.tls_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"smtpd.tls_cert_file: {options.tls_cert_file} cannot be used ({error})"
        ) from error
    return context
