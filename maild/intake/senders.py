"""Who may hand in: the team's own people, senders it lets in, strangers, and those it does not want.

Asked of every mail before it is read. What a stranger sends is kept and waits for a person; nothing
of it is lost and nothing leaves. Programs that their door let in (a network, a login, a folder) are
the team's own unless it says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from enum import StrEnum
from functools import partial
from typing import Final

from maild.errors import Unwanted
from maild.intake.hold import Hold
from maild.model.delivery import Decision, HoldCode, Trace
from maild.model.said import Said
from maild.model.team import Strangers, Team
from maild.reading.mail import Mail
from maild.reading.origin import Origin, read_origin
from maild.reading.vouching import vouched
from maild.store import senders
from maild.store.database import Database

MAILBOX: Final = "mailbox"
_MAIL_DOORS: Final = frozenset({"smtp", "lmtp", MAILBOX})
_NOBODY: Final = Origin(None, None, silent="no mail brought it")
# How programs begin what they forward, in the languages of those who do.
_FORWARDED: Final = re.compile(
    r"(?im)^[>\s*]{0,8}(?:from|van|de|von|expéditeur|afzender|absender)\s{0,3}\*?:\*?(.{0,200})$"
)
_MOST_TEXT: Final = 20_000
DECIDE: Final = 'decide with "maild review confirm" or "maild review reject"'


class Standing(StrEnum):
    """What a sender is to a team."""

    TRUSTED = "trusted"  # a program let in by its door, or one that nobody asks about
    LISTED = "listed"  # one of the team's people, on its list, or let in by a person
    MASS = "mass"  # unknown, and a list or newsletter; whoever else is unknown may hand in
    UNKNOWN = "unknown"
    UNPROVEN = "unproven"  # it names a listed sender, and the trusted server does not confirm that


@dataclass(frozen=True, slots=True)
class Guest:
    """A sender as a team sees him; `why` says in words what speaks against him."""

    standing: Standing = Standing.TRUSTED
    address: str | None = None
    origin: Origin = field(default=_NOBODY, repr=False)
    why: str = ""

    @property
    def is_stranger(self) -> bool:
        """Whether what he sends waits for a person."""
        return self.standing in {Standing.UNKNOWN, Standing.UNPROVEN}

    def hold(self, found: Hold | None, *, bare: bool) -> Hold | None:
        """Why a document of his waits; `found` is a reason that lies in the document itself.

        `bare` tells that nothing in it says that it is a bill, so it may be an advertisement.
        """
        if not self.is_stranger and not (bare and self.standing is Standing.MASS):
            return found
        mine = Hold(HoldCode.UNKNOWN_SENDER, f"{self.why}; {DECIDE}")
        return mine if found is None else Hold(found.code, f"{found.reason}; and {self.why}")


TRUSTED: Final = Guest()
COPY: Final = Said(
    "a_copy",
    "it is a copy of what the accountant has already (its sender is in copies_from): it is kept and "
    "goes nowhere",
)


@dataclass(frozen=True, slots=True)
class Senders:
    """Knows who may hand in.

    `servers` names the servers whose Authentication-Results are believed, by door ("smtp", "lmtp")
    or "mailbox NAME".
    """

    db: Database
    servers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    async def look(
        self, team: Team, head: bytes, *, door: str, peer: str | None, envelope: str | None
    ) -> Guest:
        """Who sends this, by the beginning of his mail. Raises Unwanted for a sender not wanted."""
        if door not in _MAIL_DOORS:
            return TRUSTED
        origin = read_origin(head)
        address = (origin.sender or envelope or "").lower() or None
        check_denied(team, address, envelope)
        asks = _asks(team, door)
        if not asks and not (origin.mass and door == MAILBOX):
            return Guest(Standing.TRUSTED, address, origin)
        listed = address is not None and (
            is_listed(team, address)
            or await self.db.read(partial(senders.is_known, team=team.slug, address=address))
        )
        if not listed:
            standing = Standing.UNKNOWN if asks else Standing.MASS
            return Guest(standing, address, origin, _unknown(team, origin, address))
        servers = self.servers.get(f"{MAILBOX} {peer}" if door == MAILBOX else door, ())
        if asks and servers and not vouched(origin.verdicts, domain=origin.domain, trusted=servers):
            why = f"it says that it is from {address}, and {' or '.join(servers)} does not confirm that"
            return Guest(Standing.UNPROVEN, address, origin, why)
        return Guest(Standing.LISTED, address, origin)


def check_denied(team: Team, *addresses: str | None) -> None:
    """Raise Unwanted when one of these addresses is on the team's deny list."""
    for address in addresses:
        if address and _matches(address, team.senders_deny):
            raise Unwanted(f"{team.name} does not take mail from {address}", smtp="550 5.7.1")


def is_listed(team: Team, address: str) -> bool:
    """Whether the configuration knows a sender: the team itself and its people, its list, whom it sends to.

    Billing programs send in the name of their company, and copies of that land in its mailbox.
    """
    people = [one.address for one in team.recipients if not one.profile.machine]
    itself = [parseaddr(team.sender)[1], *team.addresses]
    own = {one.lower() for one in (*itself, *team.people, *team.notices, *people)}
    return address.lower() in own or _matches(address, team.senders_allow)


def is_copy(team: Team, origin: Origin, mail: Mail) -> bool:
    """Whether a mail brings what the accountant has already, as `copies_from` says.

    It is one too when somebody forwards it: the sender then stands in its text (inboxes.md).
    """
    named = [origin.sender] if origin.sender else []
    for found in _FORWARDED.finditer(mail.text[:_MOST_TEXT]):
        named += re.findall(r"[^\s<>\[\]()\"':;,]+@[^\s<>\[\]()\"':;,]+", found[1])
    return any(is_copier(team, one) for one in named)


def is_copier(team: Team, address: str) -> bool:
    """Whether this sender's mails bring what the accountant has already."""
    return _matches(address, team.copies_from)


def set_aside(decision: Decision, why: str) -> Decision:
    """The same decision with nothing to be sent, and the reason among what the rules said."""
    trace = (*decision.trace, Trace("copies_from", hit=True, reason=why))
    return Decision((), trace, (why,))


def _asks(team: Team, door: str) -> bool:
    if team.unknown_senders is Strangers.HOLD_MAILBOX:
        return door == MAILBOX
    return team.unknown_senders is Strangers.HOLD


def _unknown(team: Team, origin: Origin, address: str | None) -> str:
    if address is None:
        return "the mail does not say who sent it"
    kind = "a mailing list or newsletter" if origin.mass else "a sender that nobody let in yet"
    return f"{address} is {kind} at {team.name}"


def _matches(address: str, patterns: Collection[str]) -> bool:
    """Whether an address is one of these, or its domain is named as "*@domain"."""
    address = address.lower()
    domain = f"*@{address.rpartition('@')[2]}"
    return any(one.lower() in {address, domain} for one in patterns)
