"""An IMAP mailbox behind the port: each connection is spoken in one thread of its own.

imapclient is not thread-safe (mail.md 3.3), so one thread per mailbox is the rule and not a choice.
What is said is in `imap_session` and `imap_actions`; when, is the door's business.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

from maild.config.loaded import secret
from maild.connectors.imap_actions import carry_out
from maild.connectors.imap_session import Session
from maild.connectors.imap_wire import ImapOptions
from maild.errors import ConsentNeeded, LoginRefused, MailboxClosed, Unavailable
from maild.model.mailbox import Head, Look, Order
from maild.ports import AccessTokens

T = TypeVar("T")
POLITE: Final = 3.0  # seconds for a logout before the connection is cut


class ImapMailbox:
    """The `Mailbox` port over IMAP."""

    def __init__(self, options: ImapOptions, *, tokens: AccessTokens | None = None) -> None:
        self.name = options.name
        self._options = options
        self._tokens = tokens
        self._thread: ThreadPoolExecutor | None = None
        self._session: Session | None = None
        self._bell: socket.socket | None = None  # a byte into it ends a wait
        self._wake: socket.socket | None = None

    async def connect(self) -> None:
        """Connect and log in, after dropping what was there."""
        await self.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"mailbox-{self.name}")
        self._bell, self._wake = socket.socketpair()
        self._bell.settimeout(0)
        self._wake.settimeout(0)
        try:
            self._session = await self._in_thread(partial(self._open, await self._secret()))
        except LoginRefused:
            if not self._options.account:
                raise
            # The token may be older than the provider thinks: once with a new one.
            fresh = await self._secret(fresh=True)
            self._session = await self._in_thread(partial(self._open, fresh))

    async def look(self, folder: str) -> Look:
        """Select a folder and list what lies in it now."""
        return await self._in_thread(partial(self._open_session.look, folder))

    async def heads(self, folder: str, uids: Sequence[str]) -> tuple[Head, ...]:
        """What is known of these messages; those that have gone are missing."""
        return await self._in_thread(partial(self._open_session.heads, folder, uids))

    async def fetch(self, heads: Sequence[Head]) -> dict[str, bytes]:
        """The bytes of small messages by their uid, less those that have gone."""
        return await self._in_thread(partial(self._open_session.fetch, heads))

    async def copy(self, head: Head, write: Callable[[bytes], None], *, most: int) -> int:
        """Write a large message piece by piece; how many bytes."""
        return await self._in_thread(partial(self._open_session.copy, head, write, most=most))

    async def carry_out(self, orders: Sequence[Order]) -> tuple[Order, ...]:
        """Do the same thing to messages of one folder; those of them that are done with."""
        return await self._in_thread(partial(carry_out, self._open_session, orders))

    async def wait(self, seconds: float) -> None:
        """Return when something may have come, at the latest after so long."""
        if not await self._in_thread(partial(self._wait, seconds)):
            await self._in_thread(partial(_sleep, self._wake, seconds))

    def wake(self) -> None:
        """Make a `wait` return at once, this one or the next."""
        with contextlib.suppress(OSError):
            if self._bell is not None:
                self._bell.send(b"!")

    async def close(self) -> None:
        """End the connection: with a word where the server listens, else without."""
        session, thread = self._session, self._thread
        self._session = self._thread = None
        self.wake()
        if thread is not None:
            if session is not None:
                ending = asyncio.wrap_future(thread.submit(session.close))
                await asyncio.wait([ending], timeout=POLITE)
                session.client.cut()
            await asyncio.to_thread(thread.shutdown)
        for end in (self._bell, self._wake):
            if end is not None:
                end.close()
        self._bell = self._wake = None

    @property
    def _open_session(self) -> Session:
        if self._session is None:
            raise MailboxClosed("the connection is closed")
        return self._session

    def _open(self, password: str) -> Session:
        return Session(self._options, secret=password)

    def _wait(self, seconds: float) -> bool:
        wake = self._wake
        return wake is None or self._open_session.wait(seconds, wake=wake)

    async def _secret(self, *, fresh: bool = False) -> str:
        if not self._options.account:
            path = self._options.password_file
            try:
                return secret(path) if path else ""
            except OSError as fault:
                raise LoginRefused(f"{path} cannot be read ({fault.strerror})") from fault
        if self._tokens is None:
            raise LoginRefused("there are no accounts that could give a token")
        try:
            return await self._tokens.token(self._options.account, fresh=fresh)
        except ConsentNeeded as fault:
            raise LoginRefused(str(fault)) from fault
        except Unavailable as fault:
            raise MailboxClosed(str(fault)) from fault

    async def _in_thread(self, do: Callable[[], T]) -> T:
        thread = self._thread
        if thread is None:
            raise MailboxClosed("the connection is closed")
        try:
            return await asyncio.get_running_loop().run_in_executor(thread, do)
        except RuntimeError as fault:
            if self._thread is thread:
                raise
            raise MailboxClosed("the connection was closed") from fault


def _sleep(wake: socket.socket | None, seconds: float) -> None:
    if wake is None:
        return
    wake.settimeout(max(seconds, 0.001))
    with contextlib.suppress(OSError):
        wake.recv(64)
