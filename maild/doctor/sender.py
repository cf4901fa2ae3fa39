"""Which domains the teams send as, through which connectors, and what these connectors need in DNS."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from email.utils import parseaddr
from typing import Final

from maild.config.settings import Account, SmtpConnector
from maild.model.team import Team
from maild.rules.book import address_key


@dataclass(frozen=True, slots=True)
class Needs:
    """What a mail server asks of a domain: an SPF mechanism and the names of its DKIM keys.

    Empty where nobody said. `how` is where its DKIM records are to be had; `envelope` is the domain of
    the envelope where that is not From's; `owns` are domains whose records are the operator's own.
    """

    connector: str
    envelope: str = ""
    spf: str = ""
    selectors: tuple[str, ...] = ()
    how: str = ""
    owns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sending:
    """A domain in somebody's From, and the connectors that carry its mail."""

    domain: str
    teams: tuple[str, ...]
    through: tuple[Needs, ...]


# learn.microsoft.com, "Set up SPF" and "Set up DKIM"; support.google.com/a/answer/33786 and 174124.
_MICROSOFT: Final = Needs(
    connector="",
    spf="include:spf.protection.outlook.com",
    selectors=("selector1", "selector2"),
    how="Microsoft Defender portal, Email authentication settings, DKIM shows two CNAME records for"
    " this domain; publish both, then switch it on there",
    owns=frozenset({"outlook.com", "hotmail.com", "live.com", "outlook.be", "hotmail.be"}),
)
_GOOGLE: Final = Needs(
    connector="",
    spf="include:_spf.google.com",
    selectors=("google",),
    how="Google Admin console, Gmail, Authenticate email makes the key; publish it, then start"
    " authentication there",
    owns=frozenset({"gmail.com", "googlemail.com"}),
)
_BY_HOST: Final = {
    "smtp.office365.com": _MICROSOFT,
    "smtp.gmail.com": _GOOGLE,
    "smtp-relay.gmail.com": _GOOGLE,
}
_BY_PROVIDER: Final = {"microsoft": _MICROSOFT, "google": _GOOGLE}


def sendings(
    teams: Iterable[Team],
    connectors: Mapping[str, SmtpConnector],
    *,
    accounts: Mapping[str, Account],
    envelopes: Mapping[str, str],
) -> tuple[Sending, ...]:
    """Every domain that is sent as, in the order of the teams.

    `envelopes` are the addresses that connectors put on the envelope; empty: the team's own.
    """
    found: dict[str, dict[str, Needs]] = {}
    whose: dict[str, list[str]] = {}
    for team in teams:
        domain = _domain(parseaddr(team.sender)[1])
        whose.setdefault(domain, []).append(team.slug)
        used = {one.via for one in team.recipients} | {team.via, team.notices_via}
        for name, connector in connectors.items():
            if name in used:
                needs = _needs(name, connector, accounts.get(connector.account))
                if envelope := envelopes.get(name):
                    needs = replace(needs, envelope=_domain(envelope))
                found.setdefault(domain, {})[name] = needs
    return tuple(
        Sending(domain, tuple(whose[domain]), tuple(through.values()))
        for domain, through in found.items()
    )


def _domain(address: str) -> str:
    return address_key(address).rpartition("@")[2]


def _needs(name: str, connector: SmtpConnector, account: Account | None) -> Needs:
    known = _BY_HOST.get(connector.host.lower())
    if known is None and account is not None:
        known = _BY_PROVIDER[account.provider]
    known = known or Needs(name)
    return Needs(
        connector=name,
        spf=connector.spf or known.spf,
        selectors=connector.dkim_selectors or known.selectors,
        how=known.how,
        owns=known.owns,
    )
