"""Who may hand in at the SMTP door, for whom, and what a wrong password costs.

Answers before DATA only; each is a reply line. Documents are not known here.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final

from maild.errors import ConfigError, DocumentError
from maild.intake.replies import refusal, reply
from maild.intake.returns import Returns
from maild.intake.smtp_gate import Addressed, Caller
from maild.intake.users import Attempts, password_fits
from maild.log import incoming
from maild.rules.book import RuleBook

# Each comparison takes 16 MB and a tenth of a second of a processor, on purpose.
COMPARISONS_AT_ONCE: Final = 2
NO_REPORTS: Final = "This door takes documents, no bounces or automatic replies"


class Admission:
    """Says yes or no to senders, recipients and logins."""

    def __init__(
        self,
        book: Callable[[], RuleBook],
        *,
        allow: tuple[str, ...],
        users: Mapping[str, str],
        tls: bool,
        room: tuple[Path, int] | None = None,
        returns: Returns | None = None,
    ) -> None:
        """`room`: the folder whose disk must have so many bytes free before a mail is taken.

        `returns` knows the addresses that take reports, from anybody who has a token.
        """
        self._book = book
        self._networks = _networks(allow)
        self._users = users
        self._tls = tls
        self._room = room
        self._returns = returns if returns and returns.verp.addresses else None
        self._attempts = Attempts()
        self._comparing = asyncio.Semaphore(COMPARISONS_AT_ONCE)

    async def mail(self, client: Caller, address: str) -> str:
        """May this client hand in, with this sender?"""
        # A report comes from any server: its recipient, which holds a token, says whether it is one.
        report = not address and self._returns is not None
        if not report and not self._may_hand_in(client):
            if self._users and self._tls:
                return reply("530 5.7.0", "Log in first (STARTTLS, then AUTH)")
            return reply("550 5.7.1", "This door does not take mail from your address")
        if not address and not report:
            return reply("550 5.7.1", NO_REPORTS)
        if not self._has_room():
            return reply("452 4.3.1", "There is no room now; please send it again later")
        return "250 2.1.0 OK"

    async def recipient(self, client: Caller, address: str) -> str:
        """Is this an address of ours, and of the same team as the others?"""
        if self._returns is not None and self._returns.verp.is_meant(address):
            return await self._report(client, address, returns=self._returns)
        if client.mail.mail_from in {"", "<>"}:
            return reply("550 5.7.1", NO_REPORTS)
        try:
            found = self._book().find(address)
        except DocumentError as fault:
            return refusal(fault)
        if found is None:
            return self._not_ours(address)
        team, tag = found
        known = client.mail.addressed
        if not client.answers_each:
            if any(one.team != team.slug for one in known):
                return reply("452 4.5.3", "One mail goes to one company; send this one on its own")
            said = next((one.tag for one in known if one.tag), None)
            if tag and said and tag != said:
                words = f"One mail has one tag: +{said} was said before, so +{tag} cannot be"
                return reply("550 5.1.1", words)
        known.append(Addressed(address, team.slug, tag))
        return "250 2.1.5 OK"

    @staticmethod
    async def _report(client: Caller, address: str, *, returns: Returns) -> str:
        """Is this the return path of a mail of ours?"""
        delivery = await returns.delivery_at(address)
        if delivery is None:
            reason = "its token is forged or too old"
            incoming.return_unknown(door=client.door, peer=client.peer, sort="none", reason=reason)
            return reply("550 5.7.1", "This address takes reports about mails that left here")
        if any(one.team != delivery.team for one in client.mail.addressed):
            return reply("452 4.5.3", "One mail goes to one company; send this one on its own")
        client.mail.addressed.append(Addressed(address, delivery.team, None))
        return "250 2.1.5 OK"

    async def login(self, client: Caller, name: str, password: bytes) -> bool:
        """Do name and password belong together? Slower after each wrong one."""
        peer = client.peer or ""
        keys = (f"peer {peer}", f"name {name[:200]}")
        if self._attempts.blocked(*keys, now=time.monotonic()):
            incoming.door_slowed(door=client.door, peer=peer, reason="too many wrong passwords")
            await self._wait(client)
            return False
        async with self._comparing:
            fits = await asyncio.to_thread(password_fits, self._users, name, password)
        if fits:
            return True
        self._attempts.failed(*keys, now=time.monotonic())
        await self._wait(client)
        return False

    @staticmethod
    async def _wait(client: Caller) -> None:
        await asyncio.sleep(client.limits.wrong_password * (1 + client.wrong_passwords))

    def _may_hand_in(self, client: Caller) -> bool:
        if client.logged_in or client.local:
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
            for team in self._book().teams
            for one in team.addresses
        }
        if domain.casefold().rstrip(".") not in ours or set(local) & set('%!@"'):
            return reply("550 5.7.1", "This server takes mail for its own addresses only")
        return reply("550 5.1.1", f"There is no address {address} here")

    def _has_room(self) -> bool:
        if self._room is None:
            return True
        folder, wanted = self._room
        disk = os.statvfs(folder)
        return disk.f_bavail * disk.f_frsize >= wanted


def _networks(allow: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one, strict=False) for one in allow)
    except ValueError as error:
        raise ConfigError(f"smtpd.allow: {error}; write networks such as 127.0.0.0/8") from error
