"""The tree of faults: whose fault it is, whether to try again, and what the user reads.

    MaildError
      UserError(problems, hint)      the operator's: no traceback, every problem listed
        ConfigError
        NotFound
      DocumentError(problems)        the sender's: refused at the door
        UnknownTeam
        Unreadable
        Incomplete
        Unwanted                     mail about mail, or from whom nothing is wanted: never answered
      DeliveryError(reply)           the destination's
        Deferred(retry_after)        this parcel, later
          RoadClosed                 one road of the connector rests: what goes there waits, uncharged
          Unavailable                the whole connector is out: pause it, charge no attempt
            ConsentNeeded            until a person says yes again: `maild connect`
        Doubtful                     no reply after the point of no return
        Refused                      never again
      MailboxError(reason)           a mailbox's that maild reads
        MailboxClosed                connect again, after a while
          LoginRefused               until a person has looked
        FolderMissing                this folder; the others are fine
        NotDone                      this one action; ask again later
      ProfileMismatch                an inbox does not take this as it is: a person must look

Anything else is a bug of ours: held, with its traceback and an incident id.
The public text of a fault is for the other side; `detail` is for the log only.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: a stable code, where, and a sentence for a person.

    `where` is a file with line and key, or a business term ("BT-1"), or empty.
    """

    code: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Something to say about one key of the configuration, such as "team.acme.rules[1].to".

    An error keeps maild (or that team's new rules) from being used; a warning and a note do not.
    The configuration knows file and line of a key; rules know keys only. A message that pages say in
    their own language is a `maild.model.said.Said`.
    """

    key: str
    message: str
    level: Level = "error"

    def __str__(self) -> str:
        return f"{self.key}: {self.message}" if self.key else self.message


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """'; did you mean "x"?' for the known word nearest to `word`, or nothing when none is near."""
    lowered = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f'; did you mean "{lowered[near[0]]}"?' if near else ""


class MaildError(Exception):
    """Every fault that maild knows by name."""


class UserError(MaildError):
    """The operator's: shown without a traceback, every problem at once.

    A problem or hint that pages say in their own language is a `maild.model.said.Said`.
    """

    exit_code = 2

    def __init__(self, problems: str | Iterable[str], *, hint: str = "") -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        self.hint = hint
        super().__init__("; ".join(self.problems))

    @property
    def said(self) -> tuple[str, ...]:
        """The problems, and what to do about them where that is known."""
        return (*self.problems, self.hint) if self.hint else self.problems


class ConfigError(UserError):
    """The configuration cannot be used."""

    exit_code = 78


class NotFound(UserError):
    """Something that was named is not there."""

    exit_code = 2


class DocumentError(MaildError):
    """The sender's: refused at the door, by name."""

    smtp = "554 5.6.0"
    exit_code = 65

    def __init__(
        self, problems: Problem | Iterable[Problem] | str, *, detail: str = "", smtp: str = ""
    ) -> None:
        if isinstance(problems, str):
            problems = Problem(code=type(self).__name__.lower(), where="", message=problems)
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.detail = detail
        if smtp:
            self.smtp = smtp
        super().__init__("; ".join(str(one) for one in self.problems))


class UnknownTeam(DocumentError):
    """No team has that address or name."""

    smtp = "550 5.1.1"
    exit_code = 67


class Unreadable(DocumentError):
    """The bytes are not what they should be: broken, hostile, or too large."""


class Incomplete(DocumentError):
    """A business term that maild needs is absent or does not add up."""


class Unwanted(DocumentError):
    """No document for the team: a loop, an automatic reply, a denied sender. Never answered."""


class ProfileMismatch(MaildError):
    """A mail that its inbox does not take as it is (kind, size, missing file), or that cannot be written.

    Nothing was sent, and trying again changes nothing: the delivery is held for a person. A `reason`
    that pages say in their own language is a `maild.model.said.Said`.
    """

    exit_code = 65

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class DeliveryError(MaildError):
    """The destination's. `reply` is what it said, in its own words."""

    exit_code = 69

    def __init__(self, reply: str) -> None:
        self.reply = reply
        super().__init__(reply)


class Deferred(DeliveryError):
    """Not now; this parcel may be tried again. `retry_after` is the destination's wish."""

    exit_code = 75

    def __init__(self, reply: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(reply)
        self.retry_after = retry_after


class RoadClosed(Deferred):
    """One road of the connector rests (a quota, a right): what goes there waits, and is not charged.

    Parcels to other addresses of the connector go on.
    """

    def __init__(self, reply: str, *, retry_after: timedelta) -> None:
        super().__init__(reply, retry_after=retry_after)


# Why a connector is out. A network and a quota come back by themselves; the others need a person.
Cause = Literal["network", "tls", "login", "policy", "consent", "quota"]


class Unavailable(Deferred):
    """The whole connector is out (network, login, quota): it rests, and no attempt is charged."""

    exit_code = 69

    def __init__(
        self, reply: str, *, retry_after: timedelta | None = None, cause: Cause = "network"
    ) -> None:
        super().__init__(reply, retry_after=retry_after)
        self.cause: Cause = cause


class ConsentNeeded(Unavailable):
    """The provider lets us in no more until the mailbox's owner says yes again."""

    def __init__(self, reply: str) -> None:
        super().__init__(reply, cause="consent")


class Doubtful(DeliveryError):
    """The bytes left and no reply came: it may have arrived."""


class Refused(DeliveryError):
    """A final no for this parcel."""


class MailboxError(MaildError):
    """A mailbox that maild reads does not do as asked. `reason` is in words for a person."""

    exit_code = 69

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class MailboxClosed(MailboxError):
    """The connection is of no use any more: connect again, after a while."""


class LoginRefused(MailboxClosed):
    """The server does not let maild in: a person has to look, and asking fast makes it worse."""


class FolderMissing(MailboxError):
    """One folder cannot be opened; the others of the mailbox can."""


class NotDone(MailboxError):
    """The server refused one action; the connection goes on."""
