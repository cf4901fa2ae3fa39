"""[mailbox.NAME]: a mailbox that is read, IMAP or Maildir: its keys, and what is wrong between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from maild.config.section import NonEmpty, Section
from maild.config.values import Duration, MaybePath, Size, is_loopback
from maild.errors import KeyProblem, did_you_mean

PORTS: Final = {"implicit": 993, "starttls": 143, "none": 143}  # RFC 8314 section 3.2
Tag = Literal["", "invoice", "credit", "quote", "purchase", "purchase-credit", "other"]


def _listed(value: Any) -> Any:
    """One text, or a list of them."""
    return (value,) if isinstance(value, str) else value


def _day(value: Any) -> Any:
    if value == "" or value is None:
        return None
    if type(value) is date:
        return value
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise ValueError(f'write a day such as "2026-01-31", not {value}') from None


Patterns = Annotated[
    tuple[NonEmpty, ...], BeforeValidator(_listed, json_schema_input_type=str | list[str])
]
MaybeDay = Annotated[
    date | None,
    BeforeValidator(_day, json_schema_input_type=str),
    PlainSerializer(lambda day: "" if day is None else day.isoformat(), return_type=str),
]


class After(Section):
    """[mailbox.NAME.after]: what is done to a message over there, once it is stored here."""

    action: Literal["move", "seen", "flag", "keyword", "delete", "keep"] = "move"
    processed: NonEmpty = "Processed"
    not_understood: NonEmpty = "Not understood"
    duplicate: NonEmpty = "Duplicate"


class MailboxRule(Section):
    """[[mailbox.NAME.rules]]: conditions on a message, and what is taken of it."""

    folder: Patterns = ()
    sender: Patterns = Field(default=(), alias="from")
    to: Patterns = ()
    subject: Patterns = ()
    attachment: Patterns = ()
    media_type: Patterns = ()
    larger: Size | None = None
    smaller: Size | None = None
    older: Duration | None = None
    newer: Duration | None = None
    take: Literal["attachments", "mail", "both", "ignore"] = "attachments"
    tag: Tag = ""
    team: str = ""


class Mailbox(Section):
    """[mailbox.NAME]: a mailbox that is read, by IMAP or as a Maildir on this machine."""

    host: str = ""
    port: int = Field(default=0, ge=0, le=65535)
    tls: Literal["implicit", "starttls", "none"] = "implicit"
    auth: Literal["password", "xoauth2"] = "password"
    username: str = ""
    password_file: MaybePath = None
    account: str = ""
    ca_file: MaybePath = None
    maildir: MaybePath = None
    team: str = ""
    teams: Patterns = ()
    senders: dict[str, NonEmpty] = Field(default_factory=dict)
    folders: Patterns = ("INBOX",)
    poll: Duration = timedelta(seconds=60)
    idle: bool = True
    only_after: MaybeDay = None
    max_size: Size = 35_000_000
    trusted_authserv: Patterns = ()
    alarm_after: Duration = timedelta(minutes=30)
    after: After = After()
    rules: tuple[MailboxRule, ...] = ()

    @property
    def listening(self) -> int:
        """The port: the one that was named, or the usual one."""
        return self.port or PORTS[self.tls]

    @model_validator(mode="after")
    def _whole(self) -> Mailbox:
        if bool(self.host) == bool(self.maildir):
            raise ValueError("name a host (IMAP), or a maildir on this machine, and not both")
        if not (self.team or self.teams or self.senders):
            raise ValueError(
                'say whose mail it is: team = "acme", or teams = [...] for several by address'
            )
        self._logs_in()
        self._sorts_apart()
        return self

    def _logs_in(self) -> None:
        if self.maildir:
            if self.after.action == "keyword":
                raise ValueError('a Maildir knows no keywords; write after.action = "flag"')
            if any(rule.attachment or rule.media_type for rule in self.rules):
                raise ValueError("rules for a Maildir cannot ask for attachment or media_type")
            return
        if self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                f'tls = "none" is accepted for loopback only, and {self.host} is another machine; '
                'write "implicit" or "starttls"'
            )
        if self.auth == "password" and (self.account or not (self.username and self.password_file)):
            raise ValueError("a login needs username and password_file")
        if self.auth == "xoauth2" and (self.username or self.password_file or not self.account):
            raise ValueError(
                'auth = "xoauth2" logs in by consent: name an [account.NAME] section as `account`, '
                "and leave username and password_file out"
            )

    def _sorts_apart(self) -> None:
        """What was dealt with must not lie where it is looked for."""
        kept = {self.after.processed, self.after.not_understood, self.after.duplicate}
        if both := {one.casefold() for one in kept} & {one.casefold() for one in self.folders}:
            raise ValueError(
                f'"{min(both)}" is read (folders) and moved to (after); choose another name'
            )


def found_between(tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    """What no mailbox shows alone: teams and accounts that are not there, one folder read twice."""
    seen: dict[tuple[str, str, str], str] = {}
    for name, box in _tables(tables.get("mailbox")).items():
        key = f"mailbox.{name}"
        if isinstance(box, dict):
            yield from _names(key, box, tables)
            yield from _read_twice(key, box, seen)


def _names(key: str, box: Mapping[str, Any], tables: Mapping[str, Any]) -> Iterator[KeyProblem]:
    teams = list(_tables(tables.get("team")))
    asked = [(f"{key}.team", box.get("team"))]
    if isinstance(listed := _listed(box.get("teams")), list | tuple):
        asked += [(f"{key}.teams[{n}]", one) for n, one in enumerate(listed)]
    asked += [(f"{key}.senders", one) for one in _tables(box.get("senders")).values()]
    if isinstance(rules := box.get("rules"), list):
        asked += [
            (f"{key}.rules[{n}].team", rule.get("team"))
            for n, rule in enumerate(rules)
            if isinstance(rule, dict)
        ]
    for where, name in asked:
        if isinstance(name, str) and name and name not in teams:
            yield KeyProblem(where, f'there is no team "{name}"{did_you_mean(name, teams)}')
    accounts, account = list(_tables(tables.get("account"))), box.get("account")
    if isinstance(account, str) and account and account not in accounts:
        hint = did_you_mean(account, accounts)
        yield KeyProblem(f"{key}.account", f'there is no account "{account}"{hint}')


def _read_twice(
    key: str, box: Mapping[str, Any], seen: dict[tuple[str, str, str], str]
) -> Iterator[KeyProblem]:
    folders = _listed(box.get("folders", ("INBOX",)))
    who = str(box.get("username") or box.get("account") or "")
    for folder in folders if isinstance(folders, list | tuple) else ():
        place = (str(box.get("host") or box.get("maildir")), who, str(folder))
        if place in seen:
            yield KeyProblem(f"{key}.folders", f'{seen[place]} reads "{folder}" already')
        seen.setdefault(place, key)


def _tables(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
