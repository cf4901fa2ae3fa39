"""What is done with a message by its head alone: which rule of the mailbox fits, which team is meant.

Pure: nothing is fetched here. Rules are in order and the first that fits decides.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Final, Literal
from urllib.parse import unquote

from maild.errors import UnknownTeam
from maild.model.mailbox import Head
from maild.reading.headers import addresses, decoded_words, header
from maild.rules.book import RuleBook, address_key

Take = Literal["attachments", "mail", "both", "ignore"]

# Written by servers on the way, the last one on top: where the message really went. To and Cc only
# say whom the sender had in mind.
_DELIVERED: Final = ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to")
_WRITTEN: Final = ("to", "cc")
MAX_ADDRESSES: Final = 100


@dataclass(frozen=True, slots=True)
class MailboxRule:
    """Conditions on a message (all must hold; of each list one is enough) and what to take of it.

    Patterns have `*` and `?`, in any case; one without them fits a subject that has it anywhere.
    """

    folders: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    media_types: tuple[str, ...] = ()
    larger: int | None = None
    smaller: int | None = None
    older: timedelta | None = None
    newer: timedelta | None = None
    take: Take = "attachments"
    tag: str | None = None
    team: str | None = None

    @property
    def asks_for_files(self) -> bool:
        """Whether the names of files must be known before it can be judged."""
        return bool(self.attachments or self.media_types)


TAKE_ALL: Final = MailboxRule()


@dataclass(frozen=True, slots=True)
class Routing:
    """Which teams a mailbox serves: by the addresses of `teams`, by sender, else `team`."""

    team: str | None = None
    teams: tuple[str, ...] = ()
    senders: tuple[tuple[str, str], ...] = ()  # pattern of an address, team


@dataclass(frozen=True, slots=True)
class Route:
    """A team that a message is for, with what its address says."""

    team: str
    tag: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """What the head of a message says, decoded and bounded."""

    sender: str | None
    subject: str
    message_id: str | None
    delivered: tuple[str, ...]
    to: tuple[str, ...]


def read_head(head: Head) -> Said:
    """Read the fields of a head. Never raises, whatever they hold."""
    message = _parsed(head.headers)
    senders = [*_addresses(message, ("from",)), *_addresses(message, ("sender",))]
    return Said(
        sender=senders[0] if senders else None,
        subject=header(message, "subject") or "",
        message_id=header(message, "message-id"),
        delivered=_addresses(message, _DELIVERED),
        to=_addresses(message, _WRITTEN),
    )


def first_hit(
    rules: Iterable[MailboxRule], head: Head, said: Said, *, now: datetime
) -> tuple[int, MailboxRule]:
    """The first rule that fits, with its number from 1; number 0: none does, so all is taken."""
    for number, rule in enumerate(rules, 1):
        if _fits(rule, head, said, now=now):
            return number, rule
    return 0, TAKE_ALL


def routes(book: RuleBook, routing: Routing, said: Said, *, rule: MailboxRule) -> tuple[Route, ...]:
    """The teams that a message is for; none when nothing says so."""
    if rule.team:
        return (Route(rule.team, rule.tag, next(iter(said.delivered or said.to), None)),)
    served = {*routing.teams, *([routing.team] if routing.team else [])}
    for group, most in ((said.delivered, 1), (said.to, None)):
        found = _by_address(book, group, served)[:most]
        if found:
            return tuple(Route(one.team, rule.tag or one.tag, one.address) for one in found)
    by_sender = (
        team for pattern, team in routing.senders if _matches(said.sender or "", (pattern,))
    )
    team = next(by_sender, routing.team)
    if team is None:
        return ()
    return (Route(team, rule.tag, next(iter(said.delivered or said.to), None)),)


def _by_address(book: RuleBook, group: Iterable[str], served: Collection[str]) -> list[Route]:
    """One route a team, in the order of the addresses."""
    found: dict[str, Route] = {}
    for address in group:
        try:
            owner = book.find(address)
        except UnknownTeam:
            # "acme+whatever@": the team is clear, and what the tag means is not.
            local, _, domain = address.rpartition("@")
            owner = book.find(f"{local.partition('+')[0]}@{domain}")
        if owner is not None and owner[0].slug in served:
            found.setdefault(owner[0].slug, Route(owner[0].slug, owner[1], address))
    return list(found.values())


def _fits(rule: MailboxRule, head: Head, said: Said, *, now: datetime) -> bool:
    age = now - head.arrived_at
    return (
        _any(rule.folders, (head.place.folder,))
        and _any(rule.senders, (said.sender or "",))
        and _any(rule.to, (*said.delivered, *said.to))
        and (not rule.subjects or _matches(said.subject, map(_anywhere, rule.subjects)))
        and _any(rule.attachments, (shown_name(one.name) for one in head.files))
        and _any(rule.media_types, (one.media_type for one in head.files))
        and (rule.larger is None or head.size > rule.larger)
        and (rule.smaller is None or head.size < rule.smaller)
        and (rule.older is None or age > rule.older)
        and (rule.newer is None or age < rule.newer)
    )


def shown_name(name: str) -> str:
    """The name of a file as a person reads it: RFC 2047 words and RFC 2231 values decoded."""
    match = re.match(r"([A-Za-z0-9_-]{1,40})'[^']{0,20}'(.*)$", name, re.DOTALL)
    if match is None:
        return decoded_words(name)
    try:
        return unquote(match[2], encoding=match[1], errors="replace")
    except LookupError:
        return unquote(match[2], errors="replace")


def _any(patterns: tuple[str, ...], values: Iterable[str]) -> bool:
    return not patterns or any(_matches(value, patterns) for value in values)


def _matches(value: str, patterns: Iterable[str]) -> bool:
    folded = value.casefold()
    return any(fnmatch.fnmatchcase(folded, one.casefold()) for one in patterns)


def _anywhere(pattern: str) -> str:
    return pattern if "*" in pattern or "?" in pattern else f"*{pattern.replace('[', '[[]')}*"


def _parsed(block: bytes) -> Message:
    return BytesParser(policy=policy.compat32).parsebytes(block, headersonly=True)


def _addresses(message: Message, names: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for name in names:
        for value in message.get_all(name, []):
            for address in addresses(decoded_words(str(value))):
                found.setdefault(address_key(address), address)
    return tuple(found.values())[:MAX_ADDRESSES]
