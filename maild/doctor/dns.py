"""Asks name servers for texts, within a time and a number of questions. What they mean is in `records`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from maild.errors import MaildError

LIFETIME: Final = 5.0  # seconds for one question, over all name servers and tries
MOST_QUESTIONS: Final = 500  # in one run: a dozen for each domain, and some leave few answers
MOST_TEXTS: Final = 50
LONGEST_TEXT: Final = 4096  # octets; the longest SPF records seen have about 1,500


class NoSuchName(MaildError):
    """The name does not exist (NXDOMAIN), so nothing below it does either."""


class NoAnswer(MaildError):
    """The name servers did not say: a time-out, a failure, too many questions."""


class Names:
    """The name servers to ask: `servers`, as address and port, or this machine's own."""

    def __init__(self, servers: Sequence[tuple[str, int]] = ()) -> None:
        self._servers = servers
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._known: dict[str, tuple[str, ...] | MaildError] = {}

    async def texts(self, name: str) -> tuple[str, ...]:
        """The texts at a name; none where it has none. Raises NoSuchName, NoAnswer."""
        if name not in self._known:
            if len(self._known) >= MOST_QUESTIONS:
                raise NoAnswer(f"{name} was not asked for: more than {MOST_QUESTIONS} questions")
            try:
                self._known[name] = await self._ask(name)
            except (NoSuchName, NoAnswer) as fault:
                self._known[name] = fault
        known = self._known[name]
        if isinstance(known, MaildError):
            raise known
        return known

    async def _ask(self, name: str) -> tuple[str, ...]:
        try:
            resolver = self._ready()
            absolute = dns.name.from_unicode(f"{name.rstrip('.')}.", idna_codec=dns.name.IDNA_2008)
            answer = await resolver.resolve(
                absolute, "TXT", raise_on_no_answer=False, search=False, lifetime=LIFETIME
            )
        except dns.resolver.NXDOMAIN as fault:
            raise NoSuchName(name) from fault
        except (dns.exception.DNSException, UnicodeError, OSError) as fault:
            raise NoAnswer(f"{name}: {_words(fault)}") from fault
        found = [one for one in answer.rrset or () if isinstance(one, TXT)]
        return tuple(
            b"".join(one.strings)[:LONGEST_TEXT].decode("ascii", "replace")
            for one in found[:MOST_TEXTS]
        )

    def _ready(self) -> dns.asyncresolver.Resolver:
        """The resolver; made late, since it reads /etc/resolv.conf where no server was named."""
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver(configure=not self._servers)
            if self._servers:
                self._resolver.nameservers = [
                    dns.nameserver.Do53Nameserver(host, port) for host, port in self._servers
                ]
        return self._resolver


def _words(fault: Exception) -> str:
    if isinstance(fault, dns.exception.Timeout):
        return f"no name server answered within {LIFETIME:g} s"
    if isinstance(fault, dns.resolver.NoNameservers):
        return "every name server failed to answer"
    if isinstance(fault, dns.resolver.NoResolverConfiguration):
        return "this machine names no name server (/etc/resolv.conf)"
    return str(fault) or type(fault).__name__
