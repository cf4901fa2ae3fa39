"""The doors of [mailbox.NAME], built from the configuration. Nothing is started here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from maild.config.mailbox import Mailbox as Section
from maild.config.mailbox import MailboxRule as RuleSection
from maild.config.settings import Settings
from maild.connectors.imap import ImapMailbox
from maild.connectors.imap_wire import ImapOptions
from maild.connectors.maildir import MaildirMailbox, MaildirOptions
from maild.intake.desk import Desk
from maild.intake.mailbox import MailboxDoor, MailboxOptions, Patience
from maild.intake.mailbox_rules import MailboxRule, Routing
from maild.intake.mailbox_taking import Taking
from maild.model.mailbox import Action, Outcome
from maild.ports import AccessTokens, Mailbox

# IMAP's months are English, whatever the machine speaks (RFC 3501, date-month).
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def build(settings: Settings, *, desk: Desk, tokens: AccessTokens) -> dict[str, MailboxDoor]:
    """A door for each mailbox, by its name."""
    read = build_mailboxes(settings, tokens=tokens)
    return {
        name: MailboxDoor(desk, read[name], options(name, section))
        for name, section in settings.mailbox.items()
    }


def build_mailboxes(settings: Settings, *, tokens: AccessTokens) -> dict[str, Mailbox]:
    """What reads each mailbox, by its name."""
    return {name: _mailbox(name, settings, tokens=tokens) for name in settings.mailbox}


def _mailbox(name: str, settings: Settings, *, tokens: AccessTokens) -> Mailbox:
    """What reads one mailbox."""
    one = settings.mailbox[name]
    if one.maildir is not None:
        return MaildirMailbox(MaildirOptions(name, one.maildir, since=one.only_after))
    account = settings.account.get(one.account)
    return ImapMailbox(
        ImapOptions(
            name=name,
            host=one.host,
            port=one.listening,
            tls=one.tls,
            username=one.username if account is None else account.address,
            password_file=one.password_file,
            account=one.account or None,
            ca_file=one.ca_file,
            since=_imap_day(one.only_after),
            want_files=any(rule.attachment or rule.media_type for rule in one.rules),
            idle=one.idle,
        ),
        tokens=tokens,
    )


def options(name: str, one: Section) -> MailboxOptions:
    """What the door does with its mailbox."""
    return MailboxOptions(
        name=name,
        folders=one.folders,
        taking=Taking(
            routing=Routing(one.team or None, one.teams, tuple(one.senders.items())),
            rules=tuple(_rule(rule) for rule in one.rules),
            after=after(one),
            max_size=one.max_size,
        ),
        patience=Patience(poll=one.poll.total_seconds()),
        alarm_after=one.alarm_after,
    )


def after(one: Section) -> Mapping[Outcome, tuple[Action, str]]:
    """What is done to a message, by what became of it. Docs: docs/mailboxes.md has this table."""
    said = one.after
    action = Action(said.action)
    accepted: tuple[Action, str]
    duplicate: tuple[Action, str]
    not_understood: tuple[Action, str]
    names = (said.processed, said.duplicate, said.not_understood)
    # What was not understood is marked or put aside for a person: never deleted, never only "seen".
    aside = (Action.MOVE, said.not_understood)
    if action in {Action.MOVE, Action.KEYWORD}:
        words = names if action is Action.MOVE else map(_keyword, names)
        accepted, duplicate, not_understood = ((action, word) for word in words)
    else:
        accepted = duplicate = (action, "")
        otherwise = {Action.SEEN: (Action.FLAG, ""), Action.KEEP: (Action.KEEP, "")}
        not_understood = otherwise.get(action, aside)
    return MappingProxyType(
        {
            Outcome.ACCEPTED: accepted,
            Outcome.DUPLICATE: duplicate,
            Outcome.REFUSED: not_understood,
            Outcome.UNROUTED: not_understood,
            Outcome.IGNORED: (Action.KEEP, ""),
        }
    )


def _rule(one: RuleSection) -> MailboxRule:
    return MailboxRule(
        folders=one.folder,
        senders=one.sender,
        to=one.to,
        subjects=one.subject,
        attachments=one.attachment,
        media_types=one.media_type,
        larger=one.larger,
        smaller=one.smaller,
        older=one.older,
        newer=one.newer,
        take=one.take,
        tag=one.tag or None,
        team=one.team or None,
    )


def _keyword(words: str) -> str:
    """A name as a keyword can be: one word of plain characters (RFC 3501, flag-keyword)."""
    return "".join(one if one.isascii() and one.isalnum() else "_" for one in words)


def _imap_day(day: date | None) -> str:
    return "" if day is None else f"{day.day:02}-{_MONTHS[day.month - 1]}-{day.year:04}"
